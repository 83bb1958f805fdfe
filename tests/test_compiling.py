import pytest

from dspnb import (
    BootstrapFewShot,
    Budget,
    Example,
    LabeledFewShot,
    Module,
    Predict,
    Race,
    UsageError,
    compile,
    use,
)
from dspnb.compiling import as_program
from dspnb.testing import Scripted

BARE = [Example(q=str(i), a="x") for i in range(9)]
ROWS = [row.with_inputs("q") for row in BARE]


class Needy(Module):
    def __init__(self, retriever, k=3):
        self.answer = Predict("q -> a")


class Ready(Module):
    def __init__(self, k=3, **options):
        self.answer = Predict("q -> a")


def test_a_program_is_itself_and_a_class_that_needs_nothing_is_called():
    program = Ready()

    assert as_program(program) is program
    assert isinstance(as_program(Ready), Ready)


def test_a_class_that_needs_arguments_says_which():
    with pytest.raises(UsageError, match=r"needs retriever; .* `program = Needy\(retriever=...\)`"):
        as_program(Needy)


@pytest.mark.parametrize("thing", ["q -> a", None, print])
def test_what_is_no_program_is_said(thing):
    with pytest.raises(UsageError, match="A program is a `Module`"):
        as_program(thing)


def start(lm=None, **options):
    given = {
        "program": Predict("q -> a"),
        "optimizer": LabeledFewShot(2),
        "metric": lambda example, prediction: True,
        "train": ROWS,
        **options,
    }
    with use(lm=lm or Scripted(lambda prompt: "[[ ## a ## ]] x")):
        return compile(**given)


def test_a_run_starts_in_the_background_unless_one_waits():
    run = start()

    assert run.wait() is run
    assert start(wait=True).over


def test_without_an_optimizer_one_is_chosen_and_the_run_says_what_for():
    run = start(optimizer=None, val=ROWS * 10, budget=Budget(calls=1), resume="never")
    run.join()

    assert isinstance(run.plan.optimizer, Race)
    assert next(run.events()).body.chosen == run.plan.chosen != ""
    assert start().plan.chosen == ""  # it was named


def test_what_was_chosen_for_one_budget_is_gone_on_with_under_another():
    options = {"optimizer": None, "train": ROWS, "val": ROWS * 2}
    first = start(**options, budget=Budget(calls=40))
    first.join()
    second = start(**options, budget=Budget(calls=300), resume=first.id)
    second.join()
    other = start(**options, budget=Budget(calls=300), resume="never")
    other.join()

    assert (first.optimizer_name, other.optimizer_name) == ("LabeledFewShot", "Race")
    assert second.id == first.id
    assert second.plan.chosen == first.plan.chosen


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"train": BARE}, "does not say which of `q`, `a` are inputs; use `.with_inputs(...)`"),
        ({"val": BARE}, "does not say which of `q`, `a` are inputs; use `.with_inputs(...)`"),
        ({"test": BARE}, "does not say which of `q`, `a` are inputs; use `.with_inputs(...)`"),
        ({"train": [{"q": "?"}] * 4}, "`train` holds {'q': '?'}, which is no `Example`; make them"),
        ({"metric": "exact"}, "A metric is a function of an example and a prediction; got 'exact'"),
        ({"optimizer": "labeled"}, "such as `BootstrapFewShot()`; got 'labeled'"),
        ({"optimizer": BootstrapFewShot}, "such as `BootstrapFewShot()`; got <class"),
        ({"budget": 500}, "A budget is written `Budget(calls=500)`; got 500"),
        ({"concurrency": 0}, "`concurrency` is at least 1; got 0"),
        ({"teacher": "offline"}, "`teacher` is a model such as `LM('offline')`; got 'offline'"),
        ({"proposer": 7}, "`proposer` is a model such as `LM('offline')`; got 7"),
    ],
)
def test_a_wrong_argument_is_said_before_anything_is_spent(options, message):
    lm = Scripted([])

    with pytest.raises(UsageError) as error:
        start(lm=lm, **options)

    assert message in str(error.value)
    assert lm.calls == []
