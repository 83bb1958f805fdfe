"""Evolve instructions by reflecting on a few examples at a time, and keep who is best at what."""

from __future__ import annotations

import math
import random
from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, get_args

from dspnb.errors import UsageError
from dspnb.example import Example
from dspnb.module import State
from dspnb.report import Report

from .base import Complete, Evaluate, Search, Task, Validate
from .lineage import Member, Pool, best
from .merge import PLACES, Merge, merge, places
from .pareto import Selection, choose, wins
from .reflection import new_instructions, reflection

Auto = Literal["light", "medium", "heavy"]
Components = Literal["round_robin", "all"]

# How many candidates the budget is reckoned for.
CANDIDATES: Mapping[Auto, int] = {"light": 6, "medium": 12, "heavy": 18}


# What of `val` a child is seen on before it is worth the rest, if that is so many at least. A
# minibatch of three hardly tells better from worse: almost half of the children that pass it are
# worse than their parents, and each would cost a whole validation.
LOOK, FEW = 1 / 4, 10


@dataclass(frozen=True)
class GEPA:
    """Rewrite instructions after what the metric says of a few runs; validate what does better.

    GEPA (Agrawal et al., 2025, arXiv 2507.19457), with DSPy's names and defaults. Each round a
    parent is drawn from the candidates that are best at some example of `val`, runs on a minibatch
    of `train`, and the proposer rewrites the instructions of one predictor (or of all). The child
    is validated when it does better on the same minibatch: on a quarter of `val` first, and on the
    rest unless it is worse there. After that two candidates may be merged.

    The budget counts runs of the program, the first validation among them, whether or not their
    answers are known already. It is one of `auto` (DSPy's formula; "light" when nothing is given),
    `max_full_evals` times train and val, and `max_metric_calls`. A round that the rest of it does
    not pay for to the end is not begun. Of merges, at most `max_merge_invocations` are tried.

    Metrics tell most by `Score(value, feedback, about={predictor path: feedback})`. Calls whose
    answer could not be read are shown to the proposer only with `add_format_failure_as_feedback`.
    """

    auto: Auto | None = None
    max_full_evals: int | None = None
    max_metric_calls: int | None = None
    reflection_minibatch_size: int = 3
    candidate_selection_strategy: Selection = "pareto"
    skip_perfect_score: bool = True
    perfect_score: float = 1.0
    add_format_failure_as_feedback: bool = False
    component_selector: Components = "round_robin"
    use_merge: bool = True
    max_merge_invocations: int = 5

    def __post_init__(self) -> None:
        budgets = {
            "auto": self.auto,
            "max_full_evals": self.max_full_evals,
            "max_metric_calls": self.max_metric_calls,
        }
        given = [f"`{name}={value!r}`" for name, value in budgets.items() if value is not None]
        if len(given) > 1:
            raise UsageError(f"GEPA takes one budget; got {' and '.join(given)}. Leave one.")
        for name, known in (
            ("auto", (None, *get_args(Auto))),
            ("candidate_selection_strategy", get_args(Selection)),
            ("component_selector", get_args(Components)),
        ):
            if (value := getattr(self, name)) not in known:
                raise UsageError(
                    f"`{name}` of GEPA is one of {', '.join(map(repr, known))}; got {value!r}."
                )
        counts = self.max_full_evals, self.max_metric_calls, self.reflection_minibatch_size
        if self.max_merge_invocations < 0 or any(n is not None and n < 1 for n in counts):
            raise UsageError(
                f"GEPA's budgets and minibatches are at least 1, and merges at least 0; got {self}."
            )

    def search(self, task: Task) -> Search:
        rng, size, val = task.rng, self._size(len(task.train)), len(task.val)
        left = self._budget(len(task.train), val, len(task.state)) - val
        pool = [Member(task.state, (yield Validate(task.state)).scores)]
        turns = [0]  # for each candidate, whose turn it is among the predictors
        merged: list[State] = []
        accepted = False  # whether the last round found a candidate
        idle = 0  # rounds in a row with nothing to learn from
        minibatches = _minibatches(task.train, size, rng)
        count = math.ceil(LOOK * val)
        first = tuple(rng.sample(range(val), count if count >= FEW else 0))
        # In so many idle rounds each candidate could have met all of `train`.
        while (
            left >= 2 * size + val
            and not self._perfect(pool[best(pool)].scores)
            and idle < 2 * math.ceil(len(task.train) / size) * len(pool)
        ):
            pair = None
            if accepted and self._may_merge(merged) and left >= min(PLACES, val) + val:
                pair = merge(pool, [*wins(pool)], merged, rng)
            accepted = False
            if pair is not None:
                merged.append(pair.state)
                left -= min(PLACES, val)
                if (report := (yield from _merged(pool, pair, rng))) is not None:
                    left -= val
                    pool.append(Member(pair.state, report.scores, pair.parents))
                    turns.append(max(turns[parent] for parent in pair.parents))
                continue

            number = choose(pool, self.candidate_selection_strategy, rng)
            parent, minibatch = pool[number], next(minibatches)
            before = yield Evaluate(parent.state, minibatch)
            left -= size
            questions: Mapping[str, Complete] = {}
            if not self._perfect(before.scores):
                questions, turns[number] = self._questions(parent, before, turns[number], rng)
            if not questions:
                idle += 1
                continue

            idle = 0
            # Even when there will be no child to run: a proposer that cannot be read must not be
            # asked twice as often.
            left -= size
            answers = yield tuple(questions.values())
            texts = dict(zip(questions, map(new_instructions, answers), strict=True))
            child = _rewritten(parent.state, texts)
            if any(child == member.state for member in pool):
                continue
            after = yield Evaluate(child, minibatch)
            if after.mean <= before.mean:
                continue

            note = f"reflection on {', '.join(path for path, text in texts.items() if text)}"
            look = Validate(child, parent=parent.state, note=note, places=first)
            if first and _is_worse((yield look), parent, first):
                left -= len(first)
                continue

            left -= val
            report = yield replace(look, places=None)
            pool.append(Member(child, report.scores, (number,)))
            turns.append(turns[number])
            accepted = True
        return pool[best(pool)].state

    def program_calls(self, train: int, val: int, predictors: int = 1) -> dict[str, int]:
        """Raises `UsageError` when the budget does not pay for one round."""
        return {"reflecting and validating": self._budget(train, val, predictors) - val}

    def proposer_calls(self, train: int, val: int, predictors: int = 1) -> int:
        """How many calls of the proposer a search takes at most."""
        rounds = (self._budget(train, val, predictors) - 2 * val) // (2 * self._size(train))
        return rounds * (predictors if self.component_selector == "all" else 1)

    def _budget(self, train: int, val: int, predictors: int) -> int:
        """Runs of the program in all, the first validation among them."""
        if self.max_metric_calls is not None:
            runs = self.max_metric_calls
        elif self.max_full_evals is not None:
            runs = self.max_full_evals * (train + val)
        else:
            runs = _auto(CANDIDATES[self.auto or "light"], val, predictors)
        least = 2 * (self._size(train) + val)
        if runs < least:
            raise UsageError(
                f"GEPA has a budget of {runs} runs of the program and takes at least {least}: two "
                f"validations on {val} examples and two minibatches of {self._size(train)}. "
                "Give more, or validate on fewer examples."
            )
        return runs

    def _size(self, train: int) -> int:
        return min(self.reflection_minibatch_size, train)

    def _perfect(self, scores: Sequence[float]) -> bool:
        """Whether these leave nothing to learn."""
        return self.skip_perfect_score and min(scores, default=0.0) >= self.perfect_score

    def _may_merge(self, merged: Sequence[State]) -> bool:
        return self.use_merge and len(merged) < self.max_merge_invocations

    def _questions(
        self, parent: Member, report: Report, turn: int, rng: random.Random
    ) -> tuple[dict[str, Complete], int]:
        """What to ask about which predictors, and whose turn it is after that.

        A predictor that was not called has nothing to show: the turn is the next one's.
        """
        paths = [*parent.state]
        asks: dict[str, Complete] = {}
        for path in (*paths[turn:], *paths[:turn]):
            ask = reflection(
                parent.state[path].instructions,
                report.rows,
                path,
                rng,
                failures=self.add_format_failure_as_feedback,
            )
            if ask is not None:
                asks[path] = ask
                if self.component_selector == "round_robin":
                    return asks, (paths.index(path) + 1) % len(paths)
        return asks, turn


def _auto(candidates: int, val: int, predictors: int) -> int:
    """DSPy's reckoning, which is what MIPROv2 spends with as many candidates."""
    trials = int(max(4 * predictors * math.log2(candidates), 1.5 * candidates))
    full = (trials + 1) // 5 + (2 if trials < 5 else 1)
    return val + 5 * candidates + 35 * trials + full * val


def _minibatches(
    train: Sequence[Example], size: int, rng: random.Random
) -> Iterator[Sequence[Example]]:
    """Shuffles of the examples without end, cut up; none holds an example twice."""
    while True:
        order = rng.sample(train, len(train))
        for start in range(0, len(order), size):
            # The last one is filled up with the first of the same shuffle.
            yield [*order, *order][start : start + size]


def _merged(pool: Pool, pair: Merge, rng: random.Random) -> Generator[Any, Any, Report | None]:
    """Try a merged state on a few places; its report on all of `val` if it does as well there."""
    first, second = (pool[number] for number in pair.parents)
    chosen = places(first.scores, second.scores, rng)
    better = first if first.mean >= second.mean else second
    tried = yield Validate(pair.state, parent=better.state, note="merge", places=chosen)
    sums = [math.fsum(parent.scores[place] for place in chosen) for parent in (first, second)]
    if math.fsum(tried.scores) < max(sums):
        return None
    report: Report = yield Validate(pair.state, parent=better.state, note="merge")
    return report


def _is_worse(child: Report, parent: Member, seen: Sequence[int]) -> bool:
    """Whether a child does worse than its parent where both were seen."""
    return math.fsum(child.scores) < math.fsum(parent.scores[place] for place in seen)


def _rewritten(state: State, texts: Mapping[str, str]) -> State:
    """The state with these instructions, where there are any."""
    return {
        path: replace(setting, instructions=texts.get(path) or setting.instructions)
        for path, setting in state.items()
    }
