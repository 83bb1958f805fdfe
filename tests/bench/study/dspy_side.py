"""One run of one of DSPy's optimizers, told as a line of plain data."""

from __future__ import annotations

import contextlib
import datetime
import importlib.metadata
import io
import logging
import os
import tempfile
import time
import traceback
import warnings
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

os.environ.setdefault("TQDM_DISABLE", "1")
os.environ.setdefault("DSPY_CACHEDIR", str(Path(tempfile.gettempdir()) / "dspnb-study"))

import dspy
from dspy.utils.callback import BaseCallback
from dspy_model import Asked, Model
from dspy_programs import Metric, as_examples, is_program, program, state_of
from grid import Cell
from truths import truths_of

from dspnb.data import BENCHMARKS
from dspnb.data.benchmark import Benchmark
from dspnb.module import State
from dspnb.simulation import Simulated

PACKAGES = "dspy", "gepa", "optuna"


@dataclass(frozen=True)
class Given:
    """What an optimizer is given."""

    program: dspy.Module
    train: list[dspy.Example]
    val: list[dspy.Example]
    metric: Metric
    feedback: Metric
    model: Model
    seed: int
    settings: Mapping[str, Any]


def run(cell: Cell) -> dict[str, Any]:
    """The line of one run. An error is told in it, with what there was by then."""
    benchmark = BENCHMARKS[cell.benchmark]
    sets = benchmark.sets(cell.train, 0 if cell.same else cell.val, 0, cell.seed)
    train = as_examples(sets.train)
    val = train if cell.same else as_examples(sets.val)
    simulated = Simulated(benchmark, cell.seed)
    model = Model(simulated)
    given = Given(
        program(benchmark),
        train,
        val,
        Metric(benchmark),
        Metric(benchmark, feedback=True),
        model,
        cell.seed + 1,  # MIPROv2 takes 0 for no seed
        cell.settings,
    )
    watch = Watch(benchmark, model.asked, len(val))
    began, cpu = time.perf_counter(), time.process_time()
    found, error = _found(cell.optimizer, given, watch)
    seconds, cpu = time.perf_counter() - began, time.process_time() - cpu

    truths = truths_of(cell.benchmark, cell.seed)
    base = truths(benchmark.program().state)
    final = None if found is None else truths(state_of(benchmark, found))
    curve = [[mark.paid, mark.runs, truths(mark.state), mark.mean] for mark in watch.marks]
    return {
        **asdict(cell),
        "base": base,
        "best": final,
        "returned": final,
        "curve": curve,
        "mean": watch.marks[-1].mean if watch.marks else None,
        "program_calls": watch.runs,
        "paid_calls": watch.paid,
        "model_calls": model.asked.calls,
        "paid_model_calls": model.asked.paid,
        "proposals": model.asked.proposals,
        "proposer_tokens": model.asked.proposer_tokens,
        "seconds": round(seconds, 3),
        "cpu": round(cpu, 3),
        "error": error,
        "versions": {name: importlib.metadata.version(name) for name in PACKAGES},
        "date": datetime.date.today().isoformat(),
    }


@dataclass(frozen=True)
class Mark:
    """A new best one, as a full evaluation found it."""

    paid: int  # runs of the program by then that a cache would not have answered
    runs: int  # all runs of the program by then
    mean: float  # on the validation set
    state: State


@dataclass
class Watch(BaseCallback):
    """Counts runs of the program and sees who is the best one so far."""

    benchmark: Benchmark
    asked: Asked
    val: int  # examples to a full evaluation
    runs: int = 0
    paid: int = 0
    marks: list[Mark] = field(default_factory=list)
    _before: dict[str, int] = field(default_factory=dict)  # call -> what the model was paid for
    _shown: dict[str, State] = field(default_factory=dict)  # evaluation -> its program

    def on_module_start(self, call_id: str, instance: Any, inputs: dict[str, Any]) -> None:
        """A run of the program begins, perhaps."""
        if is_program(self.benchmark, instance):
            self._before[call_id] = self.asked.paid

    def on_module_end(self, call_id: str, outputs: Any, exception: Any = None) -> None:
        """It is over."""
        if call_id in self._before:
            self.runs += 1
            self.paid += self.asked.paid > self._before.pop(call_id)

    def on_evaluate_start(self, call_id: str, instance: Any, inputs: dict[str, Any]) -> None:
        """A program is scored, perhaps on all of the validation set."""
        devset = instance.devset if inputs.get("devset") is None else inputs["devset"]
        if len(devset) == self.val:
            self._shown[call_id] = state_of(self.benchmark, inputs["program"])

    def on_evaluate_end(self, call_id: str, outputs: Any, exception: Any = None) -> None:
        """It may be the best one so far."""
        if call_id not in self._shown or outputs is None:
            return
        state, mean = self._shown.pop(call_id), outputs.score / 100
        if not self.marks or mean > self.marks[-1].mean:
            self.marks.append(Mark(self.paid, self.runs, mean, state))


def _found(optimizer: str, given: Given, watch: Watch) -> tuple[dspy.Module | None, str | None]:
    dspy.configure_cache(enable_disk_cache=False, enable_memory_cache=True)
    quiet = io.StringIO()
    with (
        dspy.context(lm=given.model, callbacks=[watch], num_threads=1, disable_history=True),
        contextlib.redirect_stdout(quiet),
        contextlib.redirect_stderr(quiet),
        warnings.catch_warnings(action="ignore"),
    ):
        logging.disable(logging.CRITICAL)
        try:
            return OPTIMIZERS[optimizer](given), None
        except Exception as error:  # told in the line, whatever it is
            return None, f"{type(error).__name__}: {error}\n{traceback.format_exc(limit=-3)}"
        finally:
            logging.disable(logging.NOTSET)


# -- optimizers ----------------------------------------------------------------------------


def _labeled(given: Given) -> dspy.Module:
    return dspy.LabeledFewShot(**given.settings).compile(given.program, trainset=given.train)


def _bootstrap(given: Given) -> dspy.Module:
    search = dspy.BootstrapFewShot(metric=given.metric, **given.settings)
    return search.compile(given.program, trainset=given.train)


def _random_search(given: Given) -> dspy.Module:
    search = dspy.BootstrapFewShotWithRandomSearch(
        metric=given.metric, num_threads=1, **given.settings
    )
    return search.compile(given.program, trainset=given.train, valset=given.val)


def _optuna(given: Given) -> dspy.Module:
    search = dspy.teleprompt.BootstrapFewShotWithOptuna(
        metric=given.metric, num_threads=1, **given.settings
    )
    return search.compile(given.program, max_demos=4, trainset=given.train, valset=given.val)


def _copro(given: Given) -> dspy.Module:
    search = dspy.COPRO(metric=given.metric, prompt_model=given.model, **given.settings)
    return search.compile(
        given.program,
        trainset=given.val,
        eval_kwargs={"num_threads": 1, "display_progress": False},
    )


def _simba(given: Given) -> dspy.Module:
    search = dspy.SIMBA(
        metric=given.metric, prompt_model=given.model, num_threads=1, **given.settings
    )
    return search.compile(given.program, trainset=given.train, seed=given.seed)


def _rules(given: Given) -> dspy.Module:
    search = dspy.InferRules(metric=given.metric, num_threads=1, **given.settings)
    return search.compile(given.program, trainset=given.train, valset=given.val)


def _mipro(given: Given) -> dspy.Module:
    settings = dict(given.settings)
    trials = settings.pop("num_trials", None)
    search = dspy.MIPROv2(
        metric=given.metric,
        prompt_model=given.model,
        task_model=given.model,
        num_threads=1,
        seed=given.seed,
        **settings,
    )
    return search.compile(given.program, trainset=given.train, valset=given.val, num_trials=trials)


def _gepa(given: Given) -> dspy.Module:
    search = dspy.GEPA(
        metric=given.feedback,
        reflection_lm=given.model.copy(temperature=1.0),  # as its documentation advises
        num_threads=1,
        seed=given.seed,
        **given.settings,
    )
    return search.compile(given.program, trainset=given.train, valset=given.val)


OPTIMIZERS: Mapping[str, Callable[[Given], dspy.Module]] = {
    "LabeledFewShot": _labeled,
    "BootstrapFewShot": _bootstrap,
    "BootstrapFewShotWithRandomSearch": _random_search,
    "BootstrapFewShotWithOptuna": _optuna,
    "COPRO": _copro,
    "SIMBA": _simba,
    "InferRules": _rules,
    "MIPROv2": _mipro,
    "GEPA": _gepa,
}
