"""The study's tables: what both sides gain, what that takes, and how alike they are."""

from __future__ import annotations

import collections
import math
import operator
import statistics
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from grid import ABOUT, BUDGETS, GRIDS, Grid, Side
from lines import Line, Lines, Where, by_task, pairs, speed_up
from resampled import Mean, mean

BAND = 1.0  # points within which two programs are as good as each other
HEAVY = "MIPROv2", "GEPA"
SIDES: Mapping[Side, str] = {"ours": "dspnb", "dspy": "DSPy"}


def report(told: Iterable[Mapping[str, Any]]) -> str:
    """All tables that these lines are enough for, in Markdown."""
    lines = Lines.of(told)
    parts = [_about(lines)]
    for grid in GRIDS:
        if any(lines.kinds(side, grid) for side in SIDES):
            parts += [f"## {grid}: {ABOUT[grid]}", costs(lines, grid), by_benchmark(lines, grid)]
    parts += ["## The best program known after so many runs", anytime(lines)]
    parts += ["## Parity", parity(lines)]
    parts += ["## Race beside DSPy's best", duels(lines), savings(lines)]
    return "\n\n".join(part for part in parts if part)


def costs(lines: Lines, grid: Grid) -> str:
    """What each optimizer gains in a grid, how often it harms, and what it takes."""
    rows = []
    for side, optimizer, budget, some in _kinds(lines, grid):
        every = [*some.values()]
        rows.append(
            [
                _name(side, optimizer, budget),
                str(len(every)),
                str(_mean(some, lambda line: line.gain)),
                str(_mean(some, lambda line: line.returned)),
                _percent(line.gain < -BAND for line in every),
                _percent(line.returned < -BAND for line in every),
                _average(line.flattered for line in every),
                f"{statistics.fmean(line.calls for line in every):,.0f}",
                f"{statistics.fmean(line.told['program_calls'] for line in every):,.0f}",
                f"{statistics.fmean(line.tokens for line in every):,.0f}",
                str(sum(line.failed for line in every)),
            ]
        )
    heading = [
        *("optimizer", "runs", "gain of the best found", "of what is returned"),
        *("best is worse", "returned is worse", "validation over truth"),
        *("program runs", "with repeated ones", "proposer tokens", "errors"),
    ]
    return _table(heading, rows)


def by_benchmark(lines: Lines, grid: Grid) -> str:
    """The mean gain of the best found, in points, by benchmark."""
    kinds = list(_kinds(lines, grid))
    names = sorted({benchmark for *_, some in kinds for benchmark, _ in some})
    rows = []
    for side, optimizer, budget, some in kinds:
        means = []
        for name in names:
            gains = [line.gain for where, line in some.items() if where[0] == name]
            means.append(f"{statistics.fmean(gains):+.1f}" if gains else "")
        rows.append([_name(side, optimizer, budget), *means])
    return _table(["points", *names], rows)


def anytime(lines: Lines) -> str:
    """The mean gain of the best one so far, after so many runs of the program."""
    rows = []
    for side, optimizer, _, some in _kinds(lines, "A"):
        rows.append([_name(side, optimizer, None), *_curve(some)])
    for side in SIDES:
        for optimizer in dict(lines.kinds(side, "C")):
            ends = []
            for budget in BUDGETS:
                some = lines.of_kind(side, "C", optimizer, budget)
                ends.append(str(_mean(some, lambda line: line.gain)) if some else "")
            rows.append([f"{SIDES[side]} {optimizer}, given that budget", *ends])
    return _table(["gain after", *(f"{budget:,} runs" for budget in BUDGETS)], rows)


def parity(lines: Lines) -> str:
    """Ours beside DSPy's where both have the same optimizer with the same settings."""
    rows, together = [], collections.defaultdict(list)
    for name, ours, theirs in twins(lines):
        both = list(pairs(ours, theirs))
        rows.append(_twin(name, both))
        together[name.partition(" ")[0]].append(both)
    for optimizer, several in together.items():
        if len(several) > 1:
            rows.append(
                _twin(f"{optimizer}, together", [pair for both in several for pair in both])
            )
    heading = [
        *("optimizer", "pairs", "dspnb gains", "DSPy gains", "difference, 95%"),
        *("better / equal / worse", "runs, ours / DSPy's", "tokens, ours / DSPy's"),
    ]
    return _table(heading, rows)


def _twin(name: str, both: Sequence[tuple[Where, Line, Line]]) -> list[str]:
    gains = [(where, mine.gain - other.gain) for where, mine, other in both]
    return [
        name,
        str(len(both)),
        f"{statistics.fmean(mine.gain for _, mine, _ in both):+.1f}",
        f"{statistics.fmean(other.gain for _, _, other in both):+.1f}",
        str(mean(by_task(gains))),
        _score(gain for _, gain in gains),
        _ratio(both, lambda line: line.calls),
        _ratio(both, lambda line: line.tokens),
    ]


def twins(lines: Lines) -> Iterator[tuple[str, dict[Where, Line], dict[Where, Line]]]:
    """Optimizers that both sides have with the same settings: ours, and DSPy's."""
    for grid in GRIDS:
        for optimizer, budget in lines.kinds("dspy", grid):
            ours = lines.of_kind("ours", grid, optimizer, budget)
            theirs = lines.of_kind("dspy", grid, optimizer, budget)
            if ours.keys() & theirs.keys():
                yield f"{optimizer} ({_where(grid, budget)})", ours, theirs


def duels(lines: Lines) -> str:
    """Race against DSPy's optimizers, run by run; as good means within a point."""
    rows = []
    for grid, budget, optimizer, races, theirs in _rivals(lines):
        both = list(pairs(races, theirs))
        gains = {where: mine.gain - other.gain for where, mine, other in both}
        kept = {where: mine.returned - other.gain for where, mine, other in both}
        rows.append(
            [
                f"{optimizer} ({_where(grid, budget)})",
                str(len(both)),
                str(mean(by_task(gains))),
                _score(gains.values()),
                _score(statistics.fmean(task) for task in by_task(gains)),
                str(mean(by_task(kept))),
                _score(kept.values()),
            ]
        )
    heading = [
        *("Race beside DSPy's", "pairs", "the best found gains more by"),
        *("better / equal / worse", "tasks", "what is returned, by", "better / equal / worse"),
    ]
    return _table(heading, rows)


def savings(lines: Lines) -> str:
    """How many times fewer runs Race takes to be as good as DSPy's optimizers end up."""
    rows = []
    for grid, budget, optimizer, races, theirs in _rivals(lines):
        if budget is not None:
            continue
        both = list(pairs(races, theirs))
        firsts = {w: speed_up(mine.reached(other.final), mine, other) for w, mine, other in both}
        lasts = {w: speed_up(mine.settled(other.final), mine, other) for w, mine, other in both}
        never = sum(mine.reached(other.final) is None for _, mine, other in both)
        undone = sum(mine.settled(other.final) is None for _, mine, other in both)
        swapped = [(where, other, mine) for where, mine, other in both]
        rows.append(
            [
                f"{optimizer} ({grid})",
                str(len(both)),
                _times(mean(by_task(firsts)).of_logs),
                str(never),
                _times(mean(by_task(lasts)).of_logs),
                str(undone),
                _ratio(swapped, lambda line: line.calls),
                _ratio(swapped, lambda line: line.tokens),
                f"{statistics.fmean(mine.asked(other.final) for _, mine, other in both):,.0f} of "
                f"{statistics.fmean(other.tokens for _, _, other in both):,.0f}",
            ]
        )
    heading = [
        *("beside DSPy's", "pairs", "times fewer runs to be as good as its end", "never"),
        *("to be and stay as good", "not in the end", "times fewer runs in all"),
        *("times fewer proposer tokens", "tokens to be as good, of DSPy's"),
    ]
    return _table(heading, rows)


# ------------------------------------------------------------------------------------------


def _about(lines: Lines) -> str:
    versions: dict[str, set[str]] = {}
    for line in lines.all:
        for name, version in line.told["versions"].items():
            versions.setdefault(name, set()).add(version)
    said = ", ".join(f"{name} {' and '.join(sorted(seen))}" for name, seen in versions.items())
    dates = sorted({line.told["date"] for line in lines.all})
    when = " to ".join(dict.fromkeys([dates[0], dates[-1]])) if dates else "never"
    return (
        f"{len(lines.all):,} runs, {when}; {said}. Gains are in points of the true mean score; "
        "intervals are 95%, over tasks and seeds. Worse means by more than a point."
    )


def _kinds(lines: Lines, grid: Grid) -> Iterator[tuple[Side, str, int | None, dict[Where, Line]]]:
    for side in SIDES:
        for optimizer, budget in lines.kinds(side, grid):
            yield side, optimizer, budget, lines.of_kind(side, grid, optimizer, budget)


def _rivals(
    lines: Lines,
) -> Iterator[tuple[Grid, int | None, str, dict[Where, Line], dict[Where, Line]]]:
    """Races and DSPy's runs on the same examples."""
    for grid in ("A", "C"):
        for optimizer, budget in lines.kinds("dspy", grid):
            races = lines.of_kind("ours", grid, "Race", budget)
            theirs = lines.of_kind("dspy", grid, optimizer, budget)
            if races.keys() & theirs.keys():
                yield grid, budget, optimizer, races, theirs


def _curve(some: Mapping[Where, Line]) -> list[str]:
    return [str(_mean(some, operator.methodcaller("at", calls))) for calls in BUDGETS]


def _mean(some: Mapping[Where, Line], value: Callable[[Line], float]) -> Mean:
    return mean(by_task({where: value(line) for where, line in some.items()}))


def _name(side: Side, optimizer: str, budget: int | None) -> str:
    return f"{SIDES[side]} {optimizer}" + (f" {budget:,}" if budget else "")


def _where(grid: Grid, budget: int | None) -> str:
    return f"{grid}, {budget:,} runs" if budget else grid


def _percent(claims: Iterable[bool]) -> str:
    return f"{100 * statistics.fmean(claims):.0f}%"


def _average(values: Iterable[float | None]) -> str:
    known = [value for value in values if value is not None]
    return f"{statistics.fmean(known):+.1f}" if known else ""


def _score(differences: Iterable[float]) -> str:
    """How many are better, equal and worse, within the band."""
    every = list(differences)
    better, worse = sum(d > BAND for d in every), sum(d < -BAND for d in every)
    return f"{better} / {len(every) - better - worse} / {worse}"


def _ratio(both: Sequence[tuple[Where, Line, Line]], of: Callable[[Line], int]) -> str:
    """The geometric mean of the first ones' over the second ones', where both took any."""
    logs = [
        (where, math.log(of(first) / of(second)))
        for where, first, second in both
        if of(first) and of(second)
    ]
    return _times(mean(by_task(logs)).of_logs) if logs else ""


def _times(found: Mean) -> str:
    return f"{found.value:.2f} [{found.low:.2f}, {found.high:.2f}]"


def _table(heading: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    if not rows:
        return ""
    every = [heading, ["---"] * len(heading), *rows]
    return "\n".join(f"| {' | '.join(row)} |" for row in every)
