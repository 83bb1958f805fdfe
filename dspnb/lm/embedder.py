"""Texts as vectors, by a hosted model, a function of the user's, or hashed words."""

from __future__ import annotations

import asyncio
import contextvars
import inspect
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property
from typing import Any, overload

from dspnb.errors import UsageError
from dspnb.pool import in_thread

from . import forks, hashed
from .base import Completion, Message, estimate_tokens
from .cache import Cache, chosen
from .client import RETRIES, TIMEOUT
from .elsewhere import check_names
from .flights import Awaited
from .formats.embeddings import Embedded, completed, unpacked
from .formats.failures import short
from .ledger import ledger
from .patient import Remote
from .prices import Price
from .private import Secrets
from .request import Request
from .usage import Usage

Function = Callable[[list[str]], Any]  # texts -> a vector each: lists of numbers, or an array
Vector = list[float]


class Embedder:
    """Texts as vectors: `Embedder("openai/text-embedding-3-small")`, or of a function of yours.

    `embedder("text")` gives a list of numbers, `embedder(["a", "b"])` a list of those;
    `await embedder.acall(...)` does so on an event loop. The numbers have single precision. Keys
    are found, kept and hidden as those of an `LM`.

    Texts are asked in batches, several batches at once; a text that comes twice is asked once. Each
    is kept in the same cache as a model's answers; `cache=False` asks each time. What a function
    gives is kept in memory, as long as the embedder lives. Each batch is a call in the ledger.
    `price` is what a million tokens cost in dollars, where the list of known models does not say.

    `Embedder("offline")` needs no key and no network. It is a toy for learning and testing: texts
    are near that share words or parts of words, and it knows nothing of what they mean.

    >>> embedder = Embedder(lambda texts: [[len(text), text.count("e")] for text in texts])
    >>> embedder("three"), embedder(["one", "two"])
    ([5.0, 2.0], [[3.0, 1.0], [3.0, 0.0]])
    """

    def __init__(
        self,
        model: str | Function,
        *,
        api_base: str | None = None,
        api_key: str | None = None,
        cache: bool | Cache = True,
        batch_size: int = 200,
        dimensions: int | None = None,
        retries: int = RETRIES,
        timeout: float = TIMEOUT,
        concurrency: int = 8,
        requests_per_minute: int | None = None,
        tokens_per_minute: int | None = None,
        price: float | None = None,
        **params: Any,
    ) -> None:
        secrets = Secrets(api_key, params)
        del api_key  # a traceback may show the values of variables
        self.model, self.params = "", params
        self.model = _name(model)
        check_names(params)
        limits = {
            "concurrency": concurrency,
            "requests_per_minute": requests_per_minute,
            "tokens_per_minute": tokens_per_minute,
        }
        sizes = {"batch_size": batch_size, "timeout": timeout, "dimensions": dimensions}
        _checked({**sizes, **limits}, retries, price)
        if dimensions is not None:
            params["dimensions"] = dimensions
        self.batch_size = batch_size
        self._price = None if price is None else Price.per_million(price, 0)
        self._function: Function | None = None
        self._remote: Remote | None = None
        if callable(model) or model == "offline":
            given = {name for name, v in {"api_base": api_base, **params}.items() if v}
            _check_local(model, given.union(secrets.names), cache)
            self._function = model if callable(model) else _hashing(dimensions)
            self._cache = chosen(cache, on_disk=False)
        else:
            from .reached import remote

            self._remote = remote(
                model, "embeddings", api_base, secrets, timeout, retries, limits, params
            )
            self._cache = chosen(cache, on_disk=True)
        self._where = f"embeddings {api_base or ''}"
        self._usage = Usage()
        self._lock = forks.lock()  # protects `_usage`

    @property
    def usage(self) -> Usage:
        """Batches, tokens and dollars so far; `cached` counts calls for which nothing was asked."""
        return self._usage

    @cached_property
    def price(self) -> Price | None:
        """What a token costs; None when that is not known."""
        if self._price is not None:
            return self._price
        if self._remote is not None:
            return self._remote.price
        return Price(0.0, 0.0) if self.model == "offline" else None

    @overload
    def __call__(self, texts: str) -> Vector: ...  # type: ignore[overload-overlap]
    @overload
    def __call__(self, texts: Sequence[str]) -> list[Vector]: ...
    def __call__(self, texts: str | Sequence[str]) -> Vector | list[Vector]:
        """The vector of a text, or a list of vectors in the order of the texts. Raises `LMError`.

        What came before an error or an interrupt is kept.
        """
        job = _Job(self, _read(texts))
        # An interrupt may come anywhere from here on, and others may wait for what we claimed.
        try:
            while job.claim():
                if self._remote is None:
                    job.compute()
                else:
                    from .loop import wait

                    wait(lambda _: job.fetch())
        except BaseException as error:
            job.give_up(error)
            raise
        vectors = job.vectors()
        return vectors[0] if isinstance(texts, str) else vectors

    @overload
    async def acall(self, texts: str) -> Vector: ...  # type: ignore[overload-overlap]
    @overload
    async def acall(self, texts: Sequence[str]) -> list[Vector]: ...
    async def acall(self, texts: str | Sequence[str]) -> Vector | list[Vector]:
        """The same for `await`. A task that is cancelled cancels its requests."""
        job = _Job(self, _read(texts))
        try:
            while job.claim():
                if self._remote is None:
                    await in_thread(job.compute)
                else:
                    from .loop import wait_async

                    await wait_async(lambda _: job.fetch())
        except BaseException as error:
            job.give_up(error)
            raise
        vectors = job.vectors()
        return vectors[0] if isinstance(texts, str) else vectors

    def __copy__(self) -> Embedder:
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> Embedder:
        return self

    def __reduce__(self) -> Any:
        raise UsageError(
            "An embedder is not pickled, since its key would be in there. "
            f"Make it where it is used: `Embedder({self.model!r})`."
        )

    def __repr__(self) -> str:
        inside = "".join(f", {name}={value!r}" for name, value in self.params.items())
        return f"Embedder({self.model!r}{inside})"

    def _request(self, texts: Iterable[str]) -> Request:
        return Request(tuple([Message.of("user", text) for text in texts]), self.params)

    def _key(self, text: str) -> str | None:
        """What the vector of a text is kept by; None when it is not."""
        return None if self._cache is None else self._request([text]).key(self.model, self._where)

    def _known(self, key: str | None) -> Completion | Awaited | None:
        """The vector, or whom to wait for; None: make it, and tell."""
        if key is None or self._cache is None:
            return None
        # To make a vector here is as well done twice as waited for.
        return self._cache.get(key) if self._remote is None else self._cache.claim(key)

    def _keep(self, key: str | None, vector: Completion) -> None:
        if key is not None and self._cache is not None:
            self._cache.put(key, vector)

    def _give_up(self, key: str | None, error: BaseException) -> None:
        if key is not None and self._cache is not None:
            self._cache.fail(key, error)

    def _done(self, completion: Completion) -> None:
        dollars = completion.dollars
        if self._price is not None or dollars is None:
            dollars = None if self.price is None else self.price.of(completion)
        self._note(completion.changed(dollars=dollars))

    def _note(self, completion: Completion | None, error: str = "", seconds: float = 0.0) -> None:
        with self._lock:
            self._usage = self._usage.add(completion)
        ledger.add(completion, model=self.model, error=error, seconds=seconds)


class _Job:
    """The texts of one call, and what is known of them."""

    def __init__(self, embedder: Embedder, texts: list[str]) -> None:
        self._embedder, self._texts = embedder, texts
        self._found: dict[str, Completion] = {}
        self._ours: dict[str, str | None] = {}  # what we have to ask, with its key in the cache
        self._others: dict[str, Awaited] = {}  # what other callers are asking
        self._asked = False
        self._context = contextvars.copy_context()  # says what the calls are made for

    def claim(self) -> bool:
        """Whether there is something to ask, or to wait for; looks into the cache."""
        self._ours, self._others = {}, {}
        for text in dict.fromkeys(self._texts):
            if text not in self._found:
                self._look_up(text)
        return bool(self._ours or self._others)

    def compute(self) -> None:
        """Give what is ours to the function."""
        embedder = self._embedder
        assert embedder._function is not None
        for batch in self._batches():
            start = time.perf_counter()
            try:
                vectors = _vectors(embedder._function(list(batch)), len(batch))
            except BaseException as error:
                self._failed(error, start)
                raise
            tokens = sum(map(estimate_tokens, batch))
            self._landed(batch, completed(Embedded(vectors, tokens), embedder.model), start)

    async def fetch(self) -> None:
        """Ask the provider for what is ours, then wait for the others; on the network's loop."""
        failed = None
        try:
            async with asyncio.TaskGroup() as group:
                for batch in self._batches():
                    group.create_task(self._fetch(batch))
        except BaseExceptionGroup as errors:
            failed = errors.exceptions[0]
        if failed is not None:
            raise failed
        for text, other in self._others.items():
            answer = await asyncio.wrap_future(other)
            if answer is not None:  # else who asked was called off: it is ours, the next time
                self._found[text] = answer

    def vectors(self) -> list[Vector]:
        """All of them, in the order of the texts."""
        if self._texts and not self._asked:
            self._embedder._note(Completion("", self._embedder.model, cached=True, dollars=0.0))
        return [unpacked(self._found[text].text) for text in self._texts]

    def give_up(self, error: BaseException) -> None:
        """Tell those who wait for us that we end without an answer."""
        for text, key in self._ours.items():
            if text not in self._found:
                self._embedder._give_up(key, error)

    def _look_up(self, text: str) -> None:
        key = self._embedder._key(text)
        # Ours before it is known to be: an interrupt may come right after. Told once too often that
        # we give up, others ask for themselves.
        self._ours[text] = key
        match self._embedder._known(key):
            case None:
                return
            case Completion() as known:
                self._found[text] = known
            case other:
                self._others[text] = other
        del self._ours[text]

    def _batches(self) -> list[list[str]]:
        texts, size = list(self._ours), self._embedder.batch_size
        return [texts[i : i + size] for i in range(0, len(texts), size)]

    async def _fetch(self, batch: list[str]) -> None:
        remote = self._embedder._remote
        assert remote is not None
        start = time.perf_counter()
        try:
            completion = await remote.ask(self._embedder._request(batch))
        except Exception as error:  # noted in the ledger, and raised
            self._context.run(self._failed, error, start)
            raise
        self._context.run(self._landed, batch, completion, start)

    def _landed(self, batch: list[str], completion: Completion, start: float) -> None:
        self._asked = True
        for text, sample in zip(batch, completion.samples, strict=True):
            self._found[text] = sample
            self._embedder._keep(self._ours[text], sample)
        self._embedder._done(completion.changed(seconds=time.perf_counter() - start))

    def _failed(self, error: BaseException, start: float) -> None:
        if isinstance(error, Exception) and not isinstance(error, UsageError):
            self._embedder._note(None, type(error).__name__, time.perf_counter() - start)


def _read(given: str | Sequence[str]) -> list[str]:
    texts = [given] if isinstance(given, str) else list(given)
    for text in texts:
        if not isinstance(text, str):
            raise UsageError(f"An embedder takes a text or a list of texts; got {text!r}.")
    return texts


def _name(model: Any) -> str:
    if isinstance(model, str):
        return model
    if not callable(model):
        raise UsageError(
            "An embedder is made of a model's name, as in `openai/text-embedding-3-small`, "
            f"`offline`, or a function of a list of texts; got {model!r}."
        )
    return getattr(model, "__name__", type(model).__name__)


def _check_local(model: Any, settings: set[str], cache: bool | Cache) -> None:
    """Raise `UsageError` for what vectors that are made here cannot have."""
    if not callable(model):
        settings = settings - {"dimensions"}
    elif isinstance(cache, Cache):
        raise UsageError(
            "What a function gives is kept in memory only, since another function may bear its "
            f"name: `cache` is True or False; got {cache!r}."
        )
    elif inspect.iscoroutinefunction(model):
        raise UsageError(f"The function is called without `await`; `{_name(model)}` is `async`.")
    for name in sorted(settings):
        raise UsageError(f"`{name}` is for a model of a provider; got it for `{_name(model)}`.")


def _hashing(dimensions: int | None) -> Function:
    size = dimensions or hashed.DIMENSIONS
    return lambda texts: [hashed.vector(text, size) for text in texts]


def _vectors(given: Any, texts: int) -> tuple[Vector, ...]:
    """What a function gave, as lists. Raises `UsageError` when it is no vector for each text."""
    try:
        vectors = tuple([[float(number) for number in vector] for vector in given])
    except (TypeError, ValueError):
        raise UsageError(
            "A function that embeds gives a list of numbers for each text; "
            f"this one gave {short(repr(given))}."
        ) from None
    sizes = {len(vector) for vector in vectors}
    if len(vectors) != texts or len(sizes) != 1 or 0 in sizes:
        raise UsageError(
            f"A function that embeds gives a vector for each text, all of one size; for {texts} "
            f"texts this one gave {len(vectors)}, of the sizes {sorted(sizes)}."
        )
    return vectors


def _checked(sizes: Mapping[str, Any], retries: Any, price: Any) -> None:
    for name, value in sizes.items():
        kinds = (int, float) if name == "timeout" else (int,)
        if value is not None and (type(value) not in kinds or value <= 0):
            raise UsageError(f"`{name}` of an embedder is a number above 0; got {value!r}.")
    if type(retries) is not int or retries < 0:
        raise UsageError(f"`retries` is how often a call is tried again; got {retries!r}.")
    if price is not None and (type(price) not in (int, float) or price < 0):
        raise UsageError(f"`price` is what a million tokens cost in dollars; got {price!r}.")
