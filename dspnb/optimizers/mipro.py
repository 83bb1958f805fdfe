"""Propose instructions and demos for each predictor, and search for what goes together best."""

from __future__ import annotations

import math
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeVar

from dspnb.errors import UsageError

from .base import Search, Task, Validate
from .bootstrap import BootstrapFewShot
from .combinations import Combinations
from .demo_sets import Sets, demo_sets, teacher_runs
from .grounded import SHOWN, GroundedProposer
from .prefixes import Prefixes
from .trials import Trials

SMALL = 50  # validation examples, of which `auto` uses no minibatches

T = TypeVar("T")


@dataclass(frozen=True)
class _Preset:
    candidates: int
    val: int  # examples at most


@dataclass(frozen=True)
class _Sizes:
    """How much one search takes."""

    instructions: int  # to choose from, with the predictor's own
    sets: int  # of demos, with the first one
    trials: int
    val: int  # examples that it looks at
    batch: int | None  # examples to a trial; None when each is scored on all
    full: int  # full evaluations at most, beside the trials


PRESETS = {"light": _Preset(6, 100), "medium": _Preset(12, 300), "heavy": _Preset(18, 1000)}


@dataclass(frozen=True)
class MIPROv2:
    """Search combinations of proposed instructions and bootstrapped demos by Bayesian optimization.

    DSPy's MIPROv2 (Opsahl-Ong et al., 2024, arXiv 2406.11695). `auto` chooses the size of the
    search: `"light"` (6 candidates, at most 100 validation examples), `"medium"` (12, 300) or
    `"heavy"` (18, 1000); with `auto=None` give `num_candidates`, of instructions and of sets of
    demos for each predictor, and `num_trials`. Without demos (both limits 0) only instructions are
    searched.

    A trial scores a combination on a minibatch of `minibatch_size` validation examples, or on all
    of them when there are hardly more (with `auto`, 50). After every `minibatch_full_eval_steps`
    trials, and in the end, the best combination that was not scored on all is, unless it is clearly
    worse than the best one so far. Minibatches follow one shared order, so trials are compared on
    the same examples, and a combination that is tried again is scored on further ones.
    """

    auto: Literal["light", "medium", "heavy"] | None = "light"
    num_candidates: int | None = None
    num_trials: int | None = None
    max_bootstrapped_demos: int = 4
    max_labeled_demos: int = 4
    minibatch: bool = True
    minibatch_size: int = 35
    minibatch_full_eval_steps: int = 5
    program_aware_proposer: bool = True
    data_aware_proposer: bool = True
    view_data_batch_size: int = 10
    tip_aware_proposer: bool = True
    fewshot_aware_proposer: bool = True
    init_temperature: float = 1.0
    metric_threshold: float | None = None

    def __post_init__(self) -> None:
        if self.auto is not None and self.auto not in PRESETS:
            raise UsageError(f"`auto` is one of {', '.join(PRESETS)} or None; got {self.auto!r}.")
        numbers = (self.num_candidates, self.num_trials)
        if self.auto is not None and numbers != (None, None):
            raise UsageError(
                f"`auto={self.auto!r}` chooses `num_candidates` and `num_trials`, which are given "
                "too; leave them out, or say `auto=None`."
            )
        if self.auto is None and None in numbers:
            tried = self.num_candidates or PRESETS["light"].candidates
            raise UsageError(
                "Without `auto` both `num_candidates` and `num_trials` are needed; got "
                f"{self.num_candidates} and {self.num_trials}. For a program of one predictor "
                f"`num_candidates={tried}, num_trials={self._trials_for(tried, 1)}` would do."
            )
        if min(number for number in (*numbers, 1) if number is not None) < 1:
            raise UsageError(f"`num_candidates` and `num_trials` are at least 1; got {self}.")
        if min(self.minibatch_size, self.minibatch_full_eval_steps, self.view_data_batch_size) < 1:
            raise UsageError(f"Sizes of batches and steps are at least 1; got {self}.")
        if self.init_temperature < 0:
            raise UsageError(f"A temperature is at least 0; got {self}.")
        _ = self._bootstrap  # checks the numbers of demos

    def search(self, task: Task) -> Search:
        sizes = self._sizes(len(task.val), len(task.state))
        space = yield from self._space(task, sizes)
        order = tuple(task.rng.sample(range(len(task.val)), sizes.val))
        own = yield Validate(task.state)
        seen = Prefixes(space.first, [own.scores[place] for place in order], own.mean)
        trials, full = Trials(task, space, order, seen), sizes.full
        for number in range(1, sizes.trials + 1):
            key = trials.drawn(sizes.batch)
            if key is not None:
                yield from trials.score(key, sizes.batch, f"trial {number}")
            due = sizes.batch is not None and number % self.minibatch_full_eval_steps == 0
            if due and (best := seen.contender):
                yield from trials.score(best)
                full -= 1
        while full and (best := seen.contender):
            yield from trials.score(best)
            full -= 1
        return space.state(seen.lead)

    @property
    def most_demos(self) -> int:
        """How many demos a prompt may have."""
        return max(self.max_bootstrapped_demos, self.max_labeled_demos)

    def program_calls(self, train: int, val: int, predictors: int = 1) -> dict[str, int]:
        sizes = self._sizes(val, predictors)
        return {
            "bootstrapping": self._teacher_runs(train, sizes),
            "trials": (sizes.batch or sizes.val) * sizes.trials,
            "full evaluations": sizes.val * sizes.full,
            "validating": val - sizes.val,  # the final state, on what `auto` left out
        }

    def proposer_calls(self, train: int, val: int, predictors: int = 1) -> int:
        """How many calls of the proposer a search takes at most."""
        return self._proposer.calls(train, predictors, self._sizes(val, predictors).instructions)

    # -- what there is to choose from ------------------------------------------------------

    def _space(self, task: Task, sizes: _Sizes) -> Generator[Any, Any, Combinations]:
        """Demo sets first: the proposer is shown some of them."""
        sets: Sets = {path: [setting.demos] for path, setting in task.state.items()}
        if self._teaches:
            sets = yield from demo_sets(task, sizes.sets, self._bootstrap)
        instructions = yield from self._proposer.instructions(task, sets, sizes.instructions)
        if self._zero_shot:
            sets = {path: own[:1] for path, own in sets.items()}
        return Combinations(instructions, {path: _distinct(own) for path, own in sets.items()})

    @property
    def _proposer(self) -> GroundedProposer:
        return GroundedProposer(
            data_aware=self.data_aware_proposer,
            program_aware=self.program_aware_proposer,
            fewshot_aware=self.fewshot_aware_proposer,
            tip_aware=self.tip_aware_proposer,
            batch=self.view_data_batch_size,
            temperature=self.init_temperature,
        )

    @property
    def _zero_shot(self) -> bool:
        return not self.max_bootstrapped_demos and not self.max_labeled_demos

    @property
    def _teaches(self) -> bool:
        """Whether anybody needs demos."""
        return not self._zero_shot or self.fewshot_aware_proposer

    @property
    def _bootstrap(self) -> BootstrapFewShot:
        most, labels = self.max_bootstrapped_demos, self.max_labeled_demos
        if self._zero_shot:  # demos are for the proposer's eyes only
            most, labels = SHOWN, 0
        return BootstrapFewShot(most, labels, metric_threshold=self.metric_threshold)

    def _teacher_runs(self, train: int, sizes: _Sizes) -> int:
        return teacher_runs(train, sizes.sets, self._bootstrap) if self._teaches else 0

    # -- how much --------------------------------------------------------------------------

    def _sizes(self, val: int, predictors: int) -> _Sizes:
        """The size of a search, for so many validation examples and predictors."""
        if self.auto is None:
            assert self.num_candidates is not None and self.num_trials is not None
            instructions = sets = self.num_candidates
            trials, least = self.num_trials, 0
        else:
            preset = PRESETS[self.auto]
            sets, val, least = preset.candidates, min(preset.val, val), SMALL
            # Demos help more often than instructions do.
            instructions = sets if self._zero_shot else sets // 2
            trials = self._trials_for(sets, predictors)
        batched = self.minibatch and val > max(least, self.minibatch_size)
        full = -(-trials // self.minibatch_full_eval_steps) if batched else 0
        return _Sizes(
            instructions, sets, trials, val, self.minibatch_size if batched else None, full
        )

    def _trials_for(self, candidates: int, predictors: int) -> int:
        variables = predictors if self._zero_shot else 2 * predictors
        return int(max(2 * variables * math.log2(candidates), 1.5 * candidates))


def _distinct(items: Sequence[T]) -> list[T]:
    return [item for place, item in enumerate(items) if item not in items[:place]]
