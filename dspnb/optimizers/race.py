"""Race instructions and demos against each other, and pay for no score that tells little."""

from __future__ import annotations

import random
from collections.abc import Generator, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from dspnb.errors import UsageError
from dspnb.report import Row

from . import options, siblings
from .base import Evaluate, Lead, Search, Task, Validate
from .bundles import bundles, parted
from .effects import Effects, Scores
from .options import DEMOS, Choice, Option, Options

if TYPE_CHECKING:
    from .effects import Array

CALLS = 500  # runs of the program at most, where neither the race nor a budget says
FEWEST = 2  # runs: one to learn from, one to be told apart by
SHORTEST = 60  # runs for which options are raced before others come
BY_LOT = 0.2  # the share of examples that are drawn, rather than chosen by what they tell
FIRST = 10  # examples that the program as it is runs on, whatever they tell
SETTLED = 0.01  # what the best option may be expected to be better than the leader
DRAWS = 100
HOPE = 0.02  # a gain below is none
DOUBT = 0.1  # a probability of such a gain, below which there is no more to try
LIKELY = 0.03  # options that are the best less often are dropped


@dataclass(frozen=True)
class Race:
    """Find better instructions and demos with few runs of the program.

    1. Probe: run the program on `probe` training examples.
    2. Offer options: demos, from what it got right and wrong; and `siblings` rewrites of one
       predictor's instructions, from failures seen together, each with another idea.
    3. Race them: `lanes` combinations at a time, drawn by Thompson sampling (1933) from an additive
       model of what each change adds (`Effects`), run on the `block` validation examples that tell
       most about them. No combination is ever scored on the whole set.
    4. When it is clear who leads, or after a share of the `calls` (one for each of the `rewrites`,
       and at least 60), drop what cannot win and rewrite the leader: until `patience` rewrites were
       in vain, or there is nothing to gain.

    A rewrite is not scored on examples that it was made from. The held-out comparison of the run
    confirms the result, once. What it stands on: racing on shared examples (CAPO, Zehle et al.,
    2025, arXiv 2504.16005; BudgetAPO, arXiv 2610.05671), best-arm identification for prompts
    (TRIPLE, Shi et al., 2024, arXiv 2402.09723), choosing examples that discriminate
    (tinyBenchmarks, Polo et al., 2024, arXiv 2402.14992), reflection on failures (GEPA, Agrawal et
    al., 2025, arXiv 2507.19457), and instructions and demos together (MIPRO, Opsahl-Ong et al.,
    2024, arXiv 2406.11695).
    """

    calls: int | None = None  # runs of the program; by the budget when not given, else 500
    siblings: int = 4
    max_demos: int = 16
    probe: int = 16
    rewrites: int = 3
    block: int = 5
    lanes: int = 4
    patience: int = 2

    samples: ClassVar[bool] = True

    def __post_init__(self) -> None:
        least = {"calls": FEWEST, "probe": 1, "rewrites": 1, "block": 1, "lanes": 1, "patience": 1}
        for name, few in least.items():
            value = getattr(self, name)
            if value is not None and value < few:
                raise UsageError(f"`{name}` is at least {few}; got {value!r}.")
        if not 1 <= self.siblings <= len(siblings.ORDINALS) or self.max_demos < 0:
            raise UsageError(
                f"A race has 1 to {len(siblings.ORDINALS)} siblings and at least 0 demos; "
                f"got {self}."
            )

    def search(self, task: Task) -> Search:
        track = _Track(self, task)
        yield from track.probe()
        leader, vain = track.options.as_it_is, 0
        while track.left and vain < self.patience and track.hopeful():
            before = leader
            if not (yield from track.rewrite(leader)) and vain:
                break
            leader = yield from track.race()
            track.look_back()
            vain = vain + 1 if options.same(leader, before) else 0
        yield Lead(track.options.state(leader), track.expected(leader))
        return track.options.state(leader)

    @property
    def most_demos(self) -> int:
        """How many demos a prompt may have."""
        return self.max_demos

    def program_calls(self, train: int, val: int, predictors: int = 1) -> dict[str, int]:
        calls, probe = self.calls or CALLS, min(self.probe, train)
        return {"probing": probe, "racing": max(0, calls - probe)}

    def proposer_calls(self, train: int, val: int, predictors: int = 1) -> int:
        """How many calls of the proposer a search takes at most."""
        calls = self.calls or CALLS
        return calls // (max(SHORTEST, calls // self.rewrites) // 2) + self.patience


class _Track:
    """What is raced, and what is known so far."""

    effects: Effects

    def __init__(self, race: Race, task: Task) -> None:
        self._race, self._task, self._rng = race, task, task.rng
        self.options = Options(task.state)
        self._scores = Scores()
        self._rows: dict[Sequence[str], dict[int, Row]] = {}  # by choice, and by place in `val`
        self._probed: Sequence[Row] = ()
        self._spent, self._asked, self._each = 0, 0, 1.0  # runs, questions, calls of models a run
        self._rewritten: dict[str, list[Option]] = {path: [] for path in task.state}
        self._number = 0  # of the last rewrite

    @property
    def left(self) -> int:
        """Runs of the program that may still be made."""
        return max(0, self._limit - self._spent)

    @property
    def _limit(self) -> int:
        """Runs in all: by the race, or by a budget of calls, of which questions take some too."""
        if self._race.calls is not None or self._task.calls is None:
            return self._race.calls or CALLS
        return int((self._task.calls - self._asked - 1) / self._each)

    def probe(self) -> Generator[Any, Any, None]:
        """Run the program as it is: on training examples to learn from, and on some others."""
        race, task = self._race, self._task
        few = min(race.probe, len(task.train), max(1, self._limit // 3))
        examples = self._rng.sample(list(task.train), few)
        choice = self.options.as_it_is
        some = min(FIRST, len(task.val), max(1, self._limit // 3))
        places = tuple(self._rng.sample(range(len(task.val)), some))
        asks = Evaluate(task.state, examples), Validate(task.state, note="as it is", places=places)
        probed, report = yield asks
        self._probed = probed.rows
        self._spent += len(self._probed)
        for i, row in enumerate(self._probed, 1):
            self._scores.add([], -i, row.score.value)
        self._note([(choice, places)], [report])
        calls = sum(1 + len(call.attempts) for row in self._probed for call in row.trace)
        self._each = max(1.0, calls / len(self._probed))
        found = bundles(task.signatures, task.train, self._probed, race.max_demos, self._rng)
        first = choice[DEMOS]
        self._offer(DEMOS, [first.changed(what, demos) for what, demos in found.items()])

    # -- rewriting -------------------------------------------------------------------------

    def rewrite(self, leader: Choice) -> Generator[Any, Any, int]:
        """Offer rewrites of one predictor of the leader; how many there are."""
        seen = self._rows.get(options.names(leader), {})
        rows = [*seen.values()] if len(seen) >= FIRST else [*self._probed, *seen.values()]
        good, failed = parted(rows)
        if not failed:
            return 0
        middle = failed[len(failed) // 2].score.value
        worst = [row for row in failed if row.score.value <= middle]
        shown = self._rng.sample(worst, min(siblings.FAILURES, len(worst)))
        good = self._rng.sample(good, min(siblings.SUCCESSES, len(good)))
        path = self._blamed(failed)
        parent = leader[path]
        as_it_is = self.options.as_it_is[path]
        known = [one.value for one in (as_it_is, parent, *self._rewritten[path])]
        answer = yield siblings.question(
            path, parent.value, shown, good, failed, self._attempts(path), self._race.siblings
        )
        told = [*shown, *good]
        self._asked += 1
        places = [place for place, row in seen.items() if any(row is one for one in told)]
        fresh = []
        for text in siblings.rewrites(answer, known):
            self._number += 1
            fresh.append(parent.changed(f"rewrite {self._number} of {path}", text, places))
        self._offer(path, fresh)
        self._rewritten[path] += fresh
        return len(fresh)

    def _blamed(self, failed: Sequence[Row]) -> str:
        """The predictor to rewrite: what feedback speaks of, rather than what was rewritten."""
        called = {call.path for row in failed for call in row.trace}
        paths = [path for path in self._task.state if path in called] or [*self._task.state]

        def need(path: str) -> float:
            blamed = sum(path in row.score.about for row in failed) / len(failed)
            return blamed - len(self._rewritten[path]) / (4 * self._race.siblings)

        return max(paths, key=need)

    def _attempts(self, path: str) -> list[siblings.Attempt]:
        """The last rewrites of a predictor, with what they seem to add."""
        last = self._rewritten[path][-siblings.ATTEMPTS :]
        return [siblings.Attempt(one.value, self.effects.of(one.changes[-1:])) for one in last]

    def _offer(self, factor: str, fresh: Sequence[Option]) -> None:
        self.options.add(factor, fresh)
        self._scores.expect(change for option in fresh for change in option.changes)
        self.effects = self._scores.effects()

    # -- racing ----------------------------------------------------------------------------

    def race(self) -> Generator[Any, Any, Choice]:
        """Score combinations until it is clear which one leads, or so many runs are made."""
        start, most = self._spent, max(SHORTEST, self._limit // self._race.rewrites)
        while self._spent - start < most:
            if not (yield from self._round()):
                break
            leader = self.options.best(self.effects)
            yield Lead(self.options.state(leader), self.expected(leader))
            if self._spent - start >= most // 2 and (
                self._is_settled(leader) or not self.hopeful()
            ):
                break
        return self.options.best(self.effects)

    def _round(self) -> Generator[Any, Any, bool]:
        """Score some combinations on a few examples each; whether there was anything to score."""
        runs: list[tuple[Choice, tuple[int, ...]]] = []
        left = self.left
        leader = self.options.best(self.effects)
        new = options.names(leader) not in self._rows  # what nobody has seen cannot lead
        for lane in range(self._race.lanes):
            choice = leader if new and not lane else self._drawn()
            taken = {i for one, places in runs if options.same(one, choice) for i in places}
            places = self._places(choice, taken, min(left, self._race.block))
            left -= len(places)
            if places:
                runs.append((choice, places))
        if not runs:
            return False
        as_it_is = self._task.state
        reports = yield tuple(
            Validate(self.options.state(choice), as_it_is, options.note(choice), places=places)
            for choice, places in runs
        )
        self._note(runs, reports)
        self.effects = self._scores.effects()
        return True

    def _places(self, choice: Choice, taken: Iterable[int], count: int) -> tuple[int, ...]:
        """The examples to score a choice on: those that tell most, and some by lot."""
        done = {*self._rows.get(options.names(choice), {}), *taken, *options.unfit(choice)}
        free = [i for i in range(len(self._task.val)) if i not in done]
        telling = self.effects.telling(options.changes(choice), free)
        ranked = sorted(free, key=lambda i: (-telling[i], i))
        picked: list[int] = []
        for _ in range(min(count, len(free))):
            place = self._rng.choice(ranked) if self._rng.random() < BY_LOT else ranked[0]
            ranked.remove(place)
            picked.append(place)
        return tuple(picked)

    def _note(self, runs: Sequence[tuple[Choice, tuple[int, ...]]], reports: Any) -> None:
        for (choice, places), report in zip(runs, reports, strict=True):
            rows = self._rows.setdefault(options.names(choice), {})
            changes = options.changes(choice)
            for place, row in zip(places, report.rows, strict=True):
                rows[place] = row
                self._scores.add(changes, place, row.score.value)
            self._spent += len(places)

    # -- judging ---------------------------------------------------------------------------

    def expected(self, choice: Choice) -> float:
        """The mean score that a choice is expected to have."""
        return self.effects.expected(options.changes(choice))

    def look_back(self) -> None:
        """Drop the options that hardly can be the best."""
        wins: dict[str, int] = {}
        leader = self.options.best(self.effects)
        for choice in self.options.best_of_each(self.effects, self._draws())[0]:
            for option in choice.values():
                wins[option.name] = wins.get(option.name, 0) + 1
        likely = [name for name, times in wins.items() if times >= LIKELY * DRAWS]
        self.options.keep([*likely, *options.names(leader)])

    def hopeful(self) -> bool:
        """Whether anything may be better than the program as it is."""
        drawn = self._draws()
        gains = self.options.best_of_each(self.effects, drawn)[1].clip(max=1 - drawn[:, -1])
        return int((gains > HOPE).sum()) >= DOUBT * DRAWS

    def _is_settled(self, leader: Choice) -> bool:
        drawn = self._draws()
        led = self.effects.of_each([options.changes(leader)], drawn)[:, 0]
        lost = self.options.best_of_each(self.effects, drawn)[1] - led
        return float(lost.mean()) < SETTLED

    def _drawn(self) -> Choice:
        """The best choice in one draw."""
        return self.options.best_of_each(self.effects, self.effects.draws(self._rng, 1))[0][0]

    def _draws(self) -> Array:
        lot = random.Random(self._spent)  # so that looking changes nothing
        return self.effects.draws(lot, DRAWS)
