"""Magics that do something: choose a model, evaluate, compile, stop, inspect, preview."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from IPython.core import magic_arguments as args
from IPython.core.magic import Magics, line_magic, magics_class, no_var_expand
from IPython.display import display
from IPython.terminal.interactiveshell import TerminalInteractiveShell

from dspnb.budget import Budget
from dspnb.compiling import compile, planned
from dspnb.context import configure
from dspnb.errors import UsageError, nearest
from dspnb.evaluate import Interrupted as EvaluationInterrupted
from dspnb.evaluate import evaluate
from dspnb.lm import LM, Model, Recorded, Replayed, Usage
from dspnb.lm.finding import usable
from dspnb.lm.ledger import ledger
from dspnb.lm.money import money
from dspnb.lm.private import is_secret
from dspnb.lm.sums import Sums
from dspnb.preview import Preview, preview
from dspnb.report import Report, Row
from dspnb.run import Run

from . import cards, names
from .bar import Bar
from .calls import calls_of
from .dry import Dry
from .handle import Compiled
from .inspector import Inspector
from .lines import parsed, plain_errors, settings, unquoted, without_comment, words
from .reached import stop
from .usable import Usable

if TYPE_CHECKING:
    from .session import Session

ROLES = ("main", "teacher", "proposer", "judge")
FORMS: dict[str, Callable[[Preview], str | dict[str, Any]]] = {
    "text": Preview.text,
    "markdown": Preview.markdown,
    "openai": Preview.openai,
}


class Models(dict[str, Model]):
    """The models of a session, by role; shows itself as a table of what they did."""

    def _repr_html_(self) -> str:
        return cards.models(self) + cards.breakdown(ledger)

    def __repr__(self) -> str:
        return "\n".join(f"{role}: {lm!r}, {_used(lm.usage)}" for role, lm in self.items())


@magics_class
class RunMagics(Magics):
    """`%lm`, `%evaluate`, `%compile`, `%stop`, `%inspect` and `%preview`."""

    shell: Any  # IPython says that it may be None; an installed extension's never is

    def __init__(self, shell: Any, session: Session) -> None:
        super().__init__(shell)
        self.session = session

    @args.magic_arguments()
    @args.argument("model", nargs="?", help="provider/name as litellm writes it, or offline")
    @args.argument("settings", nargs="*", help="such as temperature=0 max_tokens=500")
    @args.argument("--as", dest="role", default="main", help="teacher, proposer or judge")
    @args.argument("--by", help="add up all calls so far by model, run, candidate, path, ...")
    @args.argument("--record", metavar="FILE", help="write each call to a file, as it comes")
    @args.argument("--replay", metavar="FILE", help="answer from such a file alone")
    @no_var_expand
    @line_magic
    @plain_errors
    def lm(self, line: str) -> Model | Models | Sums | Usable:
        """Set the model that programs use; alone, show models and what they did so far.

        Alone, before a model is set, it shows what can be used here.
        What `--record` wrote, `--replay` answers: without a key, a network or costs.

        %lm offline
        %lm openai/gpt-4o-mini temperature=0
        %lm anthropic/claude-sonnet-4-5 --as teacher
        %lm --by run,path
        %lm openai/gpt-4o-mini --record lesson.jsonl
        %lm openai/gpt-4o-mini --replay lesson.jsonl
        """
        given = unquoted(self.lm, line)
        if given.by is not None:
            return ledger.sum(*given.by.split(","))
        if given.model is None and given.record is None and given.replay is None:
            if not self.session.models:
                self.session.usable = Usable(usable(servers=self.session.servers))
                return self.session.usable
            return Models(self.session.models)
        if given.role not in ROLES:
            raise UsageError(f"There is no role `{given.role}`; {nearest(given.role, ROLES)}")
        chosen = settings([word.strip("\"'") for word in given.settings], self.shell.user_ns)
        if any(map(is_secret, chosen)):
            raise UsageError(
                "A key in a cell would be saved with the notebook. Set the provider's environment "
                "variable (such as OPENAI_API_KEY), or `configure(lm=LM(..., api_key=getpass()))`."
            )
        model = self._model(given, chosen)
        before = self.session.models.get(given.role)
        if isinstance(before, Recorded):
            before.close()
        self.session.models[given.role] = model
        if given.role == "main":
            configure(lm=model)
        return model

    @args.magic_arguments()
    @args.argument("program", help="the program to score")
    @args.argument("--on", required=True, metavar="DATA", help="examples, such as tickets.test")
    @args.argument("--metric", required=True, help="a metric's name: yours, exact or f1")
    @args.argument("--concurrency", type=int, default=16, help="calls at a time")
    @no_var_expand
    @line_magic
    @plain_errors
    def evaluate(self, line: str) -> Report:
        """Score a program on examples: the mean with its interval, and a table of rows.

        %evaluate triage --on tickets.test --metric right_team
        """
        given, namespace = parsed(self.evaluate, line), self.shell.user_ns
        data = names.data(given.on, namespace)
        metric = names.metric(given.metric, namespace)
        program = names.program(given.program, namespace)
        bar, done = Bar(), itertools.count(1)

        def count(i: int, row: Row) -> None:
            n = next(done)
            bar.show(n, len(data), f"{n} of {len(data)}")

        try:
            return evaluate(program, data, metric, concurrency=given.concurrency, on_row=count)
        except EvaluationInterrupted as interrupted:
            display(interrupted.report)  # what is paid for is not thrown away
            raise
        finally:
            bar.close()

    @args.magic_arguments()
    @args.argument("program", help="the program to improve; it is left as it is")
    @args.argument(
        "--with",
        dest="optimizer",
        help="an optimizer, with parameters after a colon: mipro:auto=medium; without it, what "
        "suits the number of examples and the budget, mostly race",
    )
    @args.argument("--train", required=True, help="examples to learn from")
    @args.argument("--val", help="examples to choose by; a third of train without it")
    @args.argument("--test", help="held-out examples on which baseline and best are compared")
    @args.argument("--metric", required=True, help="a metric's name: yours, exact or f1")
    @args.argument("--budget", help="500calls, 60s, $2, 100ktokens, score=0.9, with commas")
    @args.argument("--seed", type=int, default=0, help="the same seed searches alike")
    @args.argument("--as", dest="name", default="compiled", help="the variable for the result")
    @args.argument("--teacher", help="the role of the model that makes demos, set by %%lm --as")
    @args.argument("--proposer", help="the role of the model that writes instructions")
    @args.argument("--concurrency", type=int, default=16, help="calls at a time")
    @args.argument(
        "--resume",
        default="auto",
        help="the id of a run to go on with; auto: an unfinished one alike; never: a new one",
    )
    @args.argument(
        "--always-best", action="store_true", help="return the best one even if it may be luck"
    )
    @args.argument(
        "--max-error-rate", type=float, default=0.1, help="failed rows beyond this end the run"
    )
    @args.argument("--wait", action="store_true", help="block until the run ends")
    @args.argument("--dry", action="store_true", help="only say what it would take")
    @no_var_expand
    @line_magic
    @plain_errors
    def compile(self, line: str) -> Run | Dry:
        """Search for better demos or instructions, shown live; the kernel stays free.

        The result's first use waits for the run. `--wait` blocks at once; then the kernel's
        interrupt stops the run and keeps the best. What is paid for is kept: the same line goes on
        with a run that was stopped, or whose kernel died.

        %compile triage --train tickets.train --val tickets.val --metric right_team --as better
        """
        given, namespace = parsed(self.compile, line), self.shell.user_ns
        if not given.name.isidentifier():
            raise UsageError(f"`--as` takes a plain Python name; got {given.name!r}.")
        options: dict[str, Any] = {
            "metric": names.metric(given.metric, namespace),
            "train": names.data(given.train, namespace),
            "val": names.data(given.val, namespace) if given.val else None,
            "test": names.data(given.test, namespace) if given.test else None,
            "budget": Budget.parse(given.budget) if given.budget else None,
            "teacher": self._role(given.teacher),
            "proposer": self._role(given.proposer),
            "seed": given.seed,
            "concurrency": given.concurrency,
            "never_worse": not given.always_best,
            "max_error_rate": given.max_error_rate,
        }
        named = given.optimizer
        optimizer = None if named is None else names.optimizer_of(named, namespace)
        program = names.program(given.program, namespace)
        if given.dry:
            return Dry(planned(program, optimizer, **options))
        kept = {"line": without_comment(line).strip()}  # `%runs resume` runs it again
        run = compile(program, optimizer, resume=given.resume, settings=kept, **options)
        handle = Compiled(run, given.name, on_end=lambda: self.session.flush(run))
        namespace[given.name] = handle
        on_terminal = isinstance(self.shell, TerminalInteractiveShell)
        if not (given.wait and on_terminal):
            self.session.show(run, given.program)
        if given.wait:
            try:
                if on_terminal:
                    self.session.watch(run)
                run.wait()
            finally:
                self.session.flush(run)
        return run

    @no_var_expand
    @line_magic
    @plain_errors
    def stop(self, line: str) -> None:
        """Stop every run that is under way here, keeping its best so far; or a run by its id.

        %stop
        %stop run-3f
        """
        given = words(line)
        if len(given) > 1:
            raise UsageError("`%stop` takes one run at most.")
        if given:
            return stop(self.session, given[0])
        under_way = [view.run for view in self.session.views.values() if not view.run.over]
        if not under_way:
            raise UsageError("No run is under way.")
        for run in under_way:
            run.stop()

    @args.magic_arguments()
    @args.argument("object", nargs="?", help="a program, prediction, report or run")
    @no_var_expand
    @line_magic
    @plain_errors
    def inspect(self, line: str) -> Inspector:
        """Show every model call: its prompt, demos, answer and cost; alone, the last call's.

        %inspect
        %inspect better
        """
        given = parsed(self.inspect, line)
        calls = self.session.recent.calls
        if given.object is None:
            if not calls:
                raise UsageError("No program has been called yet in this session.")
            return Inspector(calls_of(calls[-1][1]))
        namespace = self.shell.user_ns
        known = names.inspectable(namespace)
        thing = names.value_of(given.object, namespace, "object", known)
        if isinstance(thing, Compiled):
            called = any(program is thing.program for program, _ in calls)
            thing = thing.program if called else thing.run
        return Inspector(calls_of(thing, calls))

    @no_var_expand
    @line_magic
    @plain_errors
    def preview(self, line: str) -> Preview | str | dict[str, Any]:
        """Show the exact prompt of a program's first call, without calling the model.

        `--as` gives it as a plain text, as Markdown, or as the request in OpenAI's shape.

        %preview triage ticket="My parcel is late"
        request = %preview triage ticket="My parcel is late" --as openai
        """
        given = words(line)
        form = _taken("--as", given)
        if form is not None and form not in FORMS:
            raise UsageError(f"There is no form `{form}`; {nearest(form, FORMS)}")
        if not given:
            raise UsageError("Name a program and its inputs, as in `%preview answer question=Why`.")
        name, *values = given
        program = names.program(name, self.shell.user_ns)
        shown = preview(program, **settings(values, self.shell.user_ns))
        return shown if form is None else FORMS[form](shown)

    def _model(self, given: Any, chosen: dict[str, Any]) -> Model:
        if given.record and given.replay:
            raise UsageError("A model is recorded or replayed: give `--record` or `--replay`.")
        asked = None if given.model is None else LM(given.model, **chosen)
        if given.replay:
            file = Path(given.replay).expanduser()
            if asked is None:
                return Replayed(file, role=given.role)
            return Replayed(file, role=given.role, model=asked.model, params=asked.params or None)
        if given.record is None and asked is not None:
            return asked
        lm = asked or self.session.models.get(given.role)
        if lm is None:
            raise UsageError(
                f"Name the model to record, as in `%lm openai/gpt-4o-mini --record {given.record}`."
            )
        inside: Any = lm.lm if isinstance(lm, Recorded) else lm
        return Recorded(inside, Path(given.record).expanduser(), role=given.role)

    def _role(self, role: str | None) -> Model | None:
        if role is None:
            return None
        models = self.session.models
        if role not in models:
            raise UsageError(
                f"No model has the role `{role}`; set one with `%lm MODEL --as {role}`."
            )
        return models[role]


def _used(usage: Usage) -> str:
    return (
        f"{usage.calls:,} call{'s' * (usage.calls != 1)}, "
        f"{usage.cached:,} from the cache, {usage.failed:,} failed, "
        f"{usage.tokens_in + usage.tokens_out:,} tokens, {money(usage.dollars, usage.unpriced)}"
    )


def _taken(option: str, given: list[str]) -> str | None:
    """The word behind an option, with both taken out; None when the option is not there."""
    if option not in given:
        return None
    place = given.index(option)
    if place + 1 == len(given):
        raise UsageError(f"`{option}` needs a word behind it.")
    value = given[place + 1]
    del given[place : place + 2]
    return value
