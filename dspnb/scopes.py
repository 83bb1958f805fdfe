"""Where the names in a signature are looked up."""

from __future__ import annotations

import datetime
import decimal
import os
import sys
import sysconfig
import typing
import uuid
from collections.abc import Iterator, Mapping
from types import FrameType
from typing import Any

from .annotations import COMMON, Scopes
from .types import NAMES

MODULES: dict[str, Any] = {  # for `datetime.date`, also where nobody imported it
    module.__name__: module for module in (datetime, decimal, typing, uuid)
}
PACKAGE = __name__.partition(".")[0]
STANDARD_LIBRARY = sysconfig.get_path("stdlib") + os.sep


def of_line(types: Mapping[str, Any]) -> Scopes:
    """The given types, then Python's own, then what the callers of dspnb have by that name."""

    def scopes() -> Iterator[Mapping[str, Any]]:
        yield types
        yield COMMON
        yield from _callers()
        yield from _ours()

    return scopes


def of_cell(types: Mapping[str, Any]) -> Scopes:
    """The given types, which are the notebook's, then Python's own."""

    def scopes() -> Iterator[Mapping[str, Any]]:
        yield types
        yield COMMON
        yield from _ours()

    return scopes


def of_class() -> Iterator[Mapping[str, Any]]:
    """What Python itself would see around the class body, first."""
    yield from _callers()
    yield COMMON
    yield from _ours()


def _ours() -> Iterator[Mapping[str, Any]]:
    yield NAMES
    yield MODULES


def _callers() -> Iterator[Mapping[str, Any]]:
    """The variables of the frames that led here, the nearest first.

    Installed packages, other than one that calls dspnb itself, do not count: their names are
    nothing that the person who writes a signature can see.
    """
    frame: FrameType | None = sys._getframe()
    direct = True
    while frame is not None:
        file = frame.f_code.co_filename
        installed = "site-packages" in file or "dist-packages" in file
        standard = not installed and file.startswith((STANDARD_LIBRARY, "<frozen "))
        module = str(frame.f_globals.get("__name__", ""))
        ours = module == PACKAGE or module.startswith(f"{PACKAGE}.")
        if not ours and not standard:
            if direct or not installed:
                yield frame.f_locals
                yield frame.f_globals
            direct = False
        frame = frame.f_back
