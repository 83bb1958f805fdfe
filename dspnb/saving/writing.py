"""The state of predictors as a file."""

from __future__ import annotations

import dataclasses
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from dspnb.adapters import Adapter
from dspnb.errors import UsageError
from dspnb.jsonable import from_json, is_json, to_json
from dspnb.predictor import Predictor
from dspnb.provenance import Provenance

from .layouts import adapter_entry
from .models import harmless, model_entry
from .predictor import FLAT, label
from .reading import FORMAT


def write(
    file: str | Path,
    predictors: Mapping[str, Predictor],
    *,
    adapter: Adapter,
    provenance: Provenance | None = None,
) -> Path:
    """Write predictors by DSPy's path. The file appears whole or not at all."""
    path = Path(file)
    if "metadata" in predictors:
        raise UsageError(
            "A saved program keeps the name `metadata` for itself; "
            "give the predictor of that name another."
        )
    entries = {name: _entry(predictor) for name, predictor in predictors.items()}
    ours = {
        "format": FORMAT,
        "params": {name: harmless(predictor.params) for name, predictor in predictors.items()},
        "adapter": adapter_entry(adapter),
        "provenance": provenance and dataclasses.asdict(provenance),
        "as_is": {name: odd for name, p in predictors.items() if (odd := _as_is(p))},
    }
    metadata = {"dependency_versions": {}, "dspnb": ours}
    _replace(path, {**entries.get(FLAT, entries), "metadata": metadata})
    return path


def _entry(predictor: Predictor) -> dict[str, Any]:
    signature = predictor.signature
    types = {field.name: field.type for field in signature.fields}
    return {
        "traces": [],
        "train": [],
        "demos": [
            {name: to_json(value, types.get(name, Any)) for name, value in demo.items()}
            for demo in predictor.demos
        ],
        "signature": {
            "instructions": signature.instructions,
            "fields": [
                {
                    "prefix": label(field.name),
                    "description": field.desc or f"${{{field.name}}}",
                    "name": field.name,
                    "type": field.type_name,
                    "role": field.role,
                }
                for field in signature.fields
            ],
        },
        "lm": model_entry(predictor.lm),
    }


def _as_is(predictor: Predictor) -> list[list[int | str]]:
    """The values of demos that are not of their field's type, so that no reader converts them."""
    return [
        [i, field.name]
        for i, demo in enumerate(predictor.demos)
        for field in predictor.signature.fields
        if field.name in demo and not _comes_back(demo[field.name], field.type)
    ]


def _comes_back(value: Any, type_: Any) -> bool:
    try:
        restored = from_json(to_json(value, type_), type_)
    except ValueError:
        return False
    return is_json(restored) or not is_json(value)


def _replace(path: Path, content: Mapping[str, Any]) -> None:
    text = json.dumps(content, ensure_ascii=False, indent=2, allow_nan=False)
    unfinished = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        # Half of a surrogate pair, which a model may write, becomes an escape that JSON knows.
        unfinished.write_text(text + "\n", encoding="utf-8", errors="backslashreplace")
        unfinished.replace(path)
    except OSError as error:
        unfinished.unlink(missing_ok=True)
        raise UsageError(f"The program could not be saved to `{path}`: {error.strerror}.") from None
