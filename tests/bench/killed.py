"""Searches that are killed at random moments and go on: how each of them ends."""

from __future__ import annotations

import random
import sys
import tempfile
from pathlib import Path

from measuring import tell

sys.path.insert(0, str(Path(__file__).parent.parent))

from killing import CONCURRENCY, OPTIMIZERS, Searching, kill_and_resume


def main(kills: int) -> None:
    """Tell how many were killed, ended alike, went on, and the most calls that were paid twice."""
    done = []
    luck = random.Random("a moment")
    with tempfile.TemporaryDirectory() as folder:
        for n, name in enumerate(sorted(OPTIMIZERS)):
            whole = Searching(Path(folder) / name, name)
            found = whole.finish()
            for kill in range(n, kills, len(OPTIMIZERS)):
                at = Path(folder) / str(kill)
                done.append(kill_and_resume(at, name, found, whole.calls[0], luck))
    tell(
        kills=len(done),
        alike=sum(kill.same for kill in done),
        most_twice=max(kill.twice for kill in done),
        allowed=CONCURRENCY,
        mean_twice=sum(kill.twice for kill in done) / len(done),
        mean_in_flight=sum(kill.in_flight for kill in done) / len(done),
    )


if __name__ == "__main__":
    main(int(sys.argv[1]))
