"""Race instructions and demos against each other, and pay for no score that tells nothing."""

from __future__ import annotations

import dataclasses
import random
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from dspnb.example import Example
from dspnb.module import State
from dspnb.report import Row
from dspnb.trace import Call

from .base import Evaluate, Lead, Search, Task, Validate
from .effects import Effects, Scores, regret
from .labeled import demos_for
from .siblings import Attempt, question, rewrites

CALLS = 600  # runs of the program without a budget
CHANCE = 0.1  # of an item that is drawn by lot rather than because it tells much


@dataclass(frozen=True)
class Race:
    """Find better instructions and demos with few runs of the program.

    ...
    """

    calls: int | None = None
    siblings: int = 4
    max_demos: int = 8
    probe: int = 20
    block: int = 5
    lanes: int = 4
    settled: float = 0.01
    patience: int = 2
    shown: int = 8
    per_generation: int = 90

    samples = True

    def search(self, task: Task) -> Search:
        return (yield from _Race(self, task).run())

    @property
    def most_demos(self) -> int:
        return self.max_demos

    def program_calls(self, train: int, val: int, predictors: int = 1) -> dict[str, int]:
        return {"probing": min(self.probe, train), "racing": self.calls or CALLS}

    def proposer_calls(self, train: int, val: int, predictors: int = 1) -> int:
        return 12


@dataclass(frozen=True)
class Level:
    """One choice for a factor: the instructions of a predictor, or the demos of all."""

    name: str
    lineage: tuple[str, ...]  # the changes that led to it from the program as it is
    value: Any
    unfit: frozenset[int] = frozenset()  # examples that it was made from


Choice = Mapping[str, Level]  # factor -> level
DEMOS = "demos"


class _Race:
    def __init__(self, race: Race, task: Task) -> None:
        self.race, self.task, self.rng = race, task, task.rng
        self.factors: dict[str, list[Level]] = {
            path: [Level(f"{path} as it is", (), setting.instructions)]
            for path, setting in task.state.items()
        }
        self.factors[DEMOS] = [
            Level("demos as they are", (), {p: s.demos for p, s in task.state.items()})
        ]
        self.scores = Scores()
        self.seen: dict[str, dict[int, Row]] = {}  # state, as text -> its rows on val
        self.spent = 0
        self.probed: list[Row] = []
        self.attempts: dict[str, list[Attempt]] = {}
        self.effects: Effects | None = None

    def run(self) -> Search:
        limit = self.race.calls or CALLS
        self.probed = (yield Evaluate(self.task.state, self._probe())).rows
        self.spent += len(self.probed)
        each = max(1.0, sum(len(row.trace) for row in self.probed) / len(self.probed))
        if self.task.calls is not None:
            limit = min(limit, int(self.task.calls / each))
        if self.race.calls is None and self.task.calls is not None:
            limit = int(self.task.calls / each)
        self.factors[DEMOS] += self._demo_levels()
        idle, generation = 0, 0
        leader: Choice = {name: levels[0] for name, levels in self.factors.items()}
        while self.spent < limit:
            before = leader
            fresh = yield from self._propose(leader)
            generation += 1
            start = self.spent
            while self.spent < limit and self.spent - start < self.race.per_generation * (
                1 + (generation == 1)
            ):
                if not (yield from self._round(limit)):
                    break
                leader = self._leader()
                yield Lead(self._state(leader), self.effects.expected(self._changes(leader)))
                if self.spent - start >= 40 and self._regret() < self.race.settled:
                    break
            self._remember(fresh, before)
            self._prune()
            idle = 0 if any(leader[f].name != before[f].name for f in leader) else idle + 1
            if idle >= self.race.patience or not fresh:
                break
        # what is left settles who leads
        while self.spent < limit and self._regret() >= self.race.settled / 2:
            if not (yield from self._round(limit)):
                break
            leader = self._leader()
            yield Lead(self._state(leader), self.effects.expected(self._changes(leader)))
        return self._state(leader)

    # -- scoring

    def _round(self, limit: int) -> Generator[Any, Any, int]:
        effects = self.effects
        choices: list[Choice] = []
        leader = self._leader()
        for lane in range(self.race.lanes):
            if effects is None:
                choice = {f: self.rng.choice(levels) for f, levels in self.factors.items()}
                if lane == 0:
                    choice = leader
            else:
                drawn = effects.draw(self.rng)
                choice = {
                    f: max(levels, key=lambda one: effects.of(one.lineage, drawn))
                    for f, levels in self.factors.items()
                }
            choices.append(choice)
        asks, whose, taken = [], [], {}
        for choice in choices:
            places = self._places(choice, taken)
            if not places:
                continue
            asks.append(
                Validate(self._state(choice), self.task.state, self._note(choice), places=places)
            )
            whose.append((choice, places))
        room = limit - self.spent
        while asks and sum(len(p) for _, p in whose) > room:
            asks.pop()
            whose.pop()
        if not asks:
            self.spent = limit if room < self.race.block else self.spent
            return 0
        reports = yield tuple(asks)
        for (choice, places), report in zip(whose, reports, strict=True):
            rows = self.seen.setdefault(repr(self._state(choice)), {})
            for place, row in zip(places, report.rows, strict=True):
                rows[place] = row
                self.scores.add(self._changes(choice), place, row.score.value)
            self.spent += len(places)
        self.effects = self.scores.effects()
        return len(asks)

    def _places(self, choice: Choice, taken: dict) -> tuple[int, ...]:
        state = repr(self._state(choice))
        done = set(self.seen.get(state, {})) | taken.setdefault(state, set())
        unfit = frozenset().union(*(level.unfit for level in choice.values()))
        open_ = [i for i in range(len(self.task.val)) if i not in done and i not in unfit]
        if not open_:
            return ()
        picked = []
        changes = self._changes(choice)
        if self.effects is not None:
            ranked = sorted(open_, key=lambda i: (-self.effects.telling(changes, i), i))
        else:
            ranked = open_
        for _ in range(min(self.race.block, len(open_))):
            if self.rng.random() < CHANCE:
                i = self.rng.choice([i for i in open_ if i not in picked])
            else:
                i = next(i for i in ranked if i not in picked)
            picked.append(i)
        taken[state] |= set(picked)
        return tuple(picked)

    # -- choices

    def _leader(self) -> Choice:
        if self.effects is None:
            return {f: levels[0] for f, levels in self.factors.items()}
        return {
            f: max(levels, key=lambda one: self.effects.of(one.lineage))
            for f, levels in self.factors.items()
        }

    def _regret(self) -> float:
        if self.effects is None:
            return 1.0
        return regret(
            self.effects,
            [[l.lineage for l in levels] for levels in self.factors.values()],
            random.Random(self.spent),
        )

    def _changes(self, choice: Choice) -> list[str]:
        return [change for level in choice.values() for change in level.lineage]

    def _state(self, choice: Choice) -> State:
        demos = choice[DEMOS].value
        return {
            path: dataclasses.replace(setting, instructions=choice[path].value, demos=demos[path])
            for path, setting in self.task.state.items()
        }

    def _note(self, choice: Choice) -> str:
        return ", ".join(level.name for level in choice.values() if level.lineage)

    def _prune(self) -> None:
        """Keep the levels that may still be best."""
        if self.effects is None:
            return
        draws = [self.effects.draw(self.rng) for _ in range(100)]
        for f, levels in self.factors.items():
            wins = {l.name: 0 for l in levels}
            for d in draws:
                wins[max(levels, key=lambda l: self.effects.of(l.lineage, d)).name] += 1
            self.factors[f] = [l for l in levels if wins[l.name] >= 3]

    # -- proposing

    def _probe(self) -> list[Example]:
        train = list(self.task.train)
        return self.rng.sample(train, min(self.race.probe, len(train)))

    def _demo_levels(self) -> list[Level]:
        k = self.race.max_demos
        levels = []
        successes = [row for row in self.probed if not row.error and row.score.value >= 1]
        failed = [row.example for row in self.probed if row.score.value < 1]
        train = list(self.task.train)
        boot = {p: s.demos for p, s in self.task.state.items()}
        made: dict[str, list[Example]] = {p: [] for p in self.task.state}
        for row in successes[:k]:
            last: dict[str, Call] = {}
            for call in row.trace:
                if not call.error and not call.rejected and call.path in made:
                    last[call.path] = call
            for p, call in last.items():
                made[p].append(Example(augmented=True, **call.inputs, **call.outputs))
        half = k // 2

        def labelled(path, rows, n):
            return demos_for(self.task.signatures[path], rows)[:n]

        mixed = self.rng.sample(train, len(train))
        used = {id(r.example) for r in successes}
        plans = {
            "bootstrapped demos": {
                p: (*made[p][:half], *labelled(p, mixed, k - len(made[p][:half]))) for p in made
            },
            "demos of failures": {
                p: (*labelled(p, failed, k),) or tuple(made[p][:k]) for p in made
            },
            "labelled demos": {
                p: (*labelled(p, mixed[k:], k),) or tuple(made[p][:k]) for p in made
            },
        }
        for name, demos in plans.items():
            if any(demos.values()) and all(demos != l.value for l in levels):
                levels.append(Level(name, (name,), demos))
                self.scores.place(name)
        return levels

    def _propose(self, leader: Choice) -> Generator[Any, Any, list[Level]]:
        state = self._state(leader)
        mine = self.seen.get(repr(state), {})
        val_rows = list(mine.items())
        base = self.probed if len(val_rows) < 8 else []
        every = [*base, *(row for _, row in val_rows)]
        failures = [row for row in every if row.score.value < 1]
        if not failures:
            return []
        chosen = self.rng.sample(failures, min(self.race.shown, len(failures)))
        good = [row for row in every if row.score.value >= 1]
        good = self.rng.sample(good, min(2, len(good)))
        unfit = frozenset(i for i, row in val_rows if any(row is one for one in chosen))
        path = self._path(failures)
        ask = question(
            path,
            leader[path].value,
            chosen,
            good,
            failures,
            self.attempts.get(path, [])[-3:],
            self.race.siblings,
        )
        answer = yield ask
        texts = rewrites(answer, [l.value for l in self.factors[path]])
        fresh = []
        for text in texts:
            name = f"{path} rewrite {len(self.scores.changes)}.{len(fresh)}.{self.spent}"
            fresh.append(
                Level(name, (*leader[path].lineage, name), text, leader[path].unfit | unfit)
            )
        self.factors[path] = [*self.factors[path], *fresh]
        for level in fresh:
            self.scores.place(level.name)
        if self.effects is not None:
            self.effects = self.scores.effects()
        self._turn = path
        return fresh

    def _path(self, failures: Sequence[Row]) -> str:
        called = [p for p in self.task.state if any(c.path == p for r in failures for c in r.trace)]
        paths = called or list(self.task.state)
        tried = {p: len(self.attempts.get(p, [])) for p in paths}
        blamed = {p: sum(p in r.score.about for r in failures) for p in paths}
        return max(paths, key=lambda p: blamed[p] / len(failures) - 0.15 * tried[p])

    def _remember(self, fresh: Sequence[Level], before: Choice) -> None:
        for level in fresh:
            path = self._turn
            gain = self.effects.of(level.lineage) - self.effects.of(level.lineage[:-1])
            self.attempts.setdefault(path, []).append(Attempt(level.value, gain))
