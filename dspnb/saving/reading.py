"""A saved file as checked values, before any program is asked whether they fit."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from dspnb.errors import UsageError
from dspnb.provenance import Provenance

from .predictor import FLAT, dotted

FORMAT = 1


@dataclass(frozen=True)
class SavedField:
    """A field as a file knows it; DSPy's own files have no types, and seldom a name."""

    label: str
    name: str = ""
    type_name: str = ""
    desc: str = ""
    role: str = ""


@dataclass(frozen=True)
class Entry:
    """One predictor of a file."""

    instructions: str
    fields: tuple[SavedField, ...] | None  # None in the files of DSPy up to 2.5.2
    demos: tuple[Mapping[str, Any], ...]
    lm: Any = None  # DSPy's entry for a model, not looked into
    params: Mapping[str, Any] | None = None  # None when the file does not say
    as_is: frozenset[tuple[int, str]] = frozenset()  # demo, field: not of the field's type
    old: bool = False  # a chain of thought of DSPy up to 2.5


@dataclass(frozen=True)
class Saved:
    """All that a file holds, predictors by dotted path."""

    file: Path
    predictors: Mapping[str, Entry]
    provenance: Provenance | None = None
    adapter: Any = None  # the entry of the adapter, not looked into; None when the file names none


def read(file: str | Path) -> Saved:
    """Read a file of ours or of DSPy's.

    Raises `UsageError` when it is missing, not such a file, or of a newer format.
    """
    path = Path(file)
    content = _content(path)
    ours = _ours(path, content)
    entries = {FLAT: content} if _is_flat(content) else content
    predictors = {
        dotted(name): _entry(path, dotted(name), entry, ours)
        for name, entry in entries.items()
        if name != "metadata" and _is_entry(entry)
    }
    if not predictors:
        raise _not_saved(path, "it holds no predictors")
    return Saved(path, predictors, _provenance(path, ours.get("provenance")), ours.get("adapter"))


def _content(path: Path) -> dict[str, Any]:
    if path.is_dir() and (path / "program.pkl").exists():
        raise UsageError(
            f"`{path}` is a whole program of DSPy's, which is a pickle, and reading a pickle runs "
            "the code in it. Load it with DSPy, and save its state: `program.save('p.json')`."
        )
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise UsageError(f"`{path}` could not be read: {error.strerror}.") from None
    if raw[:1] == b"\x80":
        raise UsageError(
            f"`{path}` is a pickle, and reading a pickle runs the code in it. "
            "Load it with what wrote it, and save the state as JSON: `program.save('p.json')`."
        )
    try:
        text = raw.decode("utf-8-sig")
        content = json.loads(text)
    except json.JSONDecodeError as error:
        raise _not_saved(path, _broken(text, error)) from None
    except UnicodeDecodeError as error:
        raise _not_saved(path, f"it is not text: {error}") from None
    except RecursionError:
        raise _not_saved(path, "it is nested too deeply") from None
    except ValueError as error:  # a number with thousands of digits
        raise _not_saved(path, f"it is not JSON: {error}") from None
    if not isinstance(content, dict):
        raise _not_saved(path, f"it holds a {type(content).__name__}")
    return content


def _broken(text: str, error: json.JSONDecodeError) -> str:
    if not text.strip():
        return "it is empty"
    rest = text[error.pos :].strip()
    cut = error.msg.startswith(("Unterminated", "Invalid \\u")) or rest in ("", "-", "\\")
    if text.lstrip().startswith("{") and (cut or re.fullmatch(r"t|tru?|f|fa|fals?|nu?|nul", rest)):
        return "it ends in the middle; save the program again, or fetch the file again"
    return f"it is not JSON: {error}"


def _ours(path: Path, content: Mapping[str, Any]) -> dict[str, Any]:
    """What dspnb adds to DSPy's layout; nothing in a file of DSPy's."""
    match content.get("metadata"):
        case {"dspnb": {"format": int(format_)}} if format_ > FORMAT:
            raise UsageError(
                f"`{path}` was saved by a newer dspnb: its format is {format_}, this dspnb reads "
                f"up to {FORMAT}. Upgrade with `pip install --upgrade dspnb`."
            )
        case {"dspnb": dict(ours)}:
            return ours
    return {}


def _is_flat(content: Mapping[str, Any]) -> bool:
    """Whether the file is a single predictor's, rather than one with a part called `signature`."""
    return _is_entry(content) and not _is_entry(content.get("signature"))


def _is_entry(value: Any) -> bool:
    return isinstance(value, dict) and ("signature" in value or "signature_instructions" in value)


def _entry(path: Path, name: str, entry: Mapping[str, Any], ours: Mapping[str, Any]) -> Entry:
    demos = entry.get("demos", [])
    if not isinstance(demos, list) or not all(isinstance(demo, dict) for demo in demos):
        raise _not_saved(path, f"the demos of `{name}` are not a list of objects")
    fields: list[Any] | None
    match entry:
        # Up to 2.5, the prompt of a chain of thought was that of its extended signature.
        case {"extended_signature": {"instructions": str(instructions), "fields": list(fields)}}:
            pass
        case {"extended_signature_instructions": str(instructions)}:
            fields = None
        case {"signature": {"instructions": str(instructions), "fields": list(fields)}}:
            pass
        case {"signature_instructions": str(instructions)}:
            fields = None
        case _:
            raise _not_saved(path, f"`{name}` has no instructions and fields")
    return Entry(
        instructions,
        fields if fields is None else tuple(_field(path, name, field) for field in fields),
        tuple(demos),
        entry.get("lm"),
        _by_path(ours.get("params")).get(name),
        frozenset(_pairs(_by_path(ours.get("as_is"), list).get(name, []))),
        "extended_signature" in entry or "extended_signature_instructions" in entry,
    )


def _provenance(path: Path, given: Any) -> Provenance | None:
    try:
        return TypeAdapter(Provenance | None).validate_python(given)
    except ValidationError as error:
        wrong = ".".join(map(str, error.errors()[0]["loc"][-1:]))
        raise _not_saved(path, f"its provenance has no valid `{wrong}`") from None


def _by_path(given: Any, kind: type = dict) -> dict[str, Any]:
    entries = given.items() if isinstance(given, dict) else ()
    return {dotted(path): value for path, value in entries if isinstance(value, kind)}


def _pairs(given: list[Any]) -> Iterator[tuple[int, str]]:
    for pair in given:
        match pair:
            case [int(demo), str(field)]:
                yield demo, field


def _field(path: Path, predictor: str, field: Any) -> SavedField:
    if not isinstance(field, dict):
        raise _not_saved(path, f"a field of `{predictor}` is {field!r}")
    prefix, name, type_name, desc, role = (
        value if isinstance(value := field.get(key), str) else ""
        for key in ("prefix", "name", "type", "description", "role")
    )
    if found := re.fullmatch(r"\$\{(\w+)\}", desc):  # what DSPy writes for want of a description
        name, desc = name or found[1], ""
    return SavedField(prefix, name, type_name, desc, role)


def _not_saved(path: Path, why: str) -> UsageError:
    return UsageError(f"`{path}` is not a saved program: {why}.")
