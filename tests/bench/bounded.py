"""Many calls whose predictions nobody keeps: what is remembered of them stays within its bound."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from measuring import question, side, tell


def main(framework: str, url: str, count: int) -> None:
    """Tell by how many bytes a call the process grew in the last two fifths of the calls."""
    its = side(framework)
    its.connect(url)
    program = its.predict()
    early = 3 * count // 5
    for i in range(early):
        program(question=question(i))
    before = _resident()
    for i in range(early, count):
        program(question=question(i))
    tell(growth=(_resident() - before) / (count - early), resident=_resident())


def _resident() -> int:
    """Bytes of this process that are in memory."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGESIZE")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
