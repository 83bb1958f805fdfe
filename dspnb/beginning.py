"""Which run a plan becomes: a new one, or one that an earlier session left unfinished."""

from __future__ import annotations

import dataclasses
import time
import uuid
from typing import Any

from .errors import UsageError
from .plan import Plan
from .run import Run
from .store import Lock, Record, Store, opened


def begin(plan: Plan, resume: str = "auto", settings: dict[str, Any] | None = None) -> Run:
    """Start the run of a plan.

    With `"auto"` it goes on with the latest unfinished run of the same plan, if no process drives
    that; with `"never"` it is a new one; else with the run of this id. Raises `UsageError` for an
    id that is not there, is under way, or is of another plan: then it names what changed.
    """
    store = opened()
    if resume == "never":
        plan = dataclasses.replace(plan, fresh=True)
    elif resume == "auto":
        for record in reversed(store.runs.alike(plan.fingerprint)):
            if record.status in ("done", "failed"):
                continue
            try:
                lock = store.runs.lock(record.id).take()
            except UsageError:
                said = f"The same run is under way already, as {record.id}; this is another one."
                plan = dataclasses.replace(plan, warnings=(*plan.warnings, said))
                continue
            record = store.runs.get(record.id)  # it may have come to its end meanwhile
            if record.status in ("done", "failed"):
                lock.release()
                continue
            return _started(plan, record, store, lock, resumed=True)
    else:
        record = store.runs.get(resume)
        if changed := plan.changed(record.parts):
            raise UsageError(
                f"`{record.id}` cannot go on: {', '.join(changed)} changed since. Start a new run "
                "without `resume`; scores that still hold are used again."
            )
        lock = store.runs.lock(record.id).take()
        return _started(plan, store.runs.get(record.id), store, lock, resumed=True)
    record = Record(
        f"run-{uuid.uuid4().hex[:12]}",
        time.time(),
        plan.fingerprint,
        plan.parts,
        {**_settings(plan), **(settings or {})},
    )
    return _started(plan, record, store, store.runs.lock(record.id).take())


def _started(plan: Plan, record: Record, store: Store, lock: Lock, *, resumed: bool = False) -> Run:
    # One that asked all anew goes on with its own answers.
    plan = dataclasses.replace(plan, fresh=plan.fresh or bool(record.settings.get("fresh")))
    record = dataclasses.replace(record, status="running", reason="")
    try:
        store.runs.begin(record)
        return Run(plan, record, store, lock, resumed=resumed).start()
    except BaseException:
        lock.release()
        raise


def _settings(plan: Plan) -> dict[str, Any]:
    """What a list of runs shows."""
    return {
        "optimizer": repr(plan.optimizer),
        "name": plan.optimizer_name,
        **({"chosen": plan.chosen} if plan.chosen else {}),
        "metric": plan.metric_name,
        "model": plan.model("student").model,
        "train": len(plan.train),
        "val": len(plan.val),
        "test": len(plan.test),
        "reserved": plan.reserved,
        "budget": str(plan.budget),
        "seed": plan.seed,
        "concurrency": plan.concurrency,
        "fresh": plan.fresh,
    }
