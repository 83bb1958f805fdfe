"""The notebook: magics, displays and widgets. The only folder that knows IPython."""

from __future__ import annotations

from typing import Any


def load(shell: Any) -> None:
    """Install magics, completion and displays into a shell; a second time changes nothing."""
    from .session import Session

    Session.of(shell)


def unload(shell: Any) -> None:
    """Take everything out again."""
    from .session import Session

    Session.of(shell).close()
