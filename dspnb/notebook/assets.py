"""The built widgets that lie in the package."""

from __future__ import annotations

from pathlib import Path

from dspnb.errors import UsageError

STATIC = Path(__file__).parent / "static"


def static(name: str) -> str:
    """The source of a widget. Raises `UsageError` in a checkout where nothing is built yet."""
    path = STATIC / name
    if not path.exists():
        raise UsageError(f"The widget `{name}` is not built; run `make` in the checkout.")
    return path.read_text(encoding="utf-8")
