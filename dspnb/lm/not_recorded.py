"""Why a recording has no answer: what of the nearest recorded request is different."""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Iterable, Sequence
from typing import Any

from .asked import Asked

CLOSE = 5  # candidates that are looked at word by word
READ = 4000  # characters of a message that are compared
WIDTH = 100  # characters of a line that are shown


class Nearest:
    """Finds the request that is most like another; quick with ten thousand of them."""

    def __init__(self, requests: Iterable[Asked]) -> None:
        self._requests = list(requests)
        self._words = [set(_words(asked.messages[-1])) for asked in self._requests]

    def explain(self, asked: Asked) -> str:
        """What differs, in sentences and lines."""
        if not self._requests:
            return "It has no calls at all."
        same = [known for known in self._requests if known.messages == asked.messages]
        if same:
            return _explained_beside_messages(asked, same)
        return _explained(asked, self._nearest(asked))

    def _nearest(self, asked: Asked) -> Asked:
        words, begin = set(_words(asked.messages[-1])), asked.messages[:-1]

        def overlap(place: int) -> tuple[float, bool]:
            known = self._words[place]
            shared = len(words & known) / max(1, len(words | known))
            return shared, self._requests[place].messages[:-1] == begin

        places = sorted(range(len(self._requests)), key=overlap, reverse=True)[:CLOSE]
        matcher = difflib.SequenceMatcher(b=_words(asked.messages[-1]), autojunk=False)

        def likeness(place: int) -> tuple[float, bool]:
            matcher.set_seq1(_words(self._requests[place].messages[-1]))
            return matcher.ratio(), overlap(place)[1]

        return self._requests[max(places, key=likeness)]


def _explained_beside_messages(asked: Asked, same: list[Asked]) -> str:
    """The prompt is recorded, with other parameters or rollouts."""
    alike = [known.rollout for known in same if known.params == asked.params]
    if alike:
        return f"Rollout {asked.rollout} of it was not recorded, only {_ranges(alike)}."
    ways = [_different_params(json.loads(k.params), json.loads(asked.params)) for k in same]
    fewest = min(ways, key=len)
    return f"Only the parameters differ: {'; '.join(fewest)}."


def _different_params(known: dict[str, Any], asked: dict[str, Any]) -> list[str]:
    said = []
    for name in sorted(known.keys() | asked.keys()):
        if name not in asked:
            said.append(f"`{name}` was recorded as {_short(known[name])}, and is not asked for")
        elif name not in known:
            said.append(f"`{name}` was not recorded, asked is {_short(asked[name])}")
        elif known[name] != asked[name]:
            was, is_ = _short(known[name]), _short(asked[name])
            said.append(f"`{name}` was recorded as {was}, asked is {is_}")
    return said


def _explained(asked: Asked, known: Asked) -> str:
    """The first line of the messages that is not alike."""
    place = _first_difference(known.messages, asked.messages)
    was, is_ = _lines(known.messages, place), _lines(asked.messages, place)
    line = _first_difference(was, is_)
    where = f"line {line}" if line else "its role"
    return (
        f"The nearest that it has differs in message {place + 1}, {where}:\n"
        f"  recorded: {_around(was, is_, line)}\n"
        f"  asked:    {_around(is_, was, line)}"
    )


def _first_difference(one: Sequence[str], other: Sequence[str]) -> int:
    pairs = enumerate(zip(one, other, strict=False))
    return next((i for i, (a, b) in pairs if a != b), min(len(one), len(other)))


def _words(message: str) -> list[str]:
    return re.findall(r"\w+", message[:READ])


def _lines(messages: Sequence[str], place: int) -> list[str]:
    """A message as people read it: its role, its text line by line, then what else is in it."""
    if place >= len(messages):
        return ["(no message)"]
    told = json.loads(messages[place])
    lines = [str(told.pop("role"))]
    content = told.pop("content", "")
    for part in content if isinstance(content, list) else [{"text": content}]:
        match part:
            case {"text": str(text)}:
                lines += text.split("\n")
            case _:
                lines.append(json.dumps(part, ensure_ascii=False))
    return [*lines, *([json.dumps(told, ensure_ascii=False)] if told else [])]


def _around(lines: list[str], others: list[str], place: int) -> str:
    """A line, of a long one the part where it begins to be different."""
    if place >= len(lines):
        return "(no such line)"
    line, other = lines[place], others[place] if place < len(others) else ""
    start = max(0, _first_difference(line, other) - WIDTH // 2)
    if len(line) <= WIDTH or not start:
        return line if len(line) <= WIDTH else f"{line[:WIDTH]}…"
    return f"…{line[start : start + WIDTH]}{'…' * (len(line) > start + WIDTH)}"


def _short(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= WIDTH else f"{text[:WIDTH]}…"


def _ranges(numbers: list[int]) -> str:
    """Numbers in words: "0 to 2 and 5".

    >>> _ranges([0, 1, 2, 5])
    '0 to 2 and 5'
    """
    runs: list[list[int]] = []
    for number in sorted(set(numbers)):
        if runs and number == runs[-1][1] + 1:
            runs[-1][1] = number
        else:
            runs.append([number, number])
    said = [str(first) if first == last else f"{first} to {last}" for first, last in runs]
    return " and ".join(filter(None, (", ".join(said[:-1]), said[-1])))
