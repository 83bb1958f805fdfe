"""Follow a run to its end, whatever the keyboard says."""

from __future__ import annotations

from collections.abc import Callable

from dspnb.events import Event
from dspnb.run import Run


def follow(
    run: Run,
    show: Callable[[list[Event]], object],
    *,
    since: int = 0,
    pause: float = 0.0,
    every: float | None = None,
) -> None:
    """Show batches of events until the run ends; `pause` and `every` as in `EventLog.batches`.

    The first interrupt stops the run, which keeps its best program, and the last events follow. A
    second one leaves at once. A batch that was interrupted is shown again. A reader that has gone
    away (`BrokenPipeError`) ends the watching and not the run.
    """
    seen, interrupted = since, False
    while True:
        try:
            for batch in run.log.batches(seen, pause, every):
                show(batch)
                seen += len(batch)
            return
        except BrokenPipeError:
            return
        except KeyboardInterrupt:
            if interrupted:
                raise
            interrupted = True
            run.stop("interrupted")
