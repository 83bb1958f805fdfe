"""Where dspnb keeps its files: `$DSPNB_HOME`, or the place for caches on this system."""

from __future__ import annotations

import os
from pathlib import Path

import platformdirs


def home() -> Path:
    """The directory of dspnb's files; it may not be there yet, and is made by who writes in it.

    It is `$DSPNB_HOME` when that is set.
    """
    chosen = os.environ.get("DSPNB_HOME")
    return Path(chosen).expanduser() if chosen else platformdirs.user_cache_path("dspnb", False)


def cache_file() -> Path:
    """The file of the answers that all kernels of this user share."""
    return home() / "answers.sqlite"


def file_system(path: Path, mounts: Path = Path("/proc/self/mounts")) -> str:
    """The kind of file system a path is on, such as `ext4` or `nfs4`; empty where none is told.

    `mounts` is a list as the Linux kernel gives it; other systems have none.
    """
    try:
        lines = mounts.read_text(errors="replace").splitlines()
    except OSError:
        return ""
    path, kind, depth = path.resolve(), "", -1
    for line in lines:
        _, place, found, *_ = line.split(" ")
        place = place.replace("\\040", " ")
        if path.is_relative_to(place) and len(Path(place).parts) >= depth:  # the last one is on top
            kind, depth = found, len(Path(place).parts)
    return kind
