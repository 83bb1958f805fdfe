"""The inspector as a cell shows it: our own data, a widget, HTML and text in one bundle."""

from __future__ import annotations

import dataclasses
from typing import Any

from .calls_html import calls_html, calls_text
from .protocol import CALLS_MIME, CallsSnapshot


class Inspector:
    """A view of calls. It shows itself as the last value of a cell."""

    def __init__(self, calls: CallsSnapshot) -> None:
        self.calls = calls

    def _repr_mimebundle_(self, **options: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        from .inspect_view import CallsView  # anywidget takes 0.2 s to import

        data = dataclasses.asdict(self.calls)
        bundle, metadata = CallsView(data)._repr_mimebundle_(**options) or ({}, {})
        return {
            CALLS_MIME: data,
            **bundle,
            "text/html": calls_html(self.calls),
            "text/plain": calls_text(self.calls),
        }, metadata

    def __repr__(self) -> str:
        return calls_text(self.calls)
