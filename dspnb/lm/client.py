"""The model as a user holds it: a name, its parameters, a cache and a count of what it did."""

from __future__ import annotations

import asyncio
import functools
import time
from collections.abc import Callable, Coroutine, Iterable, Mapping, Sequence
from concurrent.futures import Future
from functools import cached_property
from typing import Any, Protocol, get_args

from dspnb.cancellation import Cancelled, cancellation
from dspnb.errors import UsageError, nearest
from dspnb.pool import in_thread

from .base import Completion, Feature, Message, Prompt
from .cache import Cache, chosen
from .elsewhere import check_names
from .endpoints import Kind
from .ledger import ledger
from .messages import read_messages
from .patient import OnText, Remote
from .prices import Price
from .private import Secrets
from .request import Request, params_json
from .usage import Count, Usage

Given = str | Sequence[Message | Mapping[str, Any]]
RETRIES = 4
TIMEOUT = 300.0  # seconds


class Local(Protocol):
    """A model that answers in the thread that asks."""

    @property
    def supports(self) -> frozenset[Feature]: ...

    def complete(self, request: Request, on_text: OnText | None = None) -> Completion: ...


class LM:
    """A language model: `LM("openai/gpt-4o-mini", temperature=0)`, or `LM("offline")`.

    `lm("text")` and `lm(messages)` give a `Completion`, `await lm.acall(...)` does so on an event
    loop; with `n=3` it has `samples`. Keys come from the provider's environment variable or
    `api_key`, and are never shown or written.

    The same messages with the same parameters are answered from a cache in memory and on disk,
    which all kernels share; `cache=False` asks each time, `cache=Cache(...)` is another one.
    A provider that is busy or broken is asked again up to `retries` times, later each time. One
    that is silent for `timeout` seconds has failed. `concurrency`, `requests_per_minute` and
    `tokens_per_minute` are never exceeded by this model.

    `kind` is the face of the OpenAI protocol: "chat", "responses", or "text" for a base model.
    `supports` says what a model can do that the list of known models does not have, such as
    `{"tools", "json_schema"}`; `price=(0.15, 0.60)` what it costs, in dollars for a million tokens
    in and out.

    >>> LM("offline")("Say hello.").model
    'offline'
    """

    keeps_book = True  # its calls are in the ledger

    def __init__(
        self,
        model: str,
        *,
        api_base: str | None = None,
        api_key: str | None = None,
        cache: bool | Cache = True,
        supports: Iterable[Feature] | None = None,
        kind: Kind = "chat",
        retries: int = RETRIES,
        timeout: float = TIMEOUT,
        concurrency: int | None = None,
        requests_per_minute: int | None = None,
        tokens_per_minute: int | None = None,
        price: tuple[float, float] | None = None,
        **params: Any,
    ) -> None:
        secrets = Secrets(api_key, params)
        del api_key  # a traceback may show the values of variables
        self.model, self.params, self.own = model, params, dict[str, Any]()
        check_names(params)
        if kind not in get_args(Kind):
            raise UsageError(f"`kind` is {' or '.join(get_args(Kind))}; got {kind!r}.")
        limits = {
            "concurrency": concurrency,
            "requests_per_minute": requests_per_minute,
            "tokens_per_minute": tokens_per_minute,
        }
        for name, value in {**limits, "timeout": timeout}.items():
            if value is not None and not _is_number(value, above=0):
                raise UsageError(f"`{name}` of a model is above 0; got {value!r}.")
        if not isinstance(retries, int) or retries < 0:
            raise UsageError(f"`retries` is how often a call is tried again; got {retries!r}.")
        self.kind, self.api_base, self.retries, self.timeout = kind, api_base, retries, timeout
        usual = {"kind": "chat", "retries": RETRIES, "timeout": TIMEOUT}
        own = {"kind": kind, "retries": retries, "timeout": timeout, **limits, "price": price}
        # What is set beside the parameters of calls, to be shown: so no key and no address.
        self.own = {name: v for name, v in own.items() if v is not None and v != usual.get(name)}
        self._supports = None if supports is None else _features(supports)
        self._price = None if price is None else _price(price)
        self._local: Local | None = None
        self._remote: Remote | None = None
        if model == "offline":
            from .offline import Offline

            self._local = Offline(latency=params.pop("latency", 0.0))
        else:
            from .reached import remote

            self._remote = remote(
                model, kind, api_base, secrets, timeout, retries, limits, self.params
            )
        self.cache = cache is not False
        self._cache = chosen(cache, on_disk=self._remote is not None)
        self._where = f"{kind} {api_base or ''}"
        self._count = Count()

    @property
    def never_blocks(self) -> bool:
        """Whether `acall` only ever awaits, so that it may be used on the network's own loop."""
        return self._remote is not None

    @property
    def usage(self) -> Usage:
        """Calls, tokens and dollars so far."""
        return self._count.usage

    @cached_property
    def supports(self) -> frozenset[Feature]:
        """What the model can do beyond text."""
        if self._supports is not None:
            return self._supports
        return (self._local or self._asked).supports

    @cached_property
    def price(self) -> Price | None:
        """What a token costs; None when that is not known."""
        if self._price is not None:
            return self._price
        found: Price | None = getattr(self._local or self._asked, "price", None)
        return found

    def __call__(
        self,
        prompt: Given | None = None,
        *,
        messages: Sequence[Message | Mapping[str, Any]] | None = None,
        rollout: int = 0,
        **params: Any,
    ) -> Completion:
        """Answer a text or a list of messages. Raises `LMError` when the model gives no answer."""
        return self._answered(prompt if messages is None else messages, rollout, params, None)

    def stream(
        self,
        prompt: Given | None = None,
        *,
        on_text: Callable[[str], object],
        messages: Sequence[Message | Mapping[str, Any]] | None = None,
        rollout: int = 0,
        **params: Any,
    ) -> Completion:
        """Answer like a call; `on_text` gets the text piece by piece as it comes.

        What the cache knows comes in one piece. Raises `LMError`, also after some text.

        >>> parts = []
        >>> LM("offline").stream("Say hello.", on_text=parts.append).text == "".join(parts)
        True
        """
        return self._answered(prompt if messages is None else messages, rollout, params, on_text)

    async def acall(
        self,
        prompt: Given | None = None,
        *,
        on_text: Callable[[str], object] | None = None,
        messages: Sequence[Message | Mapping[str, Any]] | None = None,
        rollout: int = 0,
        **params: Any,
    ) -> Completion:
        """The same for `await`, streamed when there is an `on_text`.

        A task that is cancelled cancels its request.
        """
        given = prompt if messages is None else messages
        if (kept := self._kept(given, rollout, params)) is not None:
            return self._again(kept, on_text)
        if self._local is not None:
            return await in_thread(
                functools.partial(self._answered, given, rollout, params, on_text)
            )
        request, key = self._request(given, rollout, params)
        while True:
            start = time.perf_counter()
            try:
                known = self._known(key)
                if known is None:
                    from .loop import network, wait_async

                    if network().is_here:
                        completion = await self._asked.ask(request, on_text)
                    else:
                        completion = await wait_async(self._ask(request), on_text)
                    return self._done(key, completion, start)
            except BaseException as error:
                self._failed(key, error, start)
                raise
            if isinstance(known, Future):
                known = await asyncio.wrap_future(known)
            if known is not None:  # else who asked was called off
                return self._again(known, on_text)

    def _answered(
        self, given: Any, rollout: int, params: Mapping[str, Any], on_text: OnText | None
    ) -> Completion:
        if (kept := self._kept(given, rollout, params)) is not None:
            return self._again(kept, on_text)
        request, key = self._request(given, rollout, params)
        while True:
            start = time.perf_counter()
            # From here on an interrupt may come anywhere, and others may wait for our answer. Told
            # once too often that we are called off, they ask for themselves.
            try:
                known = self._known(key)
                if known is None:
                    completion = self._complete(request, on_text)
                    return self._done(key, completion, start)
            except BaseException as error:
                self._failed(key, error, start)
                raise
            if isinstance(known, Future):
                known = _waited_for(known)
            if known is not None:  # else who asked was called off
                return self._again(known, on_text)

    def _complete(self, request: Request, on_text: OnText | None) -> Completion:
        if self._local is not None:
            return self._local.complete(request, on_text)
        from .loop import wait

        return wait(self._ask(request), on_text)

    def _kept(self, given: Any, rollout: int, params: Mapping[str, Any]) -> Completion | None:
        """What memory has for a prompt that was asked before: nothing is written anew for it."""
        if type(given) is not Prompt or self._cache is None or (sent := given.sent) is None:
            return None
        if self.params:
            params = {**self.params, **params}
        model, where, sample, told, key = sent
        if rollout != sample or where != self._where or model != self.model:
            return None
        return self._cache.recall(key) if told == params_json(params) else None

    def _request(
        self, given: Any, rollout: int, params: Mapping[str, Any]
    ) -> tuple[Request, str | None]:
        """What is asked, and what its answer is kept by; None when it is not."""
        if self.params:
            params = {**self.params, **params}
        if type(given) is not Prompt:
            request = Request(read_messages(given), params, rollout)
            return request, self._key(request)
        request = Request(given, params, rollout)
        key = self._key(request)
        if key is not None and request.params_json is not None:
            given.sent = self.model, self._where, rollout, request.params_json, key
        return request, key

    def _key(self, request: Request) -> str | None:
        return None if self._cache is None else request.key(self.model, self._where)

    def _known(self, key: str | None) -> Completion | Future[Completion | None] | None:
        """The answer, or whom to wait for; None: ask the model."""
        if key is None or self._cache is None:
            return None
        return self._cache.claim(key)

    def _ask(self, request: Request) -> Callable[[OnText | None], Coroutine[Any, Any, Completion]]:
        return functools.partial(self._asked.ask, request)

    @property
    def _asked(self) -> Remote:
        assert self._remote is not None
        return self._remote

    def _again(self, known: Completion, on_text: OnText | None) -> Completion:
        completion = known.again()
        self._note(completion)
        if on_text is not None and completion.text:
            on_text(completion.text)
        return completion

    def _done(self, key: str | None, completion: Completion, start: float) -> Completion:
        dollars = completion.dollars
        if self._price is not None or dollars is None:
            dollars = None if self.price is None else self.price.of(completion)
        completion = completion.changed(dollars=dollars, seconds=time.perf_counter() - start)
        if key is not None and self._cache is not None:
            self._cache.put(key, completion)
        self._note(completion)
        return completion

    def _failed(self, key: str | None, error: BaseException, start: float) -> None:
        """Tell those who wait for this call, and the ledger."""
        if key is not None and self._cache is not None:
            self._cache.fail(key, error)
        if isinstance(error, Exception) and not isinstance(error, UsageError):
            self._note(None, type(error).__name__, time.perf_counter() - start)

    def _note(self, completion: Completion | None, error: str = "", seconds: float = 0.0) -> None:
        self._count.add(completion)
        ledger.add(completion, model=self.model, error=error, seconds=seconds)

    def __copy__(self) -> LM:
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> LM:
        return self  # its cache and its count are for all who use it

    def __reduce__(self) -> Any:
        raise UsageError(
            "A model is not pickled, since its key would be in there. "
            f"Make it where it is used: `LM({self.model!r})`."
        )

    def __repr__(self) -> str:
        shown = {**self.own, **self.params}
        inside = "".join(f", {name}={value!r}" for name, value in shown.items())
        return f"LM({self.model!r}{inside})"


def _waited_for(other: Future[Completion | None]) -> Completion | None:
    """What another caller gets; the waits are short, so that an interrupt is seen everywhere."""
    scope = cancellation.get()
    while True:
        try:
            return other.result(timeout=0.1)
        except TimeoutError:
            if scope is not None and scope.over:
                raise Cancelled from None


def _is_number(value: Any, *, above: float) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and value > above


def _price(given: Any) -> Price:
    match given:
        case Price():
            return given
        case (int() | float() as tokens_in, int() | float() as tokens_out) if (
            min(tokens_in, tokens_out) >= 0
        ):
            return Price.per_million(tokens_in, tokens_out)
    raise UsageError(
        "`price` is what a million tokens in and out cost in dollars, as in `(0.15, 0.60)`; "
        f"got {given!r}."
    )


def _features(given: Iterable[Feature]) -> frozenset[Feature]:
    known = get_args(Feature)
    if isinstance(given, str):
        raise UsageError(f"`supports` is a set, as in `{{'tools'}}`; got {given!r}.")
    found = frozenset(given)
    for name in found.difference(known):
        raise UsageError(f"`supports` has an unknown feature {name!r}; {nearest(name, known)}")
    return found
