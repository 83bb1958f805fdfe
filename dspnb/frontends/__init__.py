"""Front ends without a notebook: each is a loop over a run's events.

>>> from dspnb.frontends import watch
"""

from __future__ import annotations

import os
import sys
from typing import TextIO

from dspnb.run import Run

from . import plain


def watch(run: Run, out: TextIO | None = None) -> None:
    """Show a run on `out` (stderr) until it ends: live on a terminal, as plain lines elsewhere.

    Ctrl-C stops the run and keeps the best program so far; a second one leaves.
    """
    out = out or sys.stderr
    if out.isatty() and os.environ.get("TERM") != "dumb":
        from . import terminal  # rich takes 0.1 s to import

        terminal.watch(run, out)
    else:
        plain.watch(run, out)


__all__ = ["watch"]
