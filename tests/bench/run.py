"""dspnb beside the real DSPy: a process each, in turn, and the ratio within each round."""

from __future__ import annotations

import argparse
import resource
import statistics
import subprocess
from collections.abc import Callable
from pathlib import Path

HERE = Path(__file__).parent
SHELL = "from IPython.core.interactiveshell import InteractiveShell as S; s = S.instance()"
BARE = SHELL
LOADED = f"{SHELL}; assert s.run_cell('import dspnb\\n%load_ext dspnb').success"
WITH_DSPY = f"{SHELL}; assert s.run_cell('import dspy').success"


def main() -> None:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--dspnb", required=True, help="a Python that has dspnb")
    parser.add_argument("--dspy", required=True, help="a Python that has dspy and IPython")
    parser.add_argument("--rounds", type=int, default=7)
    given = parser.parse_args()
    imports(given.dspnb, given.dspy, given.rounds)
    for demos in (0, 16):
        scripts(given, "call", f"one call with {demos} demos, µs", demos)
    scripts(given, "parse", "reading five typed outputs, µs")
    scripts(given, "render", "writing a prompt with 16 demos, µs", 16)


def imports(dspnb: str, dspy: str, rounds: int) -> None:
    """CPU seconds of importing, over a bare IPython of the same environment."""
    ours, theirs = _rounds(
        rounds,
        lambda: _cpu(dspnb, LOADED) - _cpu(dspnb, BARE),
        lambda: _cpu(dspy, WITH_DSPY) - _cpu(dspy, BARE),
    )
    _print("import dspnb and %load_ext over bare IPython, s", "import dspy", ours, theirs)


def scripts(given: argparse.Namespace, name: str, what: str, *arguments: int) -> None:
    """CPU microseconds that the two scripts of a name print."""
    ours, theirs = _rounds(
        given.rounds,
        lambda: _printed(given.dspnb, f"{name}_dspnb.py", *arguments),
        lambda: _printed(given.dspy, f"{name}_dspy.py", *arguments),
    )
    _print(what, "dspy", ours, theirs)


def _rounds(
    rounds: int, ours: Callable[[], float], theirs: Callable[[], float]
) -> tuple[list[float], list[float]]:
    ours(), theirs()  # not counted: files come into the cache
    pairs = [(ours(), theirs()) for _ in range(rounds)]
    return [a for a, _ in pairs], [b for _, b in pairs]


def _print(name: str, other: str, ours: list[float], theirs: list[float]) -> None:
    ratio = statistics.median(a / b for a, b in zip(ours, theirs, strict=True))
    mine, its = statistics.median(ours), statistics.median(theirs)
    print(f"{name}: {mine:.3g} [{min(ours):.3g}, {max(ours):.3g}]")
    print(f"  {other}: {its:.3g} [{min(theirs):.3g}, {max(theirs):.3g}]; ratio {ratio:.3f}")


def _cpu(python: str, code: str) -> float:
    """CPU seconds of a whole process, user and system."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([python, "-c", code], check=True, capture_output=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def _printed(python: str, script: str, *arguments: int, calls: int = 1000) -> float:
    command = [python, str(HERE / script), *map(str, arguments), str(calls)]
    return float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


if __name__ == "__main__":
    main()
