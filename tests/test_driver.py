"""What a run does with what an optimizer asks for."""

import dataclasses
import threading
from dataclasses import dataclass, field

import pytest

from dspnb import Budget, Example, Predict, Signature, UsageError, compile, use
from dspnb.errors import ContextTooLong, ServerFailed, TimedOut, UnknownModel, WrongKey
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


# -- the proposer ----------------------------------------------------------------------------


class Proposer:
    """Answers with one of these in turn, remembers the parameters, and may raise."""

    model = "proposer"

    def __init__(self, *answers):
        self.answers, self.params = list(answers), []

    def __call__(self, messages, *, rollout=0, **params):
        self.params.append(params)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return Completion(answer, self.model, 20, 10, dollars=0.001)


READABLE, UNREADABLE = "[[ ## better ## ]]\n7", "seven or so"
ASK = Complete(Signature("draft -> better: int"), {"draft": "x"})


def warnings(run):
    return [e.body.message for e in run.log.since(0) if e.body.kind == "warned"]


def test_a_temperature_goes_to_the_proposer_and_makes_another_question():
    proposer = Proposer(READABLE)
    warm = dataclasses.replace(ASK, temperature=0.7)
    start(Asking((ASK, warm, ASK)), proposer=proposer).wait()

    assert proposer.params == [{}, {"temperature": 0.7}, {}]
    start(Asking((warm, ASK)), proposer=proposer).wait()
    assert len(proposer.params) == 3  # both are known
    start(Asking((warm, warm)), proposer=proposer).wait()
    assert proposer.params[3:] == [{"temperature": 0.7}]  # another sample


def test_a_temperature_is_above_that_of_the_context():
    proposer = Proposer(READABLE)
    with use(params={"temperature": 0.1, "top_p": 0.5}):
        start(Asking((dataclasses.replace(ASK, temperature=1),)), proposer=proposer).wait()

    assert proposer.params == [{"temperature": 1, "top_p": 0.5}]


@pytest.mark.parametrize("awaited", [False, True])
def test_a_question_whose_answer_cannot_be_read_is_answered_by_none(awaited):
    proposer = Proposer(UNREADABLE, UNREADABLE, UNREADABLE, UNREADABLE, READABLE)
    lm = Blue()
    if awaited:
        proposer.never_blocks = True

        async def acall(messages, **params):
            return proposer(messages, **params)

        proposer.acall = acall
    optimizer = Asking((ASK, (ASK, ASK)))
    run = start(optimizer, lm=lm, proposer=proposer).wait()

    first, (second, third) = optimizer.answers
    assert first is None
    assert sorted([second is None, third is None]) == [False, True]
    told = [message for message in warnings(run) if "proposer" in message]
    assert len(told) == 2
    assert told[0].startswith("An answer of the proposer could not be read; the search goes on")
    assert told[1] == "2 answers of the proposer could not be read."


def test_a_question_that_is_too_long_is_answered_by_none():
    proposer = Proposer(ContextTooLong("900 tokens are too many", model="proposer"))
    optimizer = Asking((ASK,))
    run = start(optimizer, proposer=proposer).wait()

    assert optimizer.answers == [None]
    (told,) = [message for message in warnings(run) if "too long for the proposer" in message]
    assert "900 tokens" in told


def test_what_could_not_be_read_is_not_asked_again():
    proposer = Proposer(UNREADABLE)
    start(Asking((ASK,)), proposer=proposer).wait()
    calls = len(proposer.params)
    optimizer = Asking((ASK,))
    run = start(optimizer, proposer=proposer).wait()

    assert optimizer.answers == [None] and len(proposer.params) == calls == 2
    assert any("could not be read" in message for message in warnings(run))


def test_many_unreadable_answers_are_not_too_many_errors():
    optimizer = Asking((ASK,) * 30)
    run = start(optimizer, proposer=Proposer(UNREADABLE)).wait()

    assert optimizer.answers == [None] * 30 and run.status == "done"


@pytest.mark.parametrize("error", [WrongKey, ServerFailed, UnknownModel])
def test_a_proposer_that_cannot_be_asked_ends_the_run(error):
    run = start(Asking((ASK,)), proposer=Proposer(error("no", model="proposer")))
    run.join()

    assert run.status == "failed" and isinstance(run.error, error)


# -- what an optimizer gets to know ----------------------------------------------------------


def test_a_search_knows_how_many_calls_it_may_make():
    def calls(test=(), **limits):
        return start(Asking(()), test=test, budget=Budget(**limits)).wait().task.calls

    assert calls(tokens=9_000) is None
    assert calls(calls=100) == 100 - 3
    assert calls(calls=100, test=things(50, 10)) == 100 - 3 - 2 * 10
    assert calls(calls=100, test=things(50, 40)) == 100 - 3  # more than half is not set aside
    assert calls(calls=2) == 0


def test_a_search_that_goes_on_may_make_as_many_calls_as_before():
    def run():
        lm = Blue()
        options = {"test": things(50, 10), "budget": Budget(calls=26)}
        return start(Asking((Evaluate(STATE, things(100, 40)),)), lm=lm, **options).wait()

    first, second = run(), run()
    assert first.id == second.id and first.status == "stopped"
    assert first.task.calls == second.task.calls == 26 - 3  # 20 were more than half


def test_a_search_knows_the_code_of_the_program():
    run = start(Asking(())).wait()

    assert run.task.source == "self: Predict(thing -> color)"


def test_a_row_that_failed_is_the_same_when_it_is_asked_for_again():
    class Slow(Blue):
        def __call__(self, messages, **params):
            if "thing 101" in messages[-1].content:
                self.calls += 1
                raise TimedOut("no answer", model="blue")
            return super().__call__(messages, **params)

    lm = Slow()
    ask = Evaluate(STATE, things(100, 8))
    optimizer = Asking((ask, ask))
    start(optimizer, lm=lm, max_error_rate=0.5).wait()

    first, second = optimizer.answers
    assert [row.error for row in first.rows] == [row.error for row in second.rows]
    assert lm.calls == 3 + 8
