"""Equal requests at the same time are asked once: one caller asks, the others wait for it."""

from __future__ import annotations

from concurrent.futures import Future

from dspnb.errors import LMError

from . import forks
from .base import Completion

Awaited = Future[Completion | None]


class Flights:
    """The requests under way, by key, for threads and event loops alike.

    Who is first leads, asks the model, and ends with `land` or `fail`. The others get a future:
    `future.result()` in a thread, `await asyncio.wrap_future(future)` on a loop. It gives the
    leader's completion, raises the leader's error, or gives None when the leader was called off:
    then ask for yourself, beginning with `lead`.

    >>> flights = Flights()
    >>> flights.lead("a")  # None: we ask
    >>> other = flights.lead("a")
    >>> flights.land("a", Completion("Hello."))
    >>> other.result().text
    'Hello.'
    """

    def __init__(self) -> None:
        self._waiting: dict[str, list[Awaited]] = {}
        self._lock = forks.lock(in_child=self._forget)  # protects `_waiting`

    def lead(self, key: str) -> Awaited | None:
        """None when it is ours to ask the model, else what to wait for."""
        with self._lock:
            followers = self._waiting.get(key)
            if followers is None:
                self._waiting[key] = []
                return None
            # Each has a future of its own: one that is cancelled does not cancel the others.
            future: Awaited = Future()
            followers.append(future)
            return future

    def land(self, key: str, completion: Completion) -> None:
        """Give the answer to all who wait for it."""
        for future in self._ended(key):
            future.set_result(completion)

    def fail(self, key: str, error: BaseException) -> None:
        """Give the error to all who wait; one that called off the leader alone is no answer."""
        for future in self._ended(key):
            if isinstance(error, Exception):
                future.set_exception(_of_its_own(error))
            else:
                future.set_result(None)

    def _forget(self) -> None:
        self._waiting.clear()  # the leaders are threads of the parent: nobody here would land

    def _ended(self, key: str) -> list[Awaited]:
        with self._lock:
            followers = self._waiting.pop(key, [])
        return [future for future in followers if future.set_running_or_notify_cancel()]


def _of_its_own(error: Exception) -> Exception:
    """The same error for another caller, who adds a traceback and a trace to it."""
    if not isinstance(error, LMError):
        return error
    kind = type(error)
    copy = kind.__new__(kind, *error.args)
    copy.__dict__.update(vars(error))
    copy.__cause__ = error.__cause__
    return copy
