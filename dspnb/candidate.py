"""A state that a run has met: how it did, and how it differs from where it came from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from .expected import Expected, expected, expected_in_part
from .module import State
from .report import Report


@dataclass
class Candidate:
    """A state that the run has met, and how it did."""

    id: int
    state: State
    report: Report | None = None  # on the validation examples that it was scored on so far
    role: str = "student"  # whose model runs it: the program's own, or one that was trained
    places: tuple[int, ...] | None = None  # which these are; None for all of them

    @property
    def whole(self) -> bool:
        """Whether it was scored on the whole validation set."""
        return self.report is not None and self.places is None

    @property
    def scores(self) -> Mapping[int, float]:
        """What it scored on validation examples, by their place."""
        values = self.report.scores if self.report is not None else []
        places = range(len(values)) if self.places is None else self.places
        return dict(zip(places, values, strict=True))


C = TypeVar("C", bound=Candidate)


def best_of(candidates: Sequence[C], lead: tuple[C, float] | None = None) -> C | None:
    """The one with the highest validation mean, the earliest of equals; None before the first.

    Of those that were validated in part only the `lead` counts, with the mean that goes with it.
    """
    done = [(c.report.mean, -c.id, c) for c in list(candidates) if c.report and c.whole]
    if lead is not None and not lead[0].whole:
        done.append((lead[1], -lead[0].id, lead[0]))
    return max(done)[2] if done else None


def expected_of(candidates: Sequence[Candidate], best: Candidate) -> Expected | None:
    """What all that was validated says about the gain of the best one; None for the first.

    None too when the search scored it on too few examples that it scored the first one on.
    """
    scored = [one for one in candidates if one.report is not None]
    if not scored or scored[0].id != candidates[0].id:
        return None  # the program as it was has no scores to compare with
    if best.id == scored[0].id or best.report is None:
        return None
    at = [one.id for one in scored].index(best.id)
    if all(one.whole for one in scored):
        return expected([one.report.scores for one in scored if one.report], at)
    return expected_in_part([one.scores for one in scored], at)


def changes(before: State, after: State) -> dict[str, str]:
    """Predictor path -> what differs, in words."""
    words = {}
    for path, setting in after.items():
        old = before.get(path)
        parts = []
        if old is None or old.instructions != setting.instructions:
            parts.append("new instructions")
        if old is None or old.demos != setting.demos:
            made = sum("augmented" in demo for demo in setting.demos)
            own = f" ({made} bootstrapped)" if made else ""
            parts.append(f"{len(setting.demos)} demos{own}")
        if parts:
            words[path] = ", ".join(parts)
    return words
