"""A run on a terminal: drawn anew while it goes on, with a summary in its place at the end."""

from __future__ import annotations

from typing import TextIO

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.padding import Padding
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from dspnb.events import Evaluated, Event, Proposed
from dspnb.harmless import harmless
from dspnb.run import Run

from .follow import follow
from .told import Told
from .words import (
    changes,
    chosen,
    clock,
    compared,
    estimated,
    resumed,
    roughly,
    setup,
    spending,
    spent,
    verdict,
)

PAUSE = 0.1  # seconds between two drawings
LATEST = 5  # candidates that are shown
BAR = 40  # columns
STYLES = {"running": "cyan", "done": "green", "failed": "red"}  # others: yellow


def watch(run: Run, out: TextIO) -> None:
    """Draw the run on a terminal until it ends. What is printed meanwhile stands above it."""
    console = Console(file=out, highlight=False, markup=False, emoji=False, force_jupyter=False)
    told = Told()

    def show(batch: list[Event]) -> None:
        for event in batch:
            told.take(event)
        live.update(view(run, told), refresh=True)

    try:
        with Live(console=console, auto_refresh=False, transient=True) as live:
            follow(run, show, pause=PAUSE, every=0.5)
    finally:
        console.print(view(run, told))


def view(run: Run, told: Told) -> Group:
    """The run as it stands, in a few lines."""
    parts: list[RenderableType] = [_heading(told), *_setup(told)]
    if not told.over:
        parts += [_line(told.phase), _indented(_bar(run))]
    if told.spent is None:
        parts.append(_line(f"{spending(run.spending.usage)}, {clock(_seconds(run, told))}", "dim"))
    parts += [_line(words) for words in _best(told)]
    if told.proposed:
        parts.append(_indented(_candidates(told)))
    parts += [_line(f"note: {message}", "yellow") for message in told.warnings[-LATEST:]]
    if told.compared is not None:
        score, *more = compared(told.compared)
        parts += [_line(score, "bold"), _line("; ".join(more))]
        if words := verdict(told.compared):
            parts.append(_line(words, "bold yellow"))
    if told.spent is not None:
        parts.append(_line(spent(told.spent, told.estimated)))
    return Group(*parts)


def _heading(told: Told) -> Text:
    heading = Text(told.started.optimizer if told.started else "run", style="bold")
    heading.append(f"  {told.status}", STYLES.get(told.status, "yellow"))
    if told.reason:
        heading.append(f": {harmless(told.reason)}")
    return heading


def _setup(told: Told) -> list[Padding]:
    return [
        _line(words, "dim")
        for words in (
            setup(told.started) if told.started else "",
            chosen(told.started) if told.started else "",
            resumed(told.resumed) if told.resumed else "",
            estimated(told.estimated) if told.estimated and not told.spent else "",
        )
        if words
    ]


def _bar(run: Run) -> Table:
    done, total = run.progress
    words = Text(f" {done:,} of {total:,} runs  " if total else f" {done:,} runs  ")
    if run.remaining is not None:
        words.append(f"about {roughly(run.remaining)} left", "dim")
    grid = Table.grid()
    bar = ProgressBar(total or 1, min(done, total or 0), width=BAR, complete_style="cyan")
    grid.add_row(bar, words)
    return grid


def _seconds(run: Run, told: Told) -> float:
    return told.seconds if told.over else run.log.seconds


def _best(told: Told) -> list[str]:
    leader = told.leader
    if leader is None:
        return []
    where = f"{_score(leader)} on {leader.n:,} validation"
    if told.started is not None and leader.n < told.started.val and told.mean is not None:
        where = f"{told.mean:.3f} expected; {where}"
    return [f"best so far: #{leader.candidate}  {where}"]


def _candidates(told: Told) -> Table:
    table = Table.grid(padding=(0, 2))
    for id_, body in list(told.proposed.items())[-LATEST:]:
        scored = told.evaluated.get((id_, "val"))
        style = "bold" if id_ == told.best else "dim"
        score = Text(_score(scored) if scored else "...", style, no_wrap=True)
        what = Text(_what(body), style, overflow="ellipsis", no_wrap=True, end="")
        table.add_row(Text(f"#{id_}", style, justify="right"), score, what)
    return table


def _what(body: Proposed) -> str:
    changed = changes(body)
    return harmless(f"{body.note}: {changed}" if changed else body.note)


def _score(body: Evaluated) -> str:
    failed = f", {body.errors} failed" if body.errors else ""
    return f"{body.mean:.3f} [{body.low:.3f}, {body.high:.3f}]{failed}"


def _line(words: str, style: str = "") -> Padding:
    """Of a text that a model may have written: not one of its characters is a command."""
    return _indented(Text(harmless(words), style, overflow="fold"))


def _indented(what: RenderableType) -> Padding:
    return Padding(what, (0, 0, 0, 2), expand=False)
