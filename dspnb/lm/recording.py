"""A recording of model calls: lines of JSON, to read, to compare, and to keep with a lesson.

The first line says what the file is. Then, each before it is needed and on a line of its own: a
model as it was set, the messages that prompts begin with, and calls, with what was answered:

    {"dspnb": "recording", "version": 1}
    {"role": "main", "model": "openai/gpt-4o-mini", "params": {"temperature": 0}}
    {"prompt": "5f0c1d2e3a4b", "messages": [{"role": "system", "content": "..."}]}
    {"model": "openai/gpt-4o-mini", "after": "5f0c1d2e3a4b",
     "messages": [{"role": "user", "content": "..."}], "params": {"temperature": 0}, "rollout": 0,
     "answer": {"text": "...", "tokens_in": 90, "tokens_out": 4}}

Many prompts begin with the same instructions and demos, which would fill most of each line and hide
what a call is about. What differs between two recordings of the same calls is not written: times,
prices, and what came from a cache.
"""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import json
import os
import threading
import warnings
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, get_args

from dspnb.errors import LoadWarning, UsageError

from .asked import Asked
from .base import Completion, Feature
from .private import keys, without
from .written import from_json, to_json

try:
    import fcntl
except ImportError:  # Windows, where only one kernel at a time can record into a file
    fcntl = None  # type: ignore[assignment]

VERSION = 1
ROLES = ("main", "teacher", "proposer", "judge")
DIFFERING = ("seconds", "dollars", "tokens_cached")  # between two recordings of the same calls


@dataclass(frozen=True)
class RecordedModel:
    """A model as it was set: its role in the notebook, and its own parameters as JSON."""

    role: str
    name: str
    params: str = "{}"
    supports: frozenset[Feature] | None = None  # None when nothing depended on it


@dataclass(frozen=True)
class RecordedCall:
    """A request to a model, and what it answered."""

    model: str
    asked: Asked
    answer: Completion


class Recording:
    """A file of calls, as far as it is read; it grows with `add`. Safe from several threads."""

    def __init__(self, file: str | Path) -> None:
        self.path = Path(file)
        self._lock = threading.Lock()  # protects what is read, while more is
        self._begin()

    @classmethod
    def read(cls, file: str | Path) -> Recording:
        """What a file holds; half a line at its end, of a recording that was killed, is left out.

        Nothing in it is run. Raises `UsageError`, with the line, for a file that is no recording.
        """
        recording = cls(file)
        try:
            data = recording.path.read_bytes()
        except OSError as error:
            raise UsageError(
                f"The recording `{file}` cannot be read: {_why(error)}. "
                f"Make one with `%lm MODEL --record {file}`."
            ) from None
        recording._take(data)
        if not recording._lines:
            raise UsageError(f"`{file}` is no recording: there is nothing in it.")
        if recording._end < len(data):
            warnings.warn(
                f"The recording `{file}` ends in half a line, which is left out.",
                LoadWarning,
                stacklevel=3,
            )
        return recording

    @classmethod
    def open(cls, file: str | Path, model: RecordedModel) -> Recording:
        """A file to record into, made when it is not there; else recording goes on in it.

        Raises `UsageError`, with the line, for a file that is no recording, and leaves it alone.
        """
        recording = cls(file)
        with recording._alone() as opened:
            recording._write(opened, recording._news(model))
        return recording

    def find(self, asked: Asked, model: str) -> RecordedCall | None:
        """The call of this model with this request, also when somebody else wrote it just now."""
        known = self.calls.get(asked, {}).get(model)
        if known is None and self._grown():
            with self._alone():
                return self.calls.get(asked, {}).get(model)
        return known

    def add(self, model: RecordedModel, asked: Asked, answer: Completion) -> RecordedCall:
        """Write a call at the end of the file, unless it is there; gives what is there.

        Others may write to the file too, in this process and in others. A kill loses nothing that
        was added.
        """
        with self._alone() as file:
            if model.name not in self.calls.get(asked, {}):
                lines = self._prompts.lines(model.name, asked, answer)
                self._write(file, [*self._news(model), *lines])
            return self.calls[asked][model.name]

    def close(self, model: RecordedModel) -> None:
        """Write what became known of the model, and put the file in order.

        Equal calls then make an equal file, whatever threads made them.
        """
        if not self.path.exists():
            return
        with self._alone() as file:
            self._write(file, self._news(model))
            data = _encoded(self._in_order())
            file.seek(0)
            if file.read() != data:
                self._replace(file, data)

    def _begin(self) -> None:
        self.models: list[RecordedModel] = []
        self.calls: dict[Asked, dict[str, RecordedCall]] = {}  # by request, then by model
        self._prompts = _Prompts()
        self._end = 0  # bytes of the file that are read
        self._last = b""  # the last line of them
        self._lines = 0

    @contextlib.contextmanager
    def _alone(self) -> Iterator[IO[bytes]]:
        """The file, read to its end, and for nobody else meanwhile."""
        with self._lock, _alone(self.path) as file:
            self._catch_up(file)
            yield file

    def _grown(self) -> bool:
        try:
            return self.path.stat().st_size != self._end
        except OSError:  # it is not there any more, and comes back with the next call
            return False

    def _catch_up(self, file: IO[bytes]) -> None:
        file.seek(self._end - len(self._last))
        data = file.read()
        if not data.startswith(self._last):  # somebody put it in order, or changed it
            self._begin()
            file.seek(0)
            data = file.read()
        self._take(data[len(self._last) :])

    def _write(self, file: IO[bytes], lines: list[str]) -> None:
        if not self._lines:
            lines = [_HEADER, *lines]
        if not lines:
            return
        data = _encoded(lines)
        if self._last and not self._last.endswith(b"\n"):
            data = b"\n" + data
        try:
            file.truncate(self._end)  # takes off half a line of a recording that was killed
            while data:
                data = data[file.write(data) :]
        except OSError as error:
            self._begin()  # nobody knows how much is there
            raise _unwritable(self.path, error) from None
        self._catch_up(file)

    def _replace(self, file: IO[bytes], data: bytes) -> None:
        unfinished = self.path.with_name(f"{self.path.name}.{os.getpid()}.part")
        try:
            unfinished.write_bytes(data)
            if fcntl is None:
                file.close()  # Windows does not replace a file that is open
            unfinished.replace(self.path)
        except OSError as error:
            unfinished.unlink(missing_ok=True)
            raise _unwritable(self.path, error) from None

    def _in_order(self) -> list[str]:
        """The lines of the file, in an order that depends on nothing but what they say."""
        rank = {role: place for place, role in enumerate(ROLES)}
        models = sorted(self.models, key=lambda model: rank.get(model.role, len(rank)))
        places = {model.name: place for place, model in reversed([*enumerate(models)])}

        def place(call: RecordedCall) -> tuple[Any, ...]:
            asked = call.asked
            first = places.get(call.model, len(places))
            return first, call.model, asked.messages, asked.params, asked.rollout

        calls = sorted((call for made in self.calls.values() for call in made.values()), key=place)
        prompts = _Prompts()
        lines = [line for c in calls for line in prompts.lines(c.model, c.asked, c.answer)]
        return [_HEADER, *map(_model_line, models), *lines]

    def _news(self, model: RecordedModel) -> list[str]:
        """The line about a model, if it says more than the file does."""
        for known in self.models:
            same = known == dataclasses.replace(model, supports=known.supports)
            if same and model.supports in (None, known.supports):
                return []
        return [_model_line(model)]

    def _take(self, data: bytes) -> None:
        for line in data.splitlines(keepends=True):
            entry = _parsed(line)
            if (
                entry is None
                and not line.endswith(b"\n")
                and (self._lines or _encoded([_HEADER]).startswith(line))
            ):
                return  # it was being written when the recording was killed
            try:
                if not self._lines:
                    _check_header(entry)
                elif line.strip():
                    self._learn(entry)
            except ValueError as error:
                number = self._lines + 1
                self._begin()
                raise UsageError(f"Line {number} of `{self.path}` {error}.") from None
            self._end += len(line)
            self._last = line
            self._lines += 1

    def _learn(self, entry: Any) -> None:
        match entry:
            case {"model": str(name), "messages": list(own), "answer": dict(answer), **rest}:
                asked = Asked(
                    self._prompts.messages(rest.get("after"), own),
                    _params(rest),
                    _typed(rest, "rollout", int),
                )
                call = RecordedCall(name, asked, from_json(json.dumps({"model": name, **answer})))
                self.calls.setdefault(asked, {}).setdefault(name, call)
            case {"prompt": str(id_), "messages": list(own), **rest}:
                self._prompts.define(id_, self._prompts.messages(rest.get("after"), own))
            case {"role": str(role), "model": str(name), **rest}:
                said = _typed(rest, "supports", list) if "supports" in rest else None
                self._set(RecordedModel(role, name, _params(rest), _features(said)))
            case _:
                raise ValueError("is not a line of a recording")

    def _set(self, model: RecordedModel) -> None:
        for place, known in enumerate(self.models):
            if known == dataclasses.replace(model, supports=known.supports):
                if model.supports is not None:
                    self.models[place] = model
                return
        self.models.append(model)


class _Prompts:
    """What prompts begin with, by the name that a recording has for it."""

    def __init__(self) -> None:
        self._messages: dict[str, tuple[str, ...]] = {}
        self._ids: dict[tuple[str, ...], str] = {}

    def define(self, id_: str, messages: tuple[str, ...]) -> None:
        """From now on these messages have this name."""
        if self._messages.setdefault(id_, messages) != messages:
            raise ValueError(f"gives `{id_}` a second meaning")
        self._ids.setdefault(messages, id_)

    def messages(self, after: Any, own: list[Any]) -> tuple[str, ...]:
        """All messages of an entry: those that a name stands for, and its own."""
        if after is not None and (not isinstance(after, str) or after not in self._messages):
            raise ValueError(f"begins with `{after}`, which no line above it defines")
        for message in own:
            if not isinstance(message, dict) or "role" not in message:
                raise ValueError("has messages that are none")
        begin = self._messages[after] if after is not None else ()
        return (*begin, *(json.dumps(message, ensure_ascii=False) for message in own))

    def lines(self, model: str, asked: Asked, answer: Completion) -> Iterator[str]:
        """The line of a call, and before it the one of what it begins with, when that is new."""
        told = _answer(answer, model)  # first: what fails defines nothing
        *first, last = asked.messages
        begin = tuple(first)
        if begin and begin not in self._ids:
            known = next(n for n in range(len(begin), -1, -1) if not n or begin[:n] in self._ids)
            id_ = self._free_id(begin)
            yield _line(prompt=json.dumps(id_), **self._after(begin[:known], begin[known:]))
            self.define(id_, begin)
        yield _line(
            model=json.dumps(model, ensure_ascii=False),
            **self._after(begin, (last,)),
            params=asked.params,
            rollout=str(asked.rollout),
            answer=told,
        )

    def _after(self, begin: tuple[str, ...], own: tuple[str, ...]) -> dict[str, str]:
        after = {"after": json.dumps(self._ids[begin])} if begin else {}
        return {**after, "messages": f"[{', '.join(own)}]"}

    def _free_id(self, messages: tuple[str, ...]) -> str:
        digest = hashlib.blake2b("\n".join(messages).encode("utf-8", "surrogatepass")).hexdigest()
        # One that is taken, by a prompt that was changed by hand, is made longer.
        return next(digest[:n] for n in range(12, 129) if digest[:n] not in self._messages)


@contextlib.contextmanager
def _alone(path: Path) -> Iterator[IO[bytes]]:
    """An open file, made when it is not there, that no other process has at the same time."""
    try:
        file = _locked(path)
    except OSError as error:
        raise _unwritable(path, error) from None
    with file:
        yield file


def _locked(path: Path) -> IO[bytes]:
    while True:
        file = path.open("ab+", buffering=0)  # each write at once and whole
        if fcntl is None:
            return file
        with contextlib.suppress(OSError):  # some network drives have no locks
            fcntl.flock(file, fcntl.LOCK_EX)
        with contextlib.suppress(FileNotFoundError):
            if os.path.samestat(os.fstat(file.fileno()), path.stat()):
                return file
        file.close()  # meanwhile another one took its place


_HEADER = json.dumps({"dspnb": "recording", "version": VERSION})


def _check_header(entry: Any) -> None:
    match entry:
        case {"dspnb": "recording", "version": 1}:
            return
        case {"dspnb": "recording", "version": version}:
            raise ValueError(f"says version {version!r}; this dspnb reads version {VERSION}")
    raise ValueError(f"is not {_HEADER}, so it is no recording")


def _model_line(model: RecordedModel) -> str:
    supports = {} if model.supports is None else {"supports": json.dumps(sorted(model.supports))}
    return _line(
        role=json.dumps(model.role, ensure_ascii=False),
        model=json.dumps(model.name, ensure_ascii=False),
        params=model.params,
        **supports,
    )


def _line(**parts: str) -> str:
    """A JSON object of what is JSON already."""
    return "{" + ", ".join(f'"{name}": {text}' for name, text in parts.items()) + "}"


def _answer(completion: Completion, model: str) -> str:
    try:
        told = without(keys(), json.loads(to_json(completion)))
    except ValueError as error:
        raise UsageError(f"An answer of `{model}` cannot be recorded: {error}") from None
    for answer in (told, *told.get("samples", ())):
        for name in DIFFERING:
            answer.pop(name, None)
        if answer.get("model") == model:
            del answer["model"]
    return json.dumps(told, ensure_ascii=False)


def _features(said: list[Any] | None) -> frozenset[Feature] | None:
    if said is None:
        return None
    return frozenset(feature for feature in get_args(Feature) if feature in said)


def _params(entry: dict[Any, Any]) -> str:
    return json.dumps(_typed(entry, "params", dict), ensure_ascii=False, sort_keys=True)


def _typed(entry: dict[Any, Any], name: str, kind: type) -> Any:
    value = entry.get(name, kind())
    if type(value) is not kind:
        raise ValueError(f"has a `{name}` that is {value!r:.80}")
    return value


def _encoded(lines: Iterable[str]) -> bytes:
    # Half of a surrogate pair, which a model may write, becomes an escape that JSON knows.
    return "".join(f"{line}\n" for line in lines).encode("utf-8", "backslashreplace")


def _parsed(line: bytes) -> Any:
    try:
        return json.loads(line)
    except (ValueError, RecursionError):
        return None


def _unwritable(path: Path, error: OSError) -> UsageError:
    return UsageError(f"The recording `{path}` cannot be written: {_why(error)}.")


def _why(error: OSError) -> str:
    return error.strerror or str(error)
