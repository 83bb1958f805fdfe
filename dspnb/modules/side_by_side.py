"""Several runs inside one program call, at the same time, each told apart in the trace."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from dspnb.batch import run_all
from dspnb.context import use
from dspnb.example import Prediction
from dspnb.frame import Frame
from dspnb.module import Module


@dataclass(frozen=True)
class Ran:
    """A run, and what it asked."""

    frame: Frame
    result: Prediction | Exception


def side_by_side(
    frame: Frame, runs: Iterable[tuple[Module, Mapping[str, Any]]], inputs: Mapping[str, Any]
) -> list[Ran]:
    """Run each program on the inputs, under its changes of the context, all at once."""
    prepared = [(program, {**changes, "frame": frame.inner()}) for program, changes in runs]
    jobs = [functools.partial(_run, *one, inputs) for one in prepared]
    results = run_all(jobs, len(jobs), return_errors=True)
    return [
        Ran(changes["frame"], result)
        for (_, changes), result in zip(prepared, results, strict=True)
    ]


def _run(program: Module, changes: Mapping[str, Any], inputs: Mapping[str, Any]) -> Prediction:
    with use(**changes):
        return program(**inputs)
