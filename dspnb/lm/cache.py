"""Answers that are known already: in memory, and in a file that all kernels share."""

from __future__ import annotations

import contextlib
import sys
from collections import OrderedDict
from pathlib import Path

from dspnb.errors import UsageError

from . import forks
from .base import Completion
from .disk import Disk
from .flights import Awaited, Flights
from .places import cache_file
from .written import from_json, to_json

_caches: dict[Path, Cache] = {}  # the default one, by its file


class Cache:
    """Answers by the key of their request; safe from several threads, processes and event loops.

    Memory holds at most `most` answers and about `most_bytes` of text; what was not used for
    longest goes first. With a `file` answers outlive the process, and processes share them; it
    holds about `max_bytes`, and drops what was written first. A file that cannot be used is left
    alone, with one `CacheWarning`. Nothing in the file is ever run.

    >>> cache = Cache()
    >>> cache.put("a key", Completion("Hello."))
    >>> cache.get("a key").text, cache.hits, len(cache)
    ('Hello.', 1, 1)
    """

    def __init__(
        self,
        file: str | Path | None = None,
        *,
        most: int = 100_000,
        most_bytes: int = 256_000_000,
        max_bytes: int = 2_000_000_000,
    ) -> None:
        for name, value in {"most": most, "most_bytes": most_bytes, "max_bytes": max_bytes}.items():
            if value < 0:
                raise UsageError(f"`{name}` of a cache is 0 or more; got {value!r}.")
        self.file = None if file is None else Path(file).expanduser()
        self.hits = self.misses = 0  # of `get` in this process
        self._disk = None if self.file is None else Disk(self.file, max_bytes=max_bytes)
        self._flights = Flights()
        self._most, self._most_bytes = most, most_bytes
        self._known: OrderedDict[str, Completion] = OrderedDict()
        self._bytes = 0
        self._lock = forks.lock()  # protects `hits`, `misses`, `_known` and `_bytes`

    def get(self, key: str) -> Completion | None:
        """The answer, which costs nothing now and is marked as `cached`; or None."""
        completion = self.recall(key)
        if completion is not None:
            return completion
        completion = None if self._disk is None else _read(self._disk.get(key))
        if completion is not None:
            self._remember(key, completion)
        with self._lock:
            if completion is None:
                self.misses += 1
            else:
                self.hits += 1
        return completion

    def recall(self, key: str) -> Completion | None:
        """The answer, when memory has it; that memory has none is not counted as a miss."""
        with self._lock:
            completion = self._known.get(key)
            if completion is None:
                return None
            self._known.move_to_end(key)
            self.hits += 1
            if not completion.cached:
                completion = self._known[key] = completion.again()
            return completion

    def put(self, key: str, completion: Completion) -> None:
        """Keep an answer, and give it to all who wait for it since `claim`."""
        self._remember(key, completion)
        self._flights.land(key, completion)
        if self._disk is not None:
            # One with an object of a provider's in it lives as long as the process.
            with contextlib.suppress(ValueError):
                self._disk.put(key, to_json(completion))

    def claim(self, key: str) -> Completion | Awaited | None:
        """The answer; or what to wait for, when another caller is asking; or None: ask, and tell.

        After None, end with `put` or `fail`, whatever happens. A future is waited for with
        `result()` or `asyncio.wrap_future`; when it gives None, claim again.
        """
        completion = self.get(key)
        if completion is not None:
            return completion
        other = self._flights.lead(key)
        if other is not None:
            return other
        with self._lock:
            found = self._known.get(key)  # the one before us may have landed since we looked
        if found is None:
            return None
        self._flights.land(key, found)
        return found

    def fail(self, key: str, error: BaseException) -> None:
        """There is no answer: those who wait get the error, or ask for themselves if we were
        called off (by an interrupt, or as a task)."""
        self._flights.fail(key, error)

    def clear(self) -> None:
        """Forget all, in the file too. Raises `UsageError` when the file may not be written."""
        with self._lock:
            self._known.clear()
            self._bytes = 0
        if self._disk is not None:
            self._disk.clear()

    def __len__(self) -> int:
        """How many answers are known: in the file, or in memory if there are more."""
        return max(len(self._known), 0 if self._disk is None else len(self._disk))

    def __bool__(self) -> bool:
        return True  # an empty cache is a cache

    def __repr__(self) -> str:
        return "Cache()" if self.file is None else f"Cache({str(self.file)!r})"

    def __str__(self) -> str:
        where = "in memory" if self.file is None else f"in {self.file}"
        return f"Answers {where}: {len(self):,}; hits: {self.hits:,}, misses: {self.misses:,}"

    def _remember(self, key: str, completion: Completion) -> None:
        with self._lock:
            before = self._known.pop(key, None)
            self._known[key] = completion
            self._bytes += _size(completion) - (0 if before is None else _size(before))
            while len(self._known) > self._most or self._bytes > self._most_bytes:
                self._bytes -= _size(self._known.popitem(last=False)[1])


def default_cache() -> Cache:
    """The cache of this process that all models share; its file is `places.cache_file()`."""
    file = cache_file()
    return _caches.get(file) or _caches.setdefault(file, Cache(file))


def chosen(given: bool | Cache, *, on_disk: bool) -> Cache | None:
    """The cache that `cache=` means: True is the one that all models share, or one in memory."""
    match given:
        case Cache():
            return given
        case True:
            # What a model of this machine answers is as quickly made again, by the newest version.
            return default_cache() if on_disk else Cache()
        case False:
            return None
    raise UsageError(f"`cache` is True, False or a `Cache(...)`; got {given!r}.")


def _read(text: str | None) -> Completion | None:
    """What the file holds; nonsense is no answer."""
    if text is None:
        return None
    try:
        return from_json(text, again=True)
    except ValueError:
        return None


def _size(completion: Completion) -> int:
    """About the bytes of an answer in memory."""
    size = sys.getsizeof(completion.text) + sys.getsizeof(completion.reasoning)
    more = completion.tool_calls, completion.citations, completion.logprobs
    if more != ((), (), None):
        size += len(repr(more))
    return size + sum(map(_size, completion.samples))
