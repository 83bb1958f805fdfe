"""What stands under a cell that changed programs of other cells: a short line for each."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from IPython.display import display

from dspnb.errors import listed
from dspnb.refit import Refit

from .markup import marked


@dataclass(frozen=True)
class Notice:
    """Lines with names in backticks."""

    lines: tuple[str, ...]

    def __repr__(self) -> str:
        return "\n".join(self.lines)

    def _repr_html_(self) -> str:
        return "".join(f"<div>{marked(line)}</div>" for line in self.lines)


def show(lines: Iterable[str]) -> None:
    """Display the lines, each once; nothing when there are none."""
    if once := tuple(dict.fromkeys(lines)):
        display(Notice(once))


def kept(name: str, refits: Sequence[Refit], gone: Iterable[str] = ()) -> str:
    """What a program kept of what it had learned.

    >>> from dspnb.module import Setting
    >>> kept("triage", [Refit(Setting(), True, 4, (), ("they lack `route`",))])
    '`triage`: instructions kept, 4 demos kept, 1 dropped (they lack `route`)'
    >>> kept("triage", [])
    '`triage`: updated'
    """
    demos = sum(refit.kept for refit in refits)
    dropped = [reason for refit in refits for reason in refit.dropped]
    lacking = dict.fromkeys(name for refit in refits for name in refit.lacking)
    said = ["instructions kept"] if any(refit.instructions_kept for refit in refits) else []
    if demos:
        count = f"{_demos(demos)} kept"
        said.append(f"{count} (without {listed(lacking)})" if lacking else count)
    if dropped:
        reasons = "; ".join(dict.fromkeys(dropped))
        what = f"{len(dropped)} dropped" if demos else f"{_demos(len(dropped))} dropped"
        said.append(f"{what} ({reasons})")
    said += [f"what `{path}` had learned is dropped: it is no longer there" for path in gone]
    return f"`{name}`: {', '.join(said) or 'updated'}"


def _demos(number: int) -> str:
    return "1 demo" if number == 1 else f"{number} demos"
