"""How our objects show themselves in a cell: HTML that needs no script and no style."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from dspnb.comparison import Comparison
from dspnb.data import Examples, Split
from dspnb.data.benchmark import Benchmark
from dspnb.diff import Diff
from dspnb.example import Example, Prediction, Score
from dspnb.kept_run import KeptRun
from dspnb.lm import LM, Completion, Recorded, Replayed
from dspnb.lm.ledger import Calls
from dspnb.lm.sums import Sums
from dspnb.module import Module
from dspnb.preview import Preview
from dspnb.report import Report
from dspnb.run import Run
from dspnb.run_diff import RunDiff
from dspnb.runs import KeptRuns
from dspnb.signature import Signature
from dspnb.streaming import Stream
from dspnb.types import (
    Audio,
    Citation,
    Citations,
    Code,
    Document,
    File,
    History,
    Image,
    Tool,
    ToolCalls,
    ToolResult,
    ToolResults,
)

from . import cards, changed_html, kept_runs_html, shown
from .benchmark_card import benchmark
from .calls import preview_groups
from .diff_card import diff
from .inspector import Inspector
from .program_card import program
from .stream_view import show_stream

if TYPE_CHECKING:
    from .session import Session

HTML: dict[type, Callable[[Any], str]] = {
    Signature: cards.signature,
    Module: program,
    Example: cards.example,
    Examples: cards.examples,
    Split: cards.split,
    Benchmark: benchmark,
    Prediction: cards.prediction,
    Score: cards.score,
    Report: cards.report,
    Diff: diff,
    KeptRuns: kept_runs_html.runs,
    KeptRun: kept_runs_html.run,
    Comparison: changed_html.comparison,
    RunDiff: kept_runs_html.run_diff,
    Completion: cards.completion,
    LM: cards.model,
    Sums: cards.sums,
    Calls: cards.calls,
    Recorded: cards.model,
    Replayed: cards.model,
    Image: shown.image,
    Audio: shown.audio,
    File: shown.file,
    Document: shown.document,
    Citation: shown.shown,
    Citations: shown.citations,
    Code: shown.source_code,
    History: shown.history,
    Tool: shown.tool,
    ToolCalls: shown.tool_calls,
    ToolResult: shown.shown,
    ToolResults: shown.tool_results,
}


class Displays:
    """Formatters in the shell, for our types only."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._formatters = session.shell.display_formatter

    def install(self) -> None:
        """Add a formatter for each type."""
        html = self._formatters.formatters["text/html"]
        for kind, draw in HTML.items():
            html.for_type(kind, draw)
        self._formatters.mimebundle_formatter.for_type(Preview, self._preview)
        self._formatters.ipython_display_formatter.for_type(Run, self._run)
        self._formatters.ipython_display_formatter.for_type(Stream, self._stream)

    def remove(self) -> None:
        """Take them out."""
        html = self._formatters.formatters["text/html"]
        for kind in HTML:
            html.pop(kind, None)
        self._formatters.mimebundle_formatter.pop(Preview, None)
        for kind in (Run, Stream):
            self._formatters.ipython_display_formatter.pop(kind, None)

    def _preview(self, preview: Preview, **options: Any) -> Any:
        return Inspector(preview_groups(preview))._repr_mimebundle_(**options)

    def _run(self, run: Run) -> None:
        self._session.show(run)

    def _stream(self, stream: Stream) -> None:
        show_stream(stream, self._session.shell)
