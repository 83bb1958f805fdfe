"""What differs between two kept runs."""

import pytest

from dspnb import Example, LabeledFewShot, Predict, UsageError, compile, runs, use
from dspnb.lm.base import Completion

ROWS = [Example(q=f"{i:03}", a=str(i % 2)).with_inputs("q") for i in range(60)]


def right(example, prediction):
    return example.a == prediction.a


def learner(messages, **params):
    """With demos it is right; without it says 1."""
    asked = messages[-1].content.split("\n")[1]
    return Completion(f"[[ ## a ## ]]\n{int(asked) % 2 if len(messages) > 2 else 1}", dollars=0.01)


learner.model = "learner"


def kept(k=4, **options):
    given = {"metric": right, "train": ROWS[:5], "val": ROWS[5:15], "test": ROWS[15:], **options}
    with use(lm=learner):
        run = compile(Predict("q -> a"), LabeledFewShot(k), **given).wait()
    return runs()[run.id]


class Nothing:
    """An optimizer that leaves the program as it is."""

    def search(self, task):
        return task.state
        yield

    def program_calls(self, train, val, predictors=1):
        return 0

    def __repr__(self):
        return "Nothing()"


def as_it_was():
    with use(lm=learner):
        run = compile(
            Predict("q -> a"), Nothing(), metric=right,
            train=ROWS[:5], val=ROWS[5:15], test=ROWS[15:],
        ).wait()  # fmt: skip
    return runs()[run.id]


def test_the_better_one_of_two_is_told_by_pairs():
    worse, good = as_it_was(), kept()
    found = runs().compare(worse.id, good.id)

    mean, low, high = found.difference
    assert mean == pytest.approx(22 / 45)
    assert 0 < low < mean < high
    assert found.better > 0.99
    assert "(22 better, 0 worse), P(better) 0.99" in found.conclusion
    assert found.parts == ["the optimizer"]
    assert found.settings == [("optimizer", "Nothing()", "LabeledFewShot(k=4, sample=True)")]
    figures = {name: (a, b) for name, a, b in found.figures}
    assert figures["candidates tried"] == ("1", "2")
    assert figures["given, on held-out"][1] == "1.000 [0.921, 1.000] on 45 examples"

    back = runs().compare(good.id, worse.id)
    assert back.difference == pytest.approx((-mean, -high, -low))
    assert back.better == pytest.approx(1 - found.better)


@pytest.mark.parametrize(
    ("options", "part"),
    [
        ({"test": ROWS[16:]}, "the held-out examples"),
        ({"metric": lambda example, prediction: True}, "the metric"),
        ({"test": None}, "the held-out examples"),
    ],
)
def test_scores_that_mean_different_things_are_not_subtracted(options, part):
    found = runs().compare(kept().id, kept(**options).id)

    assert part in found.parts
    assert found.difference is found.better is None
    assert "no paired difference" in str(found)


def test_a_run_is_not_compared_with_itself():
    one = kept()

    with pytest.raises(UsageError, match="cannot be compared with itself"):
        runs().compare(one.id, one.id[:9])
