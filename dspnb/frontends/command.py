"""The command `dspnb`: the runs of a project in a terminal, those of other processes too."""

from __future__ import annotations

import argparse
import os
import sys
import textwrap
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NoReturn

from dspnb.errors import UsageError
from dspnb.events import Compared
from dspnb.harmless import harmless
from dspnb.kept_run import KeptRun
from dspnb.plain_table import plain_table
from dspnb.report import Report
from dspnb.runs import KeptRuns, runs, score, when

from .words import compared, verdict


class _Unreadable(Exception):
    """What is wrong with a command line, and how it is used."""


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise _Unreadable(f"{message} (see `{self.prog} --help`)")


def main(arguments: Sequence[str] | None = None) -> int:
    """Do what the arguments say.

    Gives 0, 1 when it cannot be done, 2 for a command that cannot be read; then a line on stderr
    says why.
    """
    try:
        given = _parser().parse_args(arguments)
        kept = runs()
        if said := given.do(kept, given):
            print(said, flush=True)
        if kept.trouble:
            return _failed(1, kept.trouble)
    except _Unreadable as error:
        return _failed(2, str(error))
    except (UsageError, OSError, ValueError) as error:
        if isinstance(error, BrokenPipeError):  # `dspnb runs | head`
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return 0
        return _failed(1, str(error))
    except KeyboardInterrupt:
        return _failed(1, "interrupted")
    return 0


def _failed(code: int, message: str) -> int:
    print(f"dspnb: {harmless(message)}", file=sys.stderr)
    return code


def _parser() -> argparse.ArgumentParser:
    parser = _Parser("dspnb", description="Runs of optimizers that are kept in this project.")
    parser.set_defaults(do=_listed)
    areas = parser.add_subparsers(title="commands", metavar="runs")
    area = areas.add_parser("runs", help="list runs, or do something with one")
    commands = area.add_subparsers(title="commands", metavar="COMMAND")

    def command(
        name: str, do: Callable[[KeptRuns, argparse.Namespace], str], help: str, *ids: str
    ) -> argparse.ArgumentParser:
        made: argparse.ArgumentParser = commands.add_parser(name, help=help, description=help)
        made.set_defaults(do=do)
        for id_ in ids:
            made.add_argument(id_, metavar=id_.upper(), help="a run's id, or how it begins")
        return made

    command("show", _shown, "what a run was given, found and took", "id")
    command("stop", _stopped, "stop a run that is under way in any process", "id")
    command("pause", _paused, "let a run that is under way begin no further call", "id")
    command("resume", _resumed, "let a paused run go on", "id")
    command("delete", _deleted, "forget a run; scores that other runs show stay", "id")
    command("compare", _compared, "what differs between two runs", "a", "b")
    export = command("export", _exported, "write a run as JSON lines", "id")
    export.add_argument("file", metavar="FILE", nargs="?", help="where to; `ID.jsonl` without it")
    export.add_argument("--overwrite", action="store_true", help="replace a file that is there")
    return parser


def _listed(kept: KeptRuns, given: argparse.Namespace) -> str:
    return kept.table


def _shown(kept: KeptRuns, given: argparse.Namespace) -> str:
    run = kept[given.id]
    parts = ["\n".join(_facts(run)), textwrap.fill(run.summary, 100)]
    if run.candidates:
        heads = ["candidate", "from", "score", "held out", "note"]
        rows = [_candidate(run, each.id) for each in run.candidates]
        parts.append(plain_table(heads, rows, shorten=["note"]))
    told = (event.body for event in run.log.since(0))
    parts += [_held_out(body) for body in told if isinstance(body, Compared)]
    if run.lost:
        parts.append(f"{run.lost} evaluations cannot be shown: their scored examples were deleted")
    return "\n\n".join(parts)


def _facts(run: KeptRun) -> list[str]:
    settings, spent = run.settings, run.spent
    sizes = (f"{settings.get(name, 0):,} {name}" for name in ("train", "val", "test"))
    facts = {
        "run": run.id,
        "began": when(run),
        "status": f"{run.status}{f' ({run.reason})' if run.reason else ''}",
        "optimizer": settings.get("optimizer", ""),
        "chosen": f"for {settings['chosen']}" if settings.get("chosen") else "",
        "metric": run.metric_name,
        "model": settings.get("model", ""),
        "examples": ", ".join(sizes),
        "budget": settings.get("budget", ""),
        "seed": settings.get("seed", ""),
        "line": " ".join(str(settings.get("line", "")).split()),  # it may have had several lines
        "score": score(run),
        "spent": f"{spent.get('calls', 0):,} calls, {spent.get('tokens', 0):,} tokens, {run.cost}, "
        f"{spent.get('seconds', 0.0):,.1f} s",
    }
    return [f"{name:<10}{harmless(str(fact))}" for name, fact in facts.items() if fact != ""]


def _held_out(body: Compared) -> str:
    return "\n".join(filter(None, [*compared(body), verdict(body)]))


def _candidate(run: KeptRun, number: int) -> list[str]:
    candidate = run.candidates[number]
    held_out = run.evaluations.get((number, "test"))
    mark = " (best)" if candidate is run.best_candidate else ""
    return [
        f"{number}{mark}",
        "" if candidate.parent is None else str(candidate.parent),
        _scores(candidate.report) if candidate.report else "-",
        _scores(held_out) if held_out else "",
        candidate.note,
    ]


def _scores(report: Report) -> str:
    low, high = report.interval
    return f"{report.mean:.3f} [{low:.3f}, {high:.3f}] on {len(report.rows):,}"


def _stopped(kept: KeptRuns, given: argparse.Namespace) -> str:
    return f"{kept.stop(given.id)} is told to stop; it keeps its best so far."


def _paused(kept: KeptRuns, given: argparse.Namespace) -> str:
    return f"{kept.pause(given.id)} is told to pause; calls in flight are finished."


def _resumed(kept: KeptRuns, given: argparse.Namespace) -> str:
    return f"{kept.resume(given.id)} is told to go on."


def _deleted(kept: KeptRuns, given: argparse.Namespace) -> str:
    return f"{kept.delete(given.id)} is deleted."


def _compared(kept: KeptRuns, given: argparse.Namespace) -> str:
    return str(kept.compare(given.a, given.b))


def _exported(kept: KeptRuns, given: argparse.Namespace) -> str:
    run = kept[given.id]
    file = Path(given.file or f"{run.id}.jsonl")
    return f"written to {kept.export(run.id, file, overwrite=given.overwrite)}"
