"""Several programs, and one answer from all of theirs."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from dspnb.context import current
from dspnb.errors import LMError, UsageError
from dspnb.example import Prediction
from dspnb.module import Module

from . import arguments
from .majority import majority, same_answer
from .side_by_side import side_by_side


class Ensemble(Module):
    """Run `programs` side by side, and make one answer of theirs with `reduce`.

    `reduce` takes their predictions, in order, and gives one. With `size`, so many are drawn for
    each call; `seed` and the inputs decide which, so the same call asks the same ones. Programs
    that fail are left out, and the first error is raised when all do. The calls of programs that
    gave another answer than the one chosen are `rejected` in the trace.
    """

    def __init__(
        self,
        programs: Iterable[Module],
        reduce: Callable[[list[Prediction]], Any] = majority,
        size: int | None = None,
        seed: int = 0,
    ) -> None:
        self.programs = [arguments.program(program) for program in programs]
        if not self.programs:
            raise UsageError("An ensemble has at least one program.")
        self.reduce = arguments.function("reduce", reduce, "a list of predictions")
        self.size = len(self.programs) if size is None else arguments.count("size", size)
        if self.size > len(self.programs):
            raise UsageError(f"`size={size}` of {len(self.programs)} programs cannot be drawn.")
        self.seed = seed

    def forward(self, **inputs: Any) -> Any:
        frame = current().frame
        if frame is None:  # not called, but its `forward` was
            return self(**inputs)
        ran = side_by_side(frame, [(program, {}) for program in self._drawn(inputs)], inputs)
        failed = [one.result for one in ran if isinstance(one.result, Exception)]
        fatal = [error for error in failed if isinstance(error, LMError) and error.fatal]
        if fatal or len(failed) == len(ran):
            raise (fatal or failed)[0]
        answers = [(o.frame, o.result) for o in ran if isinstance(o.result, Prediction)]
        chosen = self.reduce([answer for _, answer in answers])
        # An answer that `reduce` made of several is nobody's: then all of them were used.
        for frames, answer in answers:
            if answer is chosen:
                frame.prefer(frames)
                for other, theirs in answers:
                    if not same_answer(theirs, answer):
                        other.reject("the ensemble chose another answer")
        return chosen

    def _drawn(self, inputs: Mapping[str, Any]) -> list[Module]:
        if self.size == len(self.programs):
            return self.programs
        # A text as a seed is the same in every process, unlike its hash.
        lot = random.Random(f"{self.seed} {sorted(inputs.items())!r}")
        return [self.programs[i] for i in sorted(lot.sample(range(len(self.programs)), self.size))]
