"""Where the runs of a project are kept: `$DSPNB_HOME`, or `.dspnb` in the project's directory."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

SIGNS = (".dspnb", ".git", "pyproject.toml")  # one of these makes a directory a project


def store_file(start: Path | None = None) -> Path:
    """The file of the runs; neither it nor its directory need be there yet.

    It is in `$DSPNB_HOME` when that is set. Else the project is the nearest directory from `start`
    (the current one) upwards that has a `.dspnb`, a `.git` or a `pyproject.toml`; without any,
    `start` itself.
    """
    chosen = os.environ.get("DSPNB_HOME")
    if chosen:
        return Path(chosen).expanduser().absolute() / "runs.sqlite"
    start = (start or Path.cwd()).absolute()
    for folder in (start, *start.parents):
        if any(os.path.exists(folder / sign) for sign in SIGNS):  # not where one may not look
            return folder / ".dspnb" / "runs.sqlite"
    return start / ".dspnb" / "runs.sqlite"


def make_folder(file: Path) -> None:
    """Make the directory of the file; one of ours is not taken into the project's repository."""
    if file.parent.exists():
        return
    file.parent.mkdir(parents=True)
    if file.parent.name == ".dspnb":
        with contextlib.suppress(OSError):  # the runs can be kept all the same
            (file.parent / ".gitignore").write_text("*\n")
