"""Small runs to watch."""

from dspnb import Example, LabeledFewShot, Predict, compile, use
from dspnb.testing import Scripted

ROWS = [Example(q=str(i), a="1").with_inputs("q") for i in range(14)]


def small_run(reply=lambda prompt: "[[ ## a ## ]]\n1", **options):
    """A run of a few calls, on its way; `reply` answers each."""
    with use(lm=Scripted(reply)):
        return compile(Predict("q -> a"), LabeledFewShot(2), metric=right, train=ROWS[:6],
                       **{"val": ROWS[6:8], "test": ROWS[8:], **options})  # fmt: skip


def right(example, prediction):
    return prediction.a == example.a
