"""How true it is what searches say, in simulated worlds of one kind: `headroom` or `nothing`."""

from __future__ import annotations

import sys
from pathlib import Path

from measuring import tell

sys.path.append(str(Path(__file__).parent.parent))  # where the worlds are

from searched import Honesty, outcomes

FRESH = 10  # more sets of held-out examples for each search


def main(kind: str, count: int) -> None:
    """Tell what so many searches say beside what is true, in points and percent."""
    found = Honesty([*outcomes(count, kind, fresh=FRESH)])
    tell(
        bias=found.bias,
        own_bias=found.own.bias,
        optimism=found.optimism,
        flattered=found.flattered,
        means=100 * found.of_means,
        own_means=100 * found.own.of_means,
        differences=100 * found.of_differences,
        own_differences=100 * found.own.of_differences,
        worse=100 * found.worse,
        own_worse=100 * found.own.worse,
        worse_alone=100 * found.worse_alone,
        worse_without=100 * found.worse_without,
        gain=found.gain,
        gain_alone=found.gain_alone,
        gain_without=found.gain_without,
    )


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
