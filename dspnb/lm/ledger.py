"""The book of every model call of this process: what it took, and what it was made for."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

from dspnb.errors import UsageError

from . import forks
from .base import Completion, LanguageModel
from .labels import labels
from .sums import By, Entry, Sums, summed
from .usage import Usage

KEPT = 100_000  # calls that are kept one by one


class Calls:
    """Calls of a ledger that belong together, as they are when one asks."""

    def __init__(self, entries: Callable[[], Iterable[Entry]]) -> None:
        self._entries = entries

    def __iter__(self) -> Iterator[Entry]:
        """The oldest first."""
        return iter(self._entries())

    def __len__(self) -> int:
        return sum(entry.calls for entry in self)

    @property
    def usage(self) -> Usage:
        """All of them, added up."""
        (all_,) = self.sum()
        return Usage(
            all_.calls,
            all_.cached,
            all_.tokens_in,
            all_.tokens_out,
            all_.dollars,
            all_.unpriced,
            all_.failed,
        )

    def sum(self, *by: By) -> Sums:
        """Add up what has the same `by`: model, run, candidate, example, path, cached, error.

        Without any there is a single row. Raises `UsageError` for another word.
        """
        return summed(self, by)

    def frame(self) -> Any:
        """A pandas frame, one row a call; where `calls` is above 1, that many old ones.

        Raises `UsageError` when pandas is not installed.
        """
        try:
            import pandas
        except ImportError:
            raise UsageError("`frame()` needs pandas; run `%pip install pandas`.") from None
        frame = pandas.DataFrame(list(self), columns=Entry._fields)
        frame = frame.astype(
            {"when": float, "dollars": float, "candidate": "Int64", "example": "Int64"}
        )
        frame["when"] = pandas.to_datetime(frame["when"], unit="s", utc=True)
        return frame

    def __str__(self) -> str:
        return str(self.sum("model"))

    __repr__ = __str__


class Ledger(Calls):
    """Every model call of this process: answered, from the cache, or failed.

    `sum("run", "candidate")` adds up, `frame()` lists, `of_run(run.id)` and `since(mark)` are parts
    of it. The last 100,000 calls are kept one by one. Older ones are added up by model, run,
    candidate, path, cached and error, so that totals stay true; their time and example are lost.

    >>> book = Ledger()
    >>> from dspnb.lm.labels import labelled
    >>> with labelled(path="answer"):
    ...     book.add(Completion("Hello.", tokens_out=2, dollars=None), model="some/model")
    >>> book.sum("path")[0].cost
    '1 call of unknown price'
    """

    def __init__(self, keep: int = KEPT) -> None:
        super().__init__(self._all)
        self._keep = keep
        self._lock = forks.lock()  # protects the three below
        self._recent: deque[_Row] = deque()
        self._old: dict[_Key, _Old] = {}
        self._keys: dict[_Key, _Key] = {}  # each once, however many rows share it

    def add(
        self, completion: Completion | None, *, model: str, error: str = "", seconds: float = 0.0
    ) -> None:
        """Write down a call that is over, under the labels of this thread or task.

        A call that failed has no completion, but the class of its `error`, and its `seconds`.
        """
        run, candidate, example, path = labels()
        took: tuple[int, int, float | None, float] = (0, 0, 0.0, seconds)
        cached = False
        if completion is not None:
            cached = completion.cached
            if not cached:
                took = (
                    completion.tokens_in,
                    completion.tokens_out,
                    completion.dollars,
                    completion.seconds or seconds,
                )
        if (inner := _inner.get()) is not None:
            inner.append(model)
        key = (model, run, candidate, path, cached, error)
        with self._lock:
            key = self._keys.setdefault(key, key)
            self._recent.append((key, example, time.time(), *took))
            if len(self._recent) > self._keep:
                self._forget(self._recent.popleft())

    def recording(self, lm: LanguageModel) -> recording:
        """Write down what is called in a `with` block, unless that writes itself down.

        An `LM` does, and so does one inside of a model that someone made around it.

        >>> book, lm = Ledger(), lambda messages: Completion("Hello.")
        >>> lm.model = "mine"
        >>> with book.recording(lm) as call:
        ...     call.completion = lm([])
        >>> len(book)
        1
        """
        return recording(self, lm)

    def of_run(self, run: str) -> Calls:
        """The calls of one run, by its id."""
        return Calls(lambda: [entry for entry in self if entry.run == run])

    def since(self, mark: int) -> Calls:
        """The calls after the first `mark`, where `mark` was `len(ledger)`; of those still kept."""
        return Calls(lambda: self._kept(mark))

    def clear(self) -> None:
        """Begin a new book."""
        with self._lock:
            self._recent.clear()
            self._old.clear()
            self._keys.clear()

    def __len__(self) -> int:
        with self._lock:
            return self._old_calls() + len(self._recent)

    def _forget(self, row: _Row) -> None:
        """Add a row up with the old ones like it; the lock is held."""
        old = self._old.get(row[0])
        if old is None:
            old = self._old[row[0]] = _Old()
        old.add(row)

    def _all(self) -> list[Entry]:
        with self._lock:
            old = [old.entry(key) for key, old in self._old.items()]
            recent = list(self._recent)
        return [*old, *map(_entry, recent)]

    def _kept(self, mark: int) -> list[Entry]:
        with self._lock:
            recent = list(self._recent)[max(0, mark - self._old_calls()) :]
        return list(map(_entry, recent))

    def _old_calls(self) -> int:
        return sum(old.calls for old in self._old.values())


class recording:
    """One call of a model that may be anyone's; its `completion` is set when it is there.

    What raises a `UsageError` has sent nothing, and is not written down.
    """

    __slots__ = ("_inner", "_ledger", "_lm", "_outer", "_start", "completion")

    def __init__(self, ledger: Ledger, lm: LanguageModel) -> None:
        self._ledger, self._lm = ledger, lm
        self._inner: list[str] | None = None
        self.completion: Completion | None = None

    def __enter__(self) -> recording:
        if not getattr(self._lm, "keeps_book", False):
            self._inner = []
            self._outer = _inner.set(self._inner)
            self._start = time.perf_counter()
        return self

    def __exit__(self, kind: type[BaseException] | None, *error: object) -> None:
        if self._inner is None:
            return
        _inner.reset(self._outer)
        failed = kind is not None and issubclass(kind, Exception) and kind is not UsageError
        if self._inner or not (failed or self.completion):
            return
        seconds = time.perf_counter() - self._start
        name = kind.__name__ if failed and kind else ""
        self._ledger.add(self.completion, model=self._lm.model, error=name, seconds=seconds)


ledger = Ledger()  # a process has one: calls of all threads, tasks and runs meet here

# model, run, candidate, path, cached, error
_Key = tuple[str, str, int | None, str, bool, str]
# example, when, tokens in and out, dollars, seconds: plain tuples, which cost the collector nothing
_Row = tuple[_Key, int | None, float, int, int, float | None, float]

# Where a model is called that may call another: the models that were written down meanwhile.
_inner: ContextVar[list[str] | None] = ContextVar("dspnb.inner", default=None)


@dataclass(slots=True)
class _Old:
    """Calls that are not kept one by one any more."""

    calls: int = 0
    tokens_in: int = 0
    tokens_out: int = 0
    dollars: float = 0.0
    unpriced: int = 0
    seconds: float = 0.0

    def add(self, row: _Row) -> None:
        _, _, _, tokens_in, tokens_out, dollars, seconds = row
        self.calls += 1
        self.tokens_in += tokens_in
        self.tokens_out += tokens_out
        self.seconds += seconds
        if dollars is None:
            self.unpriced += 1
        else:
            self.dollars += dollars

    def entry(self, key: _Key) -> Entry:
        model, run, candidate, path, cached, error = key
        dollars = None if self.unpriced == self.calls else self.dollars
        return Entry(
            None,
            model,
            self.tokens_in,
            self.tokens_out,
            dollars,
            self.seconds,
            cached,
            error,
            run,
            candidate,
            None,
            path,
            self.calls,
            self.unpriced,
        )


def _entry(row: _Row) -> Entry:
    key, example, when, tokens_in, tokens_out, dollars, seconds = row
    model, run, candidate, path, cached, error = key
    return Entry(
        when,
        model,
        tokens_in,
        tokens_out,
        dollars,
        seconds,
        cached,
        error,
        run,
        candidate,
        example,
        path,
        1,
        int(dollars is None),
    )
