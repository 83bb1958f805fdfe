"""Models behind the OpenAI protocol, over our own HTTP client."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cached_property
from typing import Any

from dspnb.errors import LMError, UsageError, WrongKey

from . import failures, prices
from .base import Completion, Feature
from .endpoints import Endpoint
from .formats import Events, Format, Reader
from .http import Answer, Post
from .keys import without_keys
from .loop import network
from .patient import OnText
from .prices import Price
from .private import Secrets
from .request import Request

NO_HEADERS: Mapping[str, str] = {}


class Hosted:
    """One model of one endpoint."""

    def __init__(
        self,
        model: str,
        endpoint: Endpoint,
        format_: Format,
        *,
        secrets: Secrets,
        timeout: float,
    ) -> None:
        self.model = model
        self._name = endpoint.bare(model)
        self._endpoint, self._format, self._timeout = endpoint, format_, timeout
        self._given = secrets
        self._post: Post | None = None
        self._sent: tuple[str, ...] = ()

    @cached_property
    def supports(self) -> frozenset[Feature]:
        """What is known of the endpoint, and of the model in litellm's list."""
        return self._endpoint.features | (prices.features(self.model) or frozenset())

    @cached_property
    def price(self) -> Price | None:
        """What the list says; nothing where the model runs on a machine of the user's."""
        return Price(0.0, 0.0) if self._endpoint.free else prices.price(self.model)

    async def ask(self, request: Request, on_text: OnText | None = None) -> Completion:
        """Ask once. Raises `LMError`. Cancelled, it closes the connection."""
        post = self._post or self._addressed()
        body = self._format.body(self._name, request, stream=on_text is not None)
        stream = None if on_text is None else _Stream(self, request, on_text)
        on_data = None if stream is None else stream.take
        failed: LMError | None = None
        try:
            answer = await network().client.send(post, body, timeout=self._timeout, on_data=on_data)
        except OSError as error:
            failed = self._lost(error)
        if stream is not None and stream.error is not None:
            failed = stream.error
        if failed is not None:
            raise failed
        if not answer.good:
            raise self._refused(answer, request)
        return self.read(answer.body, answer.headers, request) if stream is None else stream.close()

    def reader(self, request: Request, on_text: OnText) -> Reader:
        """What takes in a stream of events."""
        return self._format.reader(self.model, on_text, request)

    def read(self, body: bytes, headers: Mapping[str, str], request: Request) -> Completion:
        """A whole answer."""
        told = self.told(body, headers)
        try:
            return self._format.read(told, self.model, request)
        except LMError as error:
            self.hush(error)
            raise

    def hush(self, error: LMError) -> None:
        """Take keys out of what an answer says of an error: a provider may repeat them."""
        error.args = (without_keys(str(error), self._secrets),)

    def told(self, body: bytes, headers: Mapping[str, str] = NO_HEADERS) -> dict[str, Any]:
        """The JSON object of an answer or an event. Raises `ServerFailed` when it is none."""
        try:
            found = json.loads(body)
        except (ValueError, RecursionError):
            found = None
        if not isinstance(found, dict):
            raise failures.not_json(
                headers,
                body,
                model=self.model,
                where=self._endpoint.base,
                secrets=self._secrets,
            )
        return found

    @property
    def _secrets(self) -> tuple[str, ...]:
        """What no error may repeat."""
        return self._sent

    def _addressed(self) -> Post:
        key = self._endpoint.key(self._given.key)
        if key is None and self._endpoint.needs_key:
            variable = self._endpoint.key_variables[0]
            raise WrongKey(
                f"`{self._endpoint.name}` wants a key, and there is none. Set the environment "
                f"variable `{variable}` or `api_key=`.",
                model=self.model,
            )
        self._sent = tuple(filter(None, (key, *self._given.headers.values())))
        url = self._endpoint.url(self._format.path, self._name)
        try:
            self._post = Post.to(url, {**self._endpoint.headers(key), **self._given.headers})
        except ValueError as error:
            key = None  # a traceback may show the values of variables
            raise UsageError(f"`{self.model}` cannot be asked: {error}.") from None
        return self._post

    def _lost(self, error: OSError) -> LMError:
        self._post = None  # the next call looks for another proxy
        where = self._endpoint.base
        return failures.from_transport(error, model=self.model, where=where, secrets=self._secrets)

    def _refused(self, answer: Answer, request: Request) -> LMError:
        error = failures.from_status(
            answer.status,
            answer.headers,
            answer.body,
            model=self.model,
            where=self._endpoint.base,
            params=request.params,
            secrets=self._secrets,
            key_variable=next(iter(self._endpoint.key_variables), ""),
        )
        if isinstance(error, WrongKey):
            self._post = None  # the next call looks for another key
        return error


class _Stream:
    """A streamed answer as it comes; its first error ends it."""

    def __init__(self, hosted: Hosted, request: Request, on_text: OnText) -> None:
        self._hosted, self._request, self._on_text = hosted, request, on_text
        self._events, self._pieces = Events(), list[str]()
        self._reader = hosted.reader(request, self._pieces.append)
        self._whole: list[bytes] | None = []  # while there is no event: an answer in one piece
        self.error: LMError | None = None

    def take(self, data: bytes) -> None:
        payloads = self._events.feed(data)
        if payloads:
            self._whole = None
        elif self._whole is not None:
            self._whole.append(data)
        try:
            self._feed(payloads)
        except LMError as error:
            self.error = error
            raise

    def close(self) -> Completion:
        if self._whole and (body := b"".join(self._whole)).lstrip().startswith(b"{"):
            # A server that does not know how to stream.
            completion = self._hosted.read(body, NO_HEADERS, self._request)
            self._on_text(completion.text)
            return completion
        self._feed(self._events.close())
        try:
            return self._reader.close(done=self._events.done)
        except LMError as error:
            self._hosted.hush(error)
            raise

    def _feed(self, payloads: list[bytes]) -> None:
        for payload in payloads:
            event = self._hosted.told(payload)
            try:
                self._reader.feed(event)
            except LMError as error:
                self._hosted.hush(error)
                raise
        if self._pieces:
            self._on_text("".join(self._pieces))
            self._pieces.clear()
