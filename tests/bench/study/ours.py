"""One run of one of our optimizers, told as a line of plain data."""

from __future__ import annotations

import bisect
import collections
import contextlib
import datetime
import os
import shutil
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from functools import lru_cache
from typing import Any

from grid import Cell
from held import Held, searched
from truths import truths_of

import dspnb
from dspnb.data import BENCHMARKS
from dspnb.data.benchmark import Benchmark, Sets
from dspnb.errors import one_line
from dspnb.events import BestChanged
from dspnb.example import Example, Prediction, Score
from dspnb.lm.base import Completion, Message
from dspnb.module import State
from dspnb.run import Run
from dspnb.simulation import Simulated
from dspnb.simulation.prompts import Fields


@dataclass(frozen=True, eq=False)
class Counted(Simulated):
    """The simulated model, with what it was asked counted as it is on DSPy's side."""

    asked: collections.Counter[str] = field(default_factory=collections.Counter, repr=False)
    proposed: list[tuple[float, int]] = field(default_factory=list, repr=False)  # when, tokens

    def __call__(
        self, messages: Sequence[Message], *, rollout: int = 0, **params: Any
    ) -> Completion:
        of_the_program = self.asked["calls"]
        answer = super().__call__(messages, rollout=rollout, **params)
        if self.asked["calls"] == of_the_program:
            samples = answer.samples or (answer,)
            tokens = sum(one.tokens_in + one.tokens_out for one in samples)
            self.asked["proposals"] += 1
            self.asked["tokens"] += tokens
            self.proposed.append((time.monotonic(), tokens))
        return answer

    def _answer(self, *call: Any) -> Fields:
        self.asked["calls"] += 1
        return super()._answer(*call)


@dataclass(frozen=True, eq=False)
class Timed:
    """The benchmark's metric, which is asked once for each run that is paid for."""

    benchmark: Benchmark
    times: list[float] = field(default_factory=list, repr=False)  # when, by the monotonic clock

    def __call__(self, example: Example, prediction: Prediction) -> Score:
        self.times.append(time.monotonic())
        return self.benchmark.metric(example, prediction)


def run(cell: Cell, *, kept: bool = False) -> dict[str, Any]:
    """The line of one run. An error is told in it, with what there was by then.

    With `kept` it is a run as users have it, in threads and with a store; its line is the same.
    """
    benchmark = BENCHMARKS[cell.benchmark]
    sets = _sets(benchmark, cell.train, 0 if cell.same else cell.val, cell.seed)
    model, metric = Counted(benchmark, cell.seed), Timed(benchmark)
    program = benchmark.program()
    began, cpu = time.perf_counter(), time.process_time()
    with dspnb.use(lm=model):
        found = (_kept if kept else searched)(
            program,
            getattr(dspnb, cell.optimizer)(**cell.settings),
            metric=metric,
            train=sets.train,
            val=sets.train if cell.same else sets.val,
            seed=cell.seed,
            never_worse=cell.never_worse,
            concurrency=1,  # as on DSPy's side; threads would only wait for each other
        )
    seconds, cpu = time.perf_counter() - began, time.process_time() - cpu

    truths = truths_of(cell.benchmark, cell.seed)
    base = truths(program.state)
    best, returned, compared = found.best_candidate, found.returned, found.comparison
    # In other grids only the end is asked for.
    shown = _marks(found, metric, model) if cell.grid == "A" else ()
    events = found.log.since(0)
    means = [event.body.mean for event in events if isinstance(event.body, BestChanged)]
    spent, _ = found.progress
    return {
        **asdict(cell),
        "base": base,
        "best": None if best is None else truths(best.state),
        "returned": None if returned is None else truths(returned.state),
        "curve": [[paid, None, truths(state), mean, tokens] for paid, state, mean, tokens in shown],
        "mean": means[-1] if means else None,
        "program_calls": spent,
        "paid_calls": len(metric.times),
        "model_calls": model.asked["calls"],
        "paid_model_calls": model.asked["calls"],
        "proposals": model.asked["proposals"],
        "proposer_tokens": model.asked["tokens"],
        "seconds": round(seconds, 3),
        "cpu": round(cpu, 3),
        "error": None if found.error is None else one_line(found.error),
        "optimism": None if compared is None else compared.optimism,
        "better": None if compared is None else compared.better,
        "difference": None if compared is None else [*compared.difference],
        "versions": {"dspnb": dspnb.__version__},
        "date": datetime.date.today().isoformat(),
    }


def _kept(*given: Any, **settings: Any) -> Run:
    with _home():
        run = dspnb.compile(*given, **settings, resume="never")
        run.join()
    return run


def _marks(
    found: Run | Held, metric: Timed, model: Counted
) -> Iterator[tuple[int, State, float, int]]:
    """Each new best one: what was paid for by then, its state and validation mean.

    Paid for are runs of the program, and the proposer's tokens, which come last.
    """
    start = time.monotonic() - found.log.seconds
    last = None
    for event in found.log.since(0):
        if isinstance(event.body, BestChanged) and event.body.candidate != last:
            last = event.body.candidate
            now = start + event.time
            paid = bisect.bisect(metric.times, now)
            tokens = sum(tokens for when, tokens in model.proposed if when <= now)
            yield paid, found.candidates[last].state, event.body.mean, tokens


@lru_cache(maxsize=64)
def _sets(benchmark: Benchmark, train: int, val: int, seed: int) -> Sets:
    return benchmark.sets(train, val, 0, seed)


@contextlib.contextmanager
def _home() -> Iterator[None]:
    """A store of its own: what a run keeps is of no use to others, nor is theirs to it."""
    before = os.environ.get("DSPNB_HOME")
    folder = tempfile.mkdtemp()
    os.environ["DSPNB_HOME"] = folder
    try:
        yield
    finally:
        if before is None:
            del os.environ["DSPNB_HOME"]
        else:
            os.environ["DSPNB_HOME"] = before
        shutil.rmtree(folder, ignore_errors=True)
