"""A call of a program while it is under way: what it leaves behind, whatever its end."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Protocol

from .adapters import Adapter
from .context import Context, current, use
from .errors import DspnbError
from .example import Prediction
from .frame import Backtrack, Frame
from .trace import Check, Trace


class Called(Protocol):
    """What of a module its call needs to know."""

    is_predictor: bool
    adapter: Adapter | None

    def predictors(self) -> Iterator[tuple[str, Any]]:
        """Every `(path, predictor)` of it."""


class UnderWay:
    """A call of a module: its frame, and at its end the trace, when it is the outermost one."""

    def __init__(self, module: Called) -> None:
        self._module = module
        self._here = current()
        above = self._here.frame
        self._outermost = above is None
        self._use: use | None = None
        self.prediction: Prediction | None = None
        if above is None:
            paths = {id(predictor): path for path, predictor in module.predictors()}
            self._frame: Frame | None = Frame(paths=paths)
        else:
            # A predictor has no code of the user's that could complain of what it asked.
            self._frame = None if module.is_predictor else above.inner()

    @property
    def result(self) -> Prediction:
        """The prediction, once there is one."""
        assert self.prediction is not None
        return self.prediction

    def go_back(self, failed: Backtrack) -> None:
        """Start anew when the complaint is about this call, else pass it on."""
        if failed.frame is not self._frame:
            raise failed
        failed.frame.rewind(failed.target, failed.message)

    def __enter__(self) -> UnderWay:
        changes: dict[str, Any] = {} if self._frame is None else {"frame": self._frame}
        if self._module.adapter is not None:
            changes["adapter"] = self._module.adapter
        if changes:
            self._use = use(**changes)
            self._use.__enter__()
        return self

    def __exit__(self, kind: Any, error: BaseException | None, traceback: Any) -> None:
        if self._use is not None:
            self._use.__exit__()
        frame = self._frame
        if frame is None:
            return
        frame.settle(failed=error is not None)
        if not self._outermost:
            return
        if error is None:
            self.prediction = ended(self._module, self._here, frame, self.result)
        elif isinstance(error, Exception):
            failed(self._module, self._here, error, tuple(frame.trace), tuple(frame.checks))


def ended(module: object, here: Context, frame: Frame, prediction: Prediction) -> Prediction:
    """The prediction of the outermost call, with what led to it; the history has it too."""
    prediction = prediction.with_trace(tuple(frame.trace), tuple(frame.checks))
    if here.history is not None:
        here.history.remember(module, prediction)
    return prediction


def failed(
    module: object,
    here: Context,
    error: Exception,
    trace: Trace,
    checks: tuple[Check, ...] = (),
) -> None:
    """The outermost call raised: the error and the history have what was done until then."""
    if isinstance(error, DspnbError):
        error.trace, error.checks = trace, checks
    if here.history is not None:
        here.history.remember(module, Prediction().with_trace(trace, checks))
