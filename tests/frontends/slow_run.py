"""A process that drives a run whose model notes in a file when each call begins and ends.

`python slow_run.py FILE SECONDS`: each call takes that long.
"""

import sys
import time
from pathlib import Path

from dspnb import Example, LabeledFewShot, Predict, compile, use
from dspnb.lm.base import Completion

ROWS = [Example(q=str(i), a=str(i % 2)).with_inputs("q") for i in range(1000)]


class Noting:
    model = "noting"

    def __init__(self, file, seconds):
        self.file, self.seconds = Path(file), float(seconds)

    def __call__(self, messages, *, rollout=0, **params):
        self.note("begun")
        time.sleep(self.seconds)
        self.note("ended")
        return Completion("[[ ## a ## ]]\n1", dollars=0.001)

    def note(self, word):
        with self.file.open("a") as out:
            out.write(f"{word}\n")


def right(example, prediction):
    return example.a == prediction.a


def say(*words):
    sys.stdout.write(" ".join(words) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    with use(lm=Noting(*sys.argv[1:])):
        run = compile(
            Predict("q -> a"), LabeledFewShot(2), metric=right,
            train=ROWS[:10], val=ROWS[10:], never_worse=False, concurrency=1,
        )  # fmt: skip
    say(run.id)
    run.join()
    say(run.status, run.reason)
