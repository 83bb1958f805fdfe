"""Tab in the line of our magics: options, and the names that fit each of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, get_args

from IPython.core.completer import (
    CompletionContext,
    SimpleCompletion,
    SimpleMatcherResult,
    context_matcher,
)

from dspnb.lm.sums import By
from dspnb.optimizers.names import OPTIMIZERS, parameters

from . import names

if TYPE_CHECKING:
    from .session import Session

MODELS = ["offline", "openai/gpt-4o-mini", "anthropic/claude-haiku-4-5", "ollama/llama3.2"]
ROLES = ["teacher", "proposer", "judge"]
Names = Callable[[Mapping[str, Any]], list[str]]

# magic -> what completes its arguments, "" being the positional one
MAGICS: dict[str, dict[str, Names | None]] = {
    "lm": {
        "": None,  # models, as far as they are known
        "--as": lambda _: ROLES,
        "--by": lambda _: list(get_args(By)),
        "--record": lambda _: names.recordings(),
        "--replay": lambda _: names.recordings(),
    },
    "signature": {"": None},
    "module": {"": None},
    "metric": {"": None},
    "tool": {"": None},
    "examples": {"": None, "--inputs": None, "--split": None, "--seed": None, "--from": None},
    "evaluate": {"": names.programs, "--on": names.datasets, "--metric": names.metric_names},
    "compile": {
        "": names.programs,
        "--with": names.optimizer_names,
        "--train": names.datasets,
        "--val": names.datasets,
        "--test": names.datasets,
        "--metric": names.metric_names,
        "--budget": None,
        "--seed": None,
        "--as": None,
        "--teacher": lambda _: ROLES,
        "--proposer": lambda _: ROLES,
        "--concurrency": None,
        "--resume": lambda _: ["auto", "never", *names.run_ids()],
        "--always-best": None,
        "--max-error-rate": None,
        "--wait": None,
        "--dry": None,
    },
    "inspect": {"": names.inspectable},
    "preview": {"": names.programs, "--as": lambda _: ["text", "markdown", "openai"]},
    "stop": {"": lambda _: names.run_ids("under way", "paused")},
    "runs": {"": None},  # what to do, then ids that this can be done with
    "diff": {"": names.programs},
    "save_program": {"": names.programs},
    "load_program": {"": names.programs, "--partial": None},
}
FLAGS = {"--always-best", "--wait", "--dry", "--partial"}
RESUMABLE = ("paused", "interrupted", "stopped", "failed")
RUNS: dict[str, Sequence[str]] = {  # what `%runs` does -> how a run must stand; alike without any
    "open": (),
    "resume": RESUMABLE,
    "stop": ("under way", "paused"),
    "pause": ("under way",),
    "compare": (),
    "delete": (),
    "export": (),
}
TAKES = {"diff": 2}  # names; one, if nothing else is said


class Completion:
    """A matcher in the shell's completer."""

    def __init__(self, session: Session) -> None:
        self._session = session

        @context_matcher()
        def dspnb_matcher(context: CompletionContext) -> SimpleMatcherResult:
            return self._match(context)

        self._matcher = dspnb_matcher

    def install(self) -> None:
        """Add the matcher."""
        if self._session.shell.Completer is not None:
            self._session.shell.Completer.custom_matchers.append(self._matcher)

    def remove(self) -> None:
        """Take it out."""
        if self._session.shell.Completer is not None:
            self._session.shell.Completer.custom_matchers.remove(self._matcher)

    def _match(self, context: CompletionContext) -> SimpleMatcherResult:
        models = dict.fromkeys([*self._session.usable.models, *MODELS])
        found = candidates(context.line_with_cursor, self._session.shell.user_ns, models)
        token = context.token
        # The completer's token may begin inside ours, after a `-`, `.` or `:`.
        typed = context.text_until_cursor.split(" ")[-1]
        cut = len(typed) - len(token)
        completions = [
            SimpleCompletion(text=text[cut:], type="magic")
            for text in found
            if text.startswith(typed) and cut >= 0
        ]
        return {"completions": completions, "suppress": bool(completions)}


def candidates(
    line: str, namespace: Mapping[str, Any], models: Iterable[str] = MODELS
) -> list[str]:
    """What may stand where the cursor is: at the end of this line."""
    line = line.rpartition("=")[2].lstrip() if "= %" in line else line.lstrip()
    words = line.split(" ")
    magic = words[0].lstrip("%")
    if not line.startswith("%") or magic not in MAGICS or len(words) < 2:
        return []
    options = MAGICS[magic]
    before, typed = words[-2], words[-1]
    if before in options and before not in FLAGS:
        return _values(options[before], typed, namespace)
    if typed.startswith("-"):
        return [name for name in options if name and name not in words[:-1]]
    rest = [word for word in words[1:-1] if word]
    if magic == "lm" and not rest:
        return [*models]
    if magic == "runs":
        return _runs(rest)
    if len(rest) < TAKES.get(magic, 1):
        return _values(options[""], typed, namespace)
    return [name for name in options if name]


def _runs(rest: Sequence[str]) -> list[str]:
    match rest:
        case []:
            return [*RUNS]
        case [name] if name in RUNS:
            return names.run_ids(*RUNS[name])
        case ["compare", first]:
            return [id_ for id_ in names.run_ids() if id_ != first]
    return []


def _values(find: Names | None, typed: str, namespace: Mapping[str, Any]) -> list[str]:
    if find is None:
        return []
    name, colon, settings = typed.partition(":")
    if colon and find is names.optimizer_names and name in OPTIMIZERS:
        done = typed[: len(typed) - len(settings.rpartition(",")[2])]
        return [f"{done}{parameter}=" for parameter in parameters(name)]
    return find(namespace)
