"""A program's state as a JSON file, in DSPy's layout with the names and types of fields added.

Reading a file runs no code: it is data, checked against the program that reads it.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .adapters.values import plain
from .errors import UsageError, listed
from .example import Example
from .signature import Signature

FORMAT = 1
FLAT = "self"  # the path of a program that is a single predictor; DSPy writes such a file flat

Settings = Mapping[str, tuple[str, tuple[Example, ...]]]  # path -> instructions, demos


def write(
    file: str | Path, predictors: Mapping[str, tuple[Signature, tuple[Example, ...]]]
) -> Path:
    """Write signatures and demos by path. The file appears whole or not at all."""
    path = Path(file)
    if "metadata" in predictors:
        raise UsageError(
            "A saved program keeps the name `metadata` for itself; "
            "give the predictor of that name another."
        )
    entries = {name: _entry(*predictor) for name, predictor in predictors.items()}
    metadata = {"metadata": {"dependency_versions": {}, "dspnb": {"format": FORMAT}}}
    content = {**entries.get(FLAT, entries), **metadata}
    text = json.dumps(content, ensure_ascii=False, indent=2, default=plain)
    unfinished = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        unfinished.write_text(text + "\n", encoding="utf-8")
        unfinished.replace(path)
    except OSError as error:
        unfinished.unlink(missing_ok=True)
        raise UsageError(f"The program could not be saved to `{path}`: {error.strerror}.") from None
    return path


def read(file: str | Path, signatures: Mapping[str, Signature]) -> Settings:
    """The settings in a file, for a program with these signatures by path.

    Raises `UsageError` when the file is missing, is not such a file, or is of another program.
    """
    entries = _content(Path(file))
    match entries:
        case {"signature": {"signature": _}}:
            pass  # a predictor of that name
        case {"signature": _}:
            entries = {FLAT: entries}
    entries = {path: entry for path, entry in entries.items() if path != "metadata"}
    if set(entries) != set(signatures):
        raise UsageError(
            f"`{file}` holds another program: its predictors are {listed(entries) or 'none'}, "
            f"this one's {listed(signatures)}."
        )
    return {path: _setting(file, path, entries[path], signatures[path]) for path in signatures}


def _entry(signature: Signature, demos: tuple[Example, ...]) -> dict[str, Any]:
    return {
        "traces": [],
        "train": [],
        "demos": [dict(demo) for demo in demos],
        "signature": {
            "instructions": signature.instructions,
            "fields": [
                {
                    "prefix": _prefix(field.name),
                    "description": field.desc or f"${{{field.name}}}",
                    "name": field.name,
                    "type": field.type_name,
                }
                for field in signature.fields
            ],
        },
        "lm": None,
    }


def _prefix(name: str) -> str:
    """The label that DSPy derives from a field's name, which it saves and matches nothing by."""
    words = re.sub(r"(?<=[a-z])(?=[A-Z])|(?<=[a-zA-Z])(?=\d)|(?<=\d)(?=[a-zA-Z])", "_", name)
    titled = [word if word.isupper() else word.capitalize() for word in words.split("_") if word]
    return f"{' '.join(titled)}:"


def _content(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UsageError(f"`{path}` could not be read: {error.strerror}.") from None
    except ValueError as error:
        raise UsageError(f"`{path}` is not a saved program: {error}.") from None
    if not isinstance(content, dict):
        raise UsageError(f"`{path}` is not a saved program: it holds {type(content).__name__}.")
    return content


def _setting(
    file: str | Path, path: str, entry: Any, signature: Signature
) -> tuple[str, tuple[Example, ...]]:
    match entry:
        case {"signature": {"instructions": str(instructions), "fields": list(fields)}}:
            _check_fields(file, path, fields, signature)
            demos = entry.get("demos", [])
            if isinstance(demos, list) and all(isinstance(demo, dict) for demo in demos):
                return instructions, tuple(Example(**demo) for demo in demos)
    raise UsageError(f"`{file}` is not a saved program: `{path}` has no instructions and demos.")


def _check_fields(file: str | Path, path: str, fields: list[Any], signature: Signature) -> None:
    saved = [field.get("name", "") for field in fields if isinstance(field, dict)]
    names = [field.name for field in signature.fields]
    if any(saved) and saved != names:
        raise UsageError(
            f"`{file}` does not fit: `{path}` was saved with the fields {listed(saved)}, "
            f"here it has {listed(names)}."
        )
