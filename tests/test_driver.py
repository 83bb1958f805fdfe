"""What a run does with what an optimizer asks for."""

import threading
from dataclasses import dataclass, field

import pytest

from dspnb import Example, Predict, Signature, UsageError, compile, use
from dspnb.lm.base import Completion
from dspnb.module import Setting
from dspnb.optimizers import (
    BootstrapFewShot,
    Chain,
    Complete,
    Evaluate,
    LabeledFewShot,
    Train,
    Validate,
)

STATE = Predict("thing -> color").state


def things(start, count):
    return [
        Example(thing=f"thing {i}", color="blue").with_inputs("thing")
        for i in range(start, start + count)
    ]


def right(example, prediction):
    return prediction.color == example.color


class Blue:
    """A model that always says blue, and knows how many calls were in it at a time."""

    def __init__(self, name="blue", wait_for=0):
        self.model, self._wait_for = name, wait_for
        self.calls, self.inside, self.most = 0, 0, 0
        self._changed = threading.Condition()

    def __call__(self, messages, *, rollout=0, **params):
        with self._changed:
            self.calls += 1
            self.inside += 1
            self.most = max(self.most, self.inside)
            self._changed.notify_all()
            self._changed.wait_for(lambda: self.most >= self._wait_for, timeout=5)
        text = "[[ ## better ## ]]\nBe exact." if "better" in messages[-1].content else ""
        with self._changed:
            self.inside -= 1
        return Completion(text or "[[ ## color ## ]]\nblue", self.model, dollars=0.0)


@dataclass
class Asking:
    """An optimizer that makes these asks, keeps the answers, and returns the state it was given."""

    asks: tuple
    answers: list = field(default_factory=list, compare=False)

    def search(self, task):
        for ask in self.asks:
            self.answers.append((yield ask))
        return task.state

    def program_calls(self, train, val, predictors=1):
        return None


def start(optimizer, *, lm=None, **options):
    given = {"metric": right, "train": things(0, 6), "val": things(10, 3), **options}
    with use(lm=lm or Blue()):
        return compile(given.pop("program", Predict("thing -> color")), optimizer, **given)


# -- asks made together ------------------------------------------------------------------


def test_the_examples_of_asks_made_together_share_one_pool():
    lm = Blue(wait_for=4)
    asks = tuple(Evaluate({"self": Setting(f"Try {i}.")}, things(100, 1)) for i in range(8))
    start(Asking((asks,)), lm=lm, val=things(10, 4), concurrency=4).wait()

    assert lm.most == 4  # one example each: four candidates at a time, and never more


def test_the_same_example_asked_for_twice_at_once_is_paid_once():
    lm = Blue()
    ask = Evaluate({"self": Setting("Try.")}, things(100, 5))
    optimizer = Asking(((ask, ask, Validate({"self": Setting("Try.")})),))
    start(optimizer, lm=lm).wait()

    first, second, _ = optimizer.answers[0]
    assert lm.calls == 3 + 5 + 3
    assert first.scores == second.scores == [1.0] * 5


def test_an_empty_tuple_of_asks_is_answered_by_one():
    optimizer = Asking(((),))
    start(optimizer).wait()

    assert optimizer.answers == [()]


def test_the_same_question_twice_gives_two_samples():
    proposer = Blue("proposer")
    ask = Complete(Signature("draft -> better"), {"draft": "x"})
    optimizer = Asking((ask, ask, (ask, ask)))
    start(optimizer, proposer=proposer).wait()

    assert proposer.calls == 4
    start(Asking((ask, ask, (ask, ask))), proposer=proposer).wait()
    assert proposer.calls == 4  # the second search knows all four


# -- cells ---------------------------------------------------------------------------------


def test_another_optimizer_and_another_seed_buy_no_score_twice():
    lm = Blue()
    start(LabeledFewShot(6), lm=lm).wait()
    calls = lm.calls
    run = start(Chain(LabeledFewShot(6)), lm=lm, seed=0).wait()

    assert lm.calls == calls
    assert run.spending.usage.calls == 0
    assert run.progress[0] == 3 + 3


@pytest.mark.parametrize(
    "changed",
    [
        {"metric": lambda example, prediction: len(prediction.color)},
        {"lm": Blue("another")},
        {"program": Predict("thing -> color: str, why")},
        {"resume": "never"},
    ],
)
def test_what_a_score_depends_on_makes_it_another(changed):
    start(Asking(())).wait()
    run = start(Asking(()), **changed)
    run.join()

    assert run.spending.usage.calls >= 3


def test_rows_of_an_earlier_run_are_as_they_were():
    optimizer = Asking((Evaluate(STATE, things(100, 4)),))
    start(optimizer).wait()
    again = Asking((Evaluate(STATE, things(100, 4)),))
    start(again).wait()
    (before,), (after,) = optimizer.answers, again.answers

    assert [row.prediction for row in after.rows] == [row.prediction for row in before.rows]
    assert [row.example for row in after.rows] == things(100, 4)
    for old, new in zip(before.rows, after.rows, strict=True):
        (was,), (is_,) = old.trace, new.trace
        assert (is_.path, is_.inputs, is_.outputs) == (was.path, was.inputs, was.outputs)
        assert (is_.messages, is_.completion) == (was.messages, was.completion)


# -- optimizers of optimizers --------------------------------------------------------------


def test_a_chain_begins_each_optimizer_with_the_best_state_of_those_before():
    class ByDemos(Blue):
        def __call__(self, messages, **params):
            super().__call__(messages)
            shown = (len(messages) - 2) // 2
            return Completion(f"[[ ## color ## ]]\n{'blue' if shown >= 2 else 'red'}", "m")

    run = start(Chain(LabeledFewShot(2), LabeledFewShot(1)), lm=ByDemos()).wait()

    assert [c.report.mean for c in run.candidates] == [0.0, 1.0, 0.0]
    assert len(run.best.state["self"].demos) == 2


def test_an_optimizer_may_use_another_inside():
    class Outer:
        def search(self, task):
            state = yield from LabeledFewShot(2).search(task)
            yield Validate(state)
            return (yield from BootstrapFewShot(1, 1).search(task))

        def program_calls(self, train, val, predictors=1):
            return None

    run = start(Outer()).wait()

    assert [len(c.state["self"].demos) for c in run.candidates] == [0, 2, 1]


def test_a_compiled_program_is_compiled_further():
    first = start(LabeledFewShot(2)).wait()
    second = start(LabeledFewShot(4), program=first.best).wait()

    assert second.candidates[0].state == first.best.state


def test_several_runs_go_on_at_once():
    lm = Blue(wait_for=6)
    runs = [
        start(Asking(()), lm=lm, val=things(100 * i, 3), concurrency=2, seed=i) for i in range(1, 4)
    ]
    for run in runs:
        run.wait()

    assert lm.most == 6  # two of each of the three
    assert {run.status for run in runs} == {"done"}


# -- training --------------------------------------------------------------------------------


class Remembering:
    """A trainer whose models know the rows by heart."""

    def __init__(self):
        self.trained = {}

    fingerprint = "remembering"

    def train(self, rows, checkpoint):
        checkpoint()
        name = f"model of {len(rows)}"
        self.trained[name] = len(rows)
        return name

    def model(self, name):
        return Blue(name)


@dataclass(frozen=True)
class Tuning:
    def search(self, task):
        report = yield Evaluate(task.state, task.train)
        trained = yield Train(report.rows)
        few = yield Evaluate(task.state, task.train[:2], role=trained.role)
        assert len(few.rows) == 2
        yield Validate(task.state, task.state, "trained", trained.role)
        return task.state

    def program_calls(self, train, val, predictors=1):
        return train + 2 + val


class Red(Blue):
    def __call__(self, messages, **params):
        super().__call__(messages)
        return Completion("[[ ## color ## ]]\nred", "red")


def test_a_trained_model_is_a_candidate_and_comes_with_the_best_program():
    trainer = Remembering()
    run = start(Tuning(), lm=Red("red"), trainer=trainer).wait()

    assert trainer.trained == {"model of 6": 6}
    assert [c.report.mean for c in run.candidates] == [0.0, 1.0]
    assert run.best.lm.model == "model of 6"
    assert run.best(thing="x").color == "blue"


def test_a_model_is_not_trained_twice():
    trainer = Remembering()
    start(Tuning(), lm=Red("red"), trainer=trainer).wait()
    trainer.trained.clear()
    run = start(Tuning(), lm=Red("red"), trainer=trainer).wait()

    assert trainer.trained == {}
    assert run.best.lm.model == "model of 6"


def test_without_a_trainer_training_is_an_error_that_says_what_to_give():
    run = start(Tuning())
    run.join()

    with pytest.raises(UsageError, match=r"Tuning trains weights; say with what: `compile\("):
        run.wait()
