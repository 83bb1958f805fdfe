"""What every optimizer must do. A new one needs one subclass with one fixture."""

import copy
import hashlib
import os
import random
import subprocess
import sys
import typing
from pathlib import Path

import pytest

from dspnb import Example, Prediction, Score, Signature
from dspnb.module import Setting
from dspnb.optimizers import Complete, Evaluate, Lead, Task, Validate
from dspnb.report import Report, Row
from dspnb.trace import Call

SIGNATURES = {"a": Signature("x: int -> y: int"), "b.0": Signature("y: int -> z")}
LOOP, NEVER = "loop.step", "never"  # called three times in a run, and not at all
FOUR = {**SIGNATURES, LOOP: Signature("y: int -> z"), NEVER: Signature("x: int -> z")}
ROWS = [Example(x=i, y=i, z=str(i)).with_inputs("x") for i in range(12)]


def task(seed=0, train=ROWS, val=ROWS[:4], demos=(), signatures=SIGNATURES, **more):
    state = {path: Setting(f"Do {path}.", demos) for path in signatures}
    return Task(state, train, val, random.Random(seed), signatures, **more)


def call(path, **values):
    """A call in a trace, with what the signature of that path takes and gives."""
    signature = FOUR[path]
    inputs = {field.name: values[field.name] for field in signature.inputs}
    outputs = {field.name: values[field.name] for field in signature.outputs}
    return Call(path, signature, inputs, outputs, (), None)


def row(example, value, *more):
    """A scored row whose program called both predictors."""
    trace = (call("a", **example), call("b.0", **example), *more)
    return Row(example, Prediction(z="z"), Score(value), trace=trace)


def rows(state, examples, value):
    """What a program of this state made of the examples: all its predictors but one were called."""
    more = [LOOP] * 3 if LOOP in state else []
    return [row(one, value(), *(call(path, **one) for path in more)) for one in examples]


def proposed(annotation, name):
    """What a proposer answers for a field of this type."""
    match typing.get_origin(annotation) or annotation:
        case kind if kind is list:
            return [name]
        case kind if kind is dict:
            return {path: name for path in FOUR}
        case kind if kind is bool:
            return True
    return name


def answered(ask, value):
    """The answer to an ask, with this score for each row."""
    match ask:
        case tuple():
            return tuple(answered(one, value) for one in ask)
        case Complete(signature, _):
            return Prediction(**{f.name: proposed(f.type, f.name) for f in signature.outputs})
        case Evaluate(state, examples):
            return Report(rows(state, examples, value))
        case Validate(state, places=places):
            chosen = [ROWS[i] for i in (range(4) if places is None else places)]
            return Report(rows(state, chosen, value))
        case Lead():
            return None


def drive(optimizer, given, value=None, limit=2000, answered=answered):
    """Answer a search until it ends. Gives what it asked, and what it chose."""
    noise = random.Random(7)
    search, asked, answer = optimizer.search(given), [], None
    for _ in range(limit):
        try:
            ask = search.send(answer)
        except StopIteration as end:
            return asked, end.value
        asked.append(ask)
        answer = answered(ask, value or noise.random)
    raise AssertionError(f"still asking after {limit} asks")


def without_a_proposer(ask, value):
    """The same answers, but nothing that the proposer says can be read."""
    match ask:
        case tuple():
            return tuple(without_a_proposer(one, value) for one in ask)
        case Complete():
            return None
    return answered(ask, value)


def digest(optimizer):
    """Of all that a search asks and chooses."""
    return hashlib.sha256(repr(drive(optimizer, task(1, signatures=FOUR))).encode()).hexdigest()


class OptimizerContract:
    def test_it_returns_settings_for_the_same_predictors(self, optimizer):
        _, chosen = drive(optimizer, task())

        assert chosen.keys() == task().state.keys()
        assert all(isinstance(setting, Setting) for setting in chosen.values())

    def test_the_same_seed_asks_the_same_things(self, optimizer):
        assert drive(optimizer, task(1)) == drive(optimizer, task(1))

    def test_the_same_seed_asks_the_same_things_in_another_process(self, optimizer):
        tests = Path(__file__).parent.parent
        code = (
            "from optimizers.contract import digest; from dspnb.optimizers import *; "
            f"print(digest({optimizer!r}))"
        )
        found = subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, "PYTHONPATH": f"{tests}:{tests.parent}", "PYTHONHASHSEED": "77"},
            capture_output=True,
            text=True,
            check=True,
        )

        assert found.stdout.strip() == digest(optimizer)

    @pytest.mark.parametrize("value", [None, lambda: 0.0, lambda: 1.0])
    def test_four_predictors_of_which_one_loops_and_one_is_never_called(self, optimizer, value):
        _, chosen = drive(optimizer, task(signatures=FOUR), value)

        assert chosen.keys() == FOUR.keys()

    def test_what_a_proposer_says_need_not_be_readable(self, optimizer):
        _, chosen = drive(optimizer, task(), answered=without_a_proposer)

        assert chosen.keys() == task().state.keys()

    def test_it_changes_nothing_it_was_given(self, optimizer):
        given = task()
        before = copy.deepcopy((given.state, given.train, given.val))
        drive(optimizer, given)

        assert (given.state, given.train, given.val) == before

    def test_it_can_be_abandoned_at_any_point(self, optimizer):
        asked, _ = drive(optimizer, task())

        for stop in range(len(asked)):
            search, answer, noise = optimizer.search(task()), None, random.Random(7)
            for _ in range(stop + 1):
                answer = answered(search.send(answer), noise.random)
            search.close()

    def test_it_ends_when_nothing_ever_succeeds(self, optimizer):
        _, chosen = drive(optimizer, task(), value=lambda: 0.0)

        assert chosen.keys() == task().state.keys()

    def test_one_training_example_is_enough(self, optimizer):
        _, chosen = drive(optimizer, task(train=ROWS[:1]))

        assert chosen.keys() == task().state.keys()

    @pytest.mark.parametrize("signatures", [SIGNATURES, FOUR])
    @pytest.mark.parametrize("value", [lambda: 1.0, None])
    def test_it_tells_about_how_many_runs_it_takes(self, optimizer, signatures, value):
        asked, _ = drive(optimizer, task(signatures=signatures), value)
        every = [one for ask in asked for one in (ask if isinstance(ask, tuple) else (ask,))]
        runs = sum(
            (4 if one.places is None else len(one.places))
            if isinstance(one, Validate)
            else len(one.examples)
            for one in every
            if isinstance(one, Validate | Evaluate)
        )
        questions = sum(isinstance(one, Complete) for one in every)
        sizes = len(ROWS), 4, len(signatures)

        assert sum(optimizer.program_calls(*sizes).values()) >= runs
        told = getattr(optimizer, "proposer_calls", lambda *sizes: 0)
        assert told(*sizes) >= questions
