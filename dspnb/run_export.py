"""A kept run as a file of JSON lines, for other tools to read."""

from __future__ import annotations

import itertools
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from .errors import UsageError
from .jsonable import to_json
from .kept_run import KeptRun
from .module import Setting
from .report import Row


def export(run: KeptRun, file: str | Path, *, overwrite: bool = False) -> Path:
    """Write all that is kept of a run: its record, candidates, events, and each scored example.

    One object a line, whose `type` says which; no key is ever in it. The file appears whole or not
    at all. Raises `UsageError` for a file that is there already, unless `overwrite`.
    """
    path = Path(file).expanduser()
    if path.exists() and not overwrite:
        raise UsageError(
            f"`{path}` is there already; give another name, or write over it with "
            "`overwrite=True` (in a terminal `--overwrite`)."
        )
    unfinished = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        with unfinished.open("w", encoding="utf-8") as out:
            for told in lines(run):
                out.write(json.dumps(told) + "\n")
        unfinished.replace(path)
    except OSError as error:
        unfinished.unlink(missing_ok=True)
        raise UsageError(f"The run could not be written to `{path}`: {error.strerror}.") from None
    except BaseException:
        unfinished.unlink(missing_ok=True)
        raise
    return path


def lines(run: KeptRun) -> Iterator[dict[str, Any]]:
    """What the lines hold, one by one; rows are read from the store some at a time."""
    record = run.record
    yield {
        "type": "run",
        "id": run.id,
        "began": run.began,
        "status": run.status,
        "reason": run.reason,
        "settings": dict(run.settings),
        "parts": dict(record.parts),
        "spent": dict(run.spent),
        "result": dict(record.result),
    }
    for candidate in run.candidates:
        yield {
            "type": "candidate",
            "candidate": candidate.id,
            "parent": candidate.parent,
            "note": candidate.note,
            "state": {path: _setting(setting) for path, setting in candidate.state.items()},
        }
    for event in run.events:
        yield {"type": "event", **event}
    for (number, split), report in run.evaluations.items():
        places = run.places.get(number) if split == "val" else None
        for index, row in zip(places or itertools.count(), report.rows, strict=False):
            yield {"type": "row", "candidate": number, "split": split, **_row(index, row)}


def _setting(setting: Setting) -> dict[str, Any]:
    return {"instructions": setting.instructions, "demos": [dict(demo) for demo in setting.demos]}


def _row(index: int, row: Row) -> dict[str, Any]:
    return {
        "index": index,
        "score": row.score.value,
        "feedback": row.score.feedback,
        "error": row.error,
        "example": {name: to_json(value) for name, value in row.example.items()},
        "outputs": row.prediction and {n: to_json(v) for n, v in row.prediction.items()},
    }
