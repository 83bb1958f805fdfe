"""The inspector's widget, for front ends that do not have our labextension."""

from __future__ import annotations

from typing import Any

import anywidget
import traitlets

from .assets import static


class CallsView(anywidget.AnyWidget):
    """Calls, as the inspector draws them."""

    _esm = traitlets.Unicode().tag(sync=True)
    calls = traitlets.Dict().tag(sync=True)

    def __init__(self, calls: dict[str, Any]) -> None:
        super().__init__(_esm=static("inspect.js"), calls=calls)
