"""Models that do not speak the OpenAI protocol, by way of litellm, imported in the first call."""

from __future__ import annotations

import asyncio
import logging
import os
import warnings
from collections.abc import Mapping
from functools import cached_property
from typing import Any

from dspnb.errors import ConnectionLost, LMError

from . import prices
from .base import Completion, Feature
from .formats import Chat, Format
from .formats.embeddings import Embeddings
from .litellm_errors import translated
from .patient import OnText
from .prices import Price
from .private import Secrets
from .request import Request


class LiteLLM:
    """One model of one provider, named as litellm names it."""

    format: Format = Chat()  # litellm answers in its shape, whoever the provider is

    def __init__(
        self,
        model: str,
        *,
        api_base: str | None,
        secrets: Secrets,
        timeout: float,
    ) -> None:
        self.model = model
        self._api_base, self._given, self._timeout = api_base, secrets, timeout

    @cached_property
    def supports(self) -> frozenset[Feature]:
        """What litellm's list says of the model; nothing when the model is not in it."""
        listed = prices.features(self.model)
        if listed is None:
            return frozenset()  # litellm would ask a local server about it
        params = _litellm().get_supported_openai_params(model=self.model) or ()
        found: dict[Feature, bool] = {
            "json_object": "response_format" in params,
            "citations": self.model.startswith("anthropic/"),
        }
        return listed | frozenset(name for name, known in found.items() if known)

    @cached_property
    def price(self) -> Price | None:
        """What litellm's list says."""
        return prices.price(self.model)

    async def ask(self, request: Request, on_text: OnText | None = None) -> Completion:
        """Ask the provider once. Raises `LMError`. Cancelled, it closes the connection."""
        failed: LMError
        try:
            if on_text is None:
                response = await self._asked(request)
                return self._priced(self._whole(response, request), response)
            return await self._streamed(request, on_text)
        except LMError:
            raise
        except Exception as error:  # litellm raises its own, openai's, httpx's and plain ones
            failed = self._translated(error, request)
        raise failed

    def _whole(self, response: Any, request: Request) -> Completion:
        return self.format.read(_plain(response), self.model, request)

    async def _streamed(self, request: Request, on_text: OnText) -> Completion:
        reader, last = self.format.reader(self.model, on_text, request), None
        response = await self._asked(request, stream=True, stream_options={"include_usage": True})
        try:
            async for last in response:
                reader.feed(_plain(last))
        finally:
            close = getattr(getattr(response, "completion_stream", None), "aclose", None)
            if close:
                await close()
        # litellm makes up an end for a stream that has none, but notes what it got.
        whole = getattr(response, "received_finish_reason", "unknown") is not None
        if not whole:
            raise _cut(self.model)
        return self._priced(reader.close(done=True), last)

    async def _asked(self, request: Request, **more: Any) -> Any:
        litellm = await asyncio.get_running_loop().run_in_executor(None, _litellm)
        messages = [message.to_dict() for message in request.messages]
        return await litellm.acompletion(messages=messages, **self._told(request), **more)

    def _told(self, request: Request) -> dict[str, Any]:
        settings = {
            "api_base": self._api_base,
            "api_key": self._given.key,
            "extra_headers": dict(self._given.headers),
        }
        return {
            "model": self.model,
            "num_retries": 0,
            "max_retries": 0,
            "timeout": self._timeout,
            **{name: value for name, value in settings.items() if value},
            **self._given.more,
            **request.params,
        }

    def _translated(self, error: Exception, request: Request) -> LMError:
        given = self._given
        said = (given.key, *given.headers.values(), *given.more.values())
        secrets = tuple(value for value in said if isinstance(value, str))
        return translated(error, self.model, self._api_base or "", request.params, secrets)

    def _priced(self, completion: Completion, response: Any) -> Completion:
        """With what litellm says that it took: it knows the prices of cached and written tokens."""
        dollars = _price(self.model, getattr(response, "usage", None))
        return completion if dollars is None else completion.changed(dollars=dollars)


class LiteLLMEmbeddings(LiteLLM):
    """One model that makes vectors of texts."""

    format = Embeddings()

    async def ask(self, request: Request, on_text: OnText | None = None) -> Completion:
        """Ask the provider once. Raises `LMError`. Cancelled, it closes the connection."""
        failed: LMError
        try:
            litellm = await asyncio.get_running_loop().run_in_executor(None, _litellm)
            texts = [message.content for message in request.messages]
            return self._whole(
                await litellm.aembedding(input=texts, **self._told(request)), request
            )
        except LMError:
            raise
        except Exception as error:  # as above
            failed = self._translated(error, request)
        raise failed


def _cut(model: str) -> LMError:
    return ConnectionLost("the provider cut its answer short; ask again", model=model)


def _plain(response: Any) -> Mapping[str, Any]:
    """A response of litellm as JSON would have it."""
    plain: Mapping[str, Any] = response.model_dump(warnings=False)
    return plain


# What pydantic has to say about litellm's own types would stand in the notebook.
_ABOUT_ITS_TYPES = "Accessing the 'model_|Items? '.*' on TypedDict class"


def _litellm() -> Any:
    # Without this, importing litellm fetches a price list from the network, and warns if it can't.
    os.environ.setdefault("LITELLM_LOCAL_MODEL_COST_MAP", "True")
    import litellm  # 3 s

    warnings.filterwarnings("ignore", _ABOUT_ITS_TYPES)
    litellm.suppress_debug_info = True  # it prints advice into the notebook otherwise
    logger = logging.getLogger("LiteLLM")
    if logger.level == logging.NOTSET:  # in a debug log it would write the headers of each request
        logger.setLevel(logging.INFO)
    return litellm


def _price(model: str, usage: Any) -> float | None:
    try:
        return float(sum(_litellm().cost_per_token(model=model, usage_object=usage)))
    except Exception:  # litellm raises plain exceptions for a model without a price
        return None
