"""What every optimizer must do. A new one needs one subclass with one fixture."""

import copy
import random

from dspnb import Example, Prediction, Score, Signature
from dspnb.module import Setting
from dspnb.optimizers import Complete, Evaluate, Task, Validate
from dspnb.report import Report, Row
from dspnb.trace import Call

SIGNATURES = {"a": Signature("x: int -> y: int"), "b.0": Signature("y: int -> z")}
ROWS = [Example(x=i, y=i, z=str(i)).with_inputs("x") for i in range(12)]


def task(seed=0, train=ROWS, val=ROWS[:4], demos=()):
    state = {path: Setting(f"Do {path}.", demos) for path in SIGNATURES}
    return Task(state, train, val, random.Random(seed), SIGNATURES)


def call(path, **values):
    """A call in a trace, with what the signature of that path takes and gives."""
    signature = SIGNATURES[path]
    inputs = {field.name: values[field.name] for field in signature.inputs}
    outputs = {field.name: values[field.name] for field in signature.outputs}
    return Call(path, signature, inputs, outputs, (), None)


def row(example, value, *more):
    """A scored row whose program called both predictors."""
    trace = (call("a", **example), call("b.0", **example), *more)
    return Row(example, Prediction(z="z"), Score(value), trace=trace)


def answered(ask, value):
    """The answer to an ask, with this score for each row."""
    match ask:
        case tuple():
            return tuple(answered(one, value) for one in ask)
        case Complete(signature, _):
            return Prediction(**{field.name: field.name for field in signature.outputs})
        case Evaluate(_, examples):
            return Report([row(example, value()) for example in examples])
        case Validate():
            return Report([row(example, value()) for example in ROWS[:4]])


def drive(optimizer, given, value=None, limit=500):
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


class OptimizerContract:
    def test_it_returns_settings_for_the_same_predictors(self, optimizer):
        _, chosen = drive(optimizer, task())

        assert chosen.keys() == task().state.keys()
        assert all(isinstance(setting, Setting) for setting in chosen.values())

    def test_the_same_seed_asks_the_same_things(self, optimizer):
        assert drive(optimizer, task(1)) == drive(optimizer, task(1))

    def test_it_changes_nothing_it_was_given(self, optimizer):
        given = task()
        before = copy.deepcopy((given.state, given.train, given.val))
        drive(optimizer, given)

        assert (given.state, given.train, given.val) == before

    def test_it_can_be_abandoned_at_any_point(self, optimizer):
        asked, _ = drive(optimizer, task())

        for stop in range(len(asked)):
            search, answer = optimizer.search(task()), None
            for _ in range(stop + 1):
                answer = answered(search.send(answer), random.Random(7).random)
            search.close()

    def test_it_ends_when_nothing_ever_succeeds(self, optimizer):
        _, chosen = drive(optimizer, task(), value=lambda: 0.0)

        assert chosen.keys() == task().state.keys()

    def test_one_training_example_is_enough(self, optimizer):
        _, chosen = drive(optimizer, task(train=ROWS[:1]))

        assert chosen.keys() == task().state.keys()

    def test_it_tells_about_how_many_runs_it_takes(self, optimizer):
        asked, _ = drive(optimizer, task(), value=lambda: 1.0)
        runs = sum(
            4 if isinstance(one, Validate) else len(one.examples)
            for ask in asked
            for one in (ask if isinstance(ask, tuple) else (ask,))
        )

        assert sum(optimizer.program_calls(len(ROWS), 4).values()) >= runs
