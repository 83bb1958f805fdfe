"""What a prompt really contains: the task as it is told, the demos, the inputs, what is wanted."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache

from dspnb.lm.base import Message
from dspnb.lm.layouts import FIELD, HEADER, REMINDER, TAGS, Prompt, read, write

# DSPy's ways to say what ours say, so that one reader does for both.
_AS_OURS = (
    ("Your input fields are:", "Input fields:"),
    ("Your output fields are:", "Output fields:"),
    ("In adhering to this structure, your objective is:", "Your task:"),
)
_UNDESCRIBED = re.compile(r"^(\d+\. `\w+` \(.+\)):[ ]*$", re.MULTILINE)
_ASKS_AGAIN = re.compile(r"\n\n[^\n]*\b(?:Answer|Respond) with [^\n]*\s*\Z")
_ASKS_FOR_JSON = re.compile(r"\n\nRespond with a JSON object[^\n]*\s*\Z")
_ASKS_FOR_FIELDS = re.compile(r"\n\nRespond with the corresponding output fields[^\n]*\s*\Z")

Fields = Mapping[str, str]


@dataclass(frozen=True)
class Start:
    """What of a prompt is the same for all inputs; equal to one of the same text."""

    digest: str  # of all messages but the one with the inputs
    prompt: Prompt = field(compare=False)  # with the inputs of one call, which say nothing here
    types: Fields = field(compare=False)  # output field -> its type, as the prompt writes it
    demos: tuple[tuple[Fields, Fields], ...] = field(compare=False)  # inputs and outputs
    later: str = field(default="", compare=False)  # what the user said after the inputs

    @property
    def instructions(self) -> str:
        """The task, as it is told, with what was said later: advice, a complaint."""
        told = self.prompt.instructions
        return f"{told}\n\n{self.later}" if self.later else told

    def write(self, answers: Fields) -> str:
        """The answers in the layout that the prompt asks for."""
        given = {one.name: answers.get(one.name, "") for one in self.prompt.wanted}
        if self.prompt.layout != "json":
            return write(self.prompt, given)
        values = {
            name: json.loads(text) if self._is_json(name) else text for name, text in given.items()
        }
        return json.dumps(values, ensure_ascii=False)

    def _is_json(self, name: str) -> bool:
        return self.types.get(name, "str").startswith(("dict", "list", "bool", "int", "float"))


def split(messages: Sequence[Message]) -> tuple[Start, Fields] | None:
    """A prompt's start, and the inputs of this call; None when it is no prompt of an adapter.

    The inputs are in the last message, or in an earlier one that a repair turn or advice follows.
    """
    turns = tuple((message.role, message.content) for message in messages)
    found = _split(turns, _ending(turns[-1][1]))
    if found is not None and found[1]:
        return found
    return _asked_before(turns) or found


Turns = tuple[tuple[str, str], ...]  # roles and texts


def _split(turns: Turns, ending: str) -> tuple[Start, Fields] | None:
    """The start and the inputs of a prompt whose last turn has the inputs."""
    start = _start(turns[:-1], ending)
    return None if start is None else (start, _sections(turns[-1][1], start.prompt.layout))


def _asked_before(turns: Turns) -> tuple[Start, Fields] | None:
    """The start and the inputs of a prompt that goes on after them."""
    for place in reversed(range(1, len(turns) - 1)):
        role, text = turns[place]
        later = turns[place + 1 :]
        # The inputs of a demo are not asked about, and an answer comes after them.
        ending = _ending(text) or ("" if later[0][0] == "assistant" else _ending(turns[-1][1]))
        found = _split(turns[: place + 1], ending) if role == "user" and ending else None
        if found is not None and found[1]:
            return _going_on(found[0], later), found[1]
    return None


def _going_on(start: Start, later: Turns) -> Start:
    """The start with all that came after the inputs: an answer to it has luck of its own."""
    said = [_ASKS_AGAIN.sub("", f"\n\n{text}").strip() for role, text in later if role == "user"]
    return replace(start, digest=_digest((start.digest, later)), later="\n\n".join(said).strip())


@lru_cache(maxsize=4096)
def _start(before: Turns, ending: str) -> Start | None:
    ours = [Message.of(role, _ours(text)) for role, text in before]  # type: ignore[arg-type]
    system = "\n\n".join(message.content for message in ours if message.role == "system")
    names = [name for name, *_ in FIELD.findall(system.partition("Output fields:")[0])]
    asked = "\n\n".join(f"[[ ## {name} ## ]]\n?" for name in names or ["it"])
    prompt = read([*ours, Message.of("user", f"{asked}\n\n{_ours(ending)}")])
    if prompt is None:  # in the XML layout nothing but tags are fields
        asked = "\n".join(f"<{name}>?</{name}>" for name in names)
        prompt = read([*ours, Message.of("user", f"{asked}\n\n{_ours(ending)}")])
    if prompt is None:
        return None
    types = {name: type_ for name, type_, _ in FIELD.findall(system.partition("Output fields:")[2])}
    users = [text for role, text in before if role == "user"]
    inputs = [_sections(text, prompt.layout) for text in users]
    demos = tuple(zip(inputs, (outputs for _, outputs in prompt.demos), strict=False))
    return Start(_digest(before), prompt, types, demos)


def _digest(what: object) -> str:
    return hashlib.blake2b(repr(what).encode(), digest_size=12).hexdigest()


def _ours(text: str) -> str:
    for theirs, mine in _AS_OURS:
        text = text.replace(theirs, mine)
    text = _UNDESCRIBED.sub(r"\1", text)
    text = _ASKS_FOR_JSON.sub("\n\nAnswer with one JSON object.", f"\n\n{text}")
    return _ASKS_FOR_FIELDS.sub("\n\nAnswer with `[[ ## field ## ]]` sections.", text).lstrip("\n")


def _ending(text: str) -> str:
    """The last paragraph of the last turn, which says how to answer."""
    last = text.rstrip().rpartition("\n\n")[2]
    return last if last.startswith(("Answer with ", "Respond with ")) else ""


def _sections(text: str, layout: str) -> Fields:
    """The fields of a user's turn."""
    text = REMINDER.sub("", _ASKS_FOR_FIELDS.sub("", _ASKS_FOR_JSON.sub("", text)))
    if layout == "xml":
        return {name: body.strip() for name, body in TAGS.findall(text)}
    _, *parts = HEADER.split(text)
    return {name: body.strip() for name, body in zip(parts[::2], parts[1::2], strict=True)}
