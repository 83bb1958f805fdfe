"""Learn from the examples that a program does well at times, and at times badly."""

from __future__ import annotations

import dataclasses
import math
import random
import statistics
from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from dspnb.errors import UsageError
from dspnb.example import Example
from dspnb.module import State
from dspnb.report import Row
from dspnb.signature import Signature
from dspnb.trace import Call

from .base import Complete, Evaluate, Search, Task, Validate
from .shown import call_text, feedback_text, fields_text

ADVISE = Signature(
    "program, modules, given, known, better_run, worse_run -> cause, advice: dict[str, str]",
    "A program made of language model modules was run several times for `given`; `known` is what "
    "is known of the right result. Work out what made `better_run` better than `worse_run`: the "
    "`cause`. Then write `advice`, by the name of a module, that would have turned the worse run "
    "into the better one and will help with other inputs of that kind. A module sees only its "
    "inputs, its instructions and your advice, so tell it in which situation it should do what, "
    "and nothing that is true of this one example only. Leave out modules that need no advice.",
)
NOT_SHOWN = "(no such run)"


@dataclass(frozen=True)
class SIMBA:
    """Run small batches many times over; what tells good runs from bad ones changes the program.

    DSPy's SIMBA. In each of `max_steps`, `bsize` training examples are run `num_candidates` times
    each, once by the program as it was and else by the best ones so far. From the examples whose
    scores differ most, at most `num_candidates + 1` new programs are made: one is given a good run
    as a demo, of which at most `max_demos` stay, or advice of the proposer, which compares a good
    run with a bad one. They are scored on the same batch. In the end, of the winners of all steps
    at most `num_candidates` are validated, and the best on `val` is kept.

    A program counts for what it gained on its batch over the program as it was. Programs are drawn
    with probabilities as `exp(gain / temperature)`. A text in a demo is cut off after
    `demo_input_field_maxlen` characters. The teacher makes one of the runs of each example.
    """

    bsize: int = 32
    num_candidates: int = 6
    max_steps: int = 8
    max_demos: int = 4
    temperature_for_sampling: float = 0.2
    temperature_for_candidates: float = 0.2
    demo_input_field_maxlen: int = 100_000

    def __post_init__(self) -> None:
        counts = (self.bsize, self.num_candidates, self.max_steps, self.demo_input_field_maxlen)
        if min(counts) < 1 or self.max_demos < 0:
            raise UsageError(f"Demos are at least 0, and all other counts at least 1; got {self}.")
        if self.temperature_for_sampling <= 0 or self.temperature_for_candidates <= 0:
            raise UsageError(f"Temperatures are above 0; got {self}.")

    def search(self, task: Task) -> Search:
        pool, winners = [_Program(task.state)], [task.state]
        batches = _batches(task, self.bsize)
        for _ in range(self.max_steps):
            batch = next(batches)
            before, buckets = yield from self._sampled(task, pool, batch)
            states = yield from self._candidates(task, pool, buckets)
            if not states:
                continue
            reports = yield tuple(Evaluate(state, batch) for state in states)
            new = [
                _Program(state, report.mean - before)
                for state, report in zip(states, reports, strict=True)
            ]
            winners.append(max(new, key=lambda one: one.gain).state)
            pool += new
        chosen = _spaced(winners, self.num_candidates + 1)
        reports = yield tuple(Validate(state, task.state, "winner of a step") for state in chosen)
        means = [report.mean for report in reports]
        return chosen[means.index(max(means))]

    @property
    def most_demos(self) -> int:
        """How many demos a prompt may have."""
        return self.max_demos

    def program_calls(self, train: int, val: int, predictors: int = 1) -> dict[str, int]:
        runs = self.max_steps * min(self.bsize, train)
        return {
            "sampling": runs * self.num_candidates,
            "trying": runs * (self.num_candidates + 1),
            "validating": min(self.num_candidates, self.max_steps) * val,
        }

    def proposer_calls(self, train: int, val: int, predictors: int = 1) -> int:
        """How many calls of the proposer a search takes at most."""
        return self.max_steps * min(self.num_candidates + 1, self.bsize, train)

    def _sampled(
        self, task: Task, pool: Sequence[_Program], batch: Sequence[Example]
    ) -> Generator[Any, Any, tuple[float, list[_Bucket]]]:
        """The batch's mean as the program was, and all runs of each example."""
        top = self._top(pool)
        asks, places = [Evaluate(task.state, batch)], [list(range(len(batch)))]
        for rollout in range(1, self.num_candidates):
            drawn: dict[int, list[int]] = {}  # which program -> the places of its examples
            for place in range(len(batch)):
                which = _draw(task.rng, pool, top, self.temperature_for_sampling)
                drawn.setdefault(which, []).append(place)
            role = "teacher" if rollout == 1 else "student"
            for which, its in drawn.items():
                asks.append(Evaluate(pool[which].state, [batch[i] for i in its], rollout, role))
                places.append(its)
        reports = yield tuple(asks)
        runs: list[list[Row]] = [[] for _ in batch]
        for its, report in zip(places, reports, strict=True):
            for place, row in zip(its, report.rows, strict=True):
                runs[place].append(row)
        return reports[0].mean, [_Bucket.of(rows) for rows in runs]

    def _candidates(
        self, task: Task, pool: Sequence[_Program], buckets: Sequence[_Bucket]
    ) -> Generator[Any, Any, list[State]]:
        """New programs, from the examples whose runs differ most."""
        low, high = _percentiles([row.score.value for one in buckets for row in one.rows])
        top, rng = self._top(pool), task.rng
        made: list[State] = []
        asked: list[tuple[State, Complete]] = []
        for bucket in sorted(buckets, key=lambda one: one.spread, reverse=True):
            if len(made) + len(asked) > self.num_candidates:
                break
            source = pool[_draw(rng, pool, top, self.temperature_for_candidates)].state
            state = _with_fewer_demos(source, self.max_demos or 3, rng)
            with_demo = rng.choice([True, False]) if self.max_demos else False
            if bucket.best <= low or not (with_demo or bucket.worst < high):
                continue  # nothing to learn from: as bad as the worst, or never bad
            if with_demo:
                made.append(_with_demo(state, bucket.rows[0], self.demo_input_field_maxlen))
            else:
                asked.append((state, _advice(task, state, bucket, high)))
        answers = (yield tuple(ask for _, ask in asked)) if asked else ()
        for (state, _), answer in zip(asked, answers, strict=True):
            if answer is not None:
                made.append(_advised(state, answer.advice))
        fresh: list[State] = []
        for state in made:
            if state not in fresh and all(state != one.state for one in pool):
                fresh.append(state)
        return fresh

    def _top(self, pool: Sequence[_Program]) -> list[int]:
        """Which programs of the pool are the best ones, and always the one as it was."""
        ranked = sorted(range(len(pool)), key=lambda i: -pool[i].gain)[: self.num_candidates]
        return ranked if 0 in ranked else [*ranked[:-1], 0]


@dataclass(frozen=True)
class _Program:
    """A state that was tried."""

    state: State
    gain: float = 0.0  # its mean beyond that of the program as it was, on the same examples


@dataclass(frozen=True)
class _Bucket:
    """The runs of one example, the best one first."""

    rows: Sequence[Row]

    @classmethod
    def of(cls, rows: Sequence[Row]) -> _Bucket:
        return cls(sorted(rows, key=lambda row: -row.score.value))

    @property
    def best(self) -> float:
        return self.rows[0].score.value

    @property
    def worst(self) -> float:
        return self.rows[-1].score.value

    @property
    def spread(self) -> tuple[float, float, float]:
        """How much there is to learn from: by the whole gap, the best score, and how rare it is."""
        mean = statistics.fmean(row.score.value for row in self.rows)
        return self.best - self.worst, self.best, self.best - mean


def _batches(task: Task, size: int) -> Iterator[Sequence[Example]]:
    """Batches of the training examples without end, shuffled anew when too few are left."""
    size = min(size, len(task.train))
    while True:
        order = task.rng.sample(task.train, len(task.train))
        for start in range(0, len(order) - size + 1, size):
            yield order[start : start + size]


def _draw(
    rng: random.Random, pool: Sequence[_Program], among: Sequence[int], temperature: float
) -> int:
    most = max(pool[i].gain for i in among)
    weights = [math.exp((pool[i].gain - most) / temperature) for i in among]
    return rng.choices(among, weights)[0]


def _percentiles(scores: Sequence[float]) -> tuple[float, float]:
    """The 10th and the 90th percentile."""
    if len(scores) == 1:
        return scores[0], scores[0]
    tenths = statistics.quantiles(scores, n=10, method="inclusive")
    return tenths[0], tenths[-1]


def _with_fewer_demos(state: State, most: int, rng: random.Random) -> State:
    """Without some random demos, at the same places of all predictors; where full, at least one."""
    demos = max(len(setting.demos) for setting in state.values())
    drop = min(demos, max(_poisson(rng, demos / most), int(demos >= most)))
    gone = {rng.randrange(demos) for _ in range(drop)}
    return {
        path: dataclasses.replace(
            setting, demos=tuple(demo for i, demo in enumerate(setting.demos) if i not in gone)
        )
        for path, setting in state.items()
    }


def _poisson(rng: random.Random, mean: float) -> int:
    """A draw from the Poisson distribution, by Knuth's method: `mean` is small."""
    count, product = 0, rng.random()
    while product > math.exp(-mean):
        count, product = count + 1, product * rng.random()
    return count


def _with_demo(state: State, row: Row, longest: int) -> State:
    """With the last call of each predictor in a run as one more demo of it."""
    last = {call.path: call for call in row.trace if not call.error and not call.rejected}
    return {
        path: dataclasses.replace(setting, demos=(*setting.demos, _demo(last[path], longest)))
        if path in last
        else setting
        for path, setting in state.items()
    }


def _demo(call: Call, longest: int) -> Example:
    inputs = {name: _cut(value, longest) for name, value in call.inputs.items()}
    return Example(**{"augmented": True, **inputs, **call.outputs})


def _cut(value: Any, longest: int) -> Any:
    if isinstance(value, str) and len(value) > longest:
        return f"{value[:longest]}\n(the rest is left out)"
    return value


def _advice(task: Task, state: State, bucket: _Bucket, high: float) -> Complete:
    example, better, worse = bucket.rows[0].example, bucket.rows[0], bucket.rows[-1]
    alike = bucket.best == bucket.worst  # then it is an example of either good or bad runs
    good = _run_text(better) if not alike or bucket.best > high else NOT_SHOWN
    bad = _run_text(worse) if not alike or bucket.best <= high else NOT_SHOWN
    modules = [
        f"{path}: {task.signatures[path]}\n{setting.instructions}"
        for path, setting in state.items()
    ]
    inputs = {
        "program": task.source or "(not known)",
        "modules": "\n\n".join(modules),
        "given": fields_text(example.inputs),
        "known": fields_text(example.labels) or "(nothing)",
        "better_run": good,
        "worse_run": bad,
    }
    return Complete(ADVISE, inputs)


def _run_text(row: Row) -> str:
    """The calls of a run, what the program gave, and how good that was."""
    calls = [f"Module {call.path}\n{call_text(call)}" for call in row.trace]
    gave = f"The program gave:\n{fields_text(row.prediction)}" if row.prediction else ""
    score = f"Score: {row.score.value:g}\n{feedback_text(row)}"
    return "\n\n".join(filter(None, [*calls, gave, score]))


def _advised(state: State, advice: Mapping[str, str]) -> State:
    """With advice below the instructions of the predictors that it names."""
    given = {path: text.strip() for path, text in advice.items()}
    return {
        path: dataclasses.replace(setting, instructions=f"{setting.instructions}\n\n{given[path]}")
        if given.get(path)
        else setting
        for path, setting in state.items()
    }


def _spaced(winners: Sequence[State], most: int) -> list[State]:
    """At most so many, evenly spaced from the first to the last, each once."""
    last = len(winners) - 1
    chosen: list[State] = []
    for i in range(most):
        state = winners[round(i * last / (most - 1))]
        if state not in chosen:
            chosen.append(state)
    return chosen
