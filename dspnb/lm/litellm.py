"""Every hosted model, by way of litellm, which is imported in the first call only."""

from __future__ import annotations

import json
import os
import time
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from dspnb.errors import ConnectionLost, LMError, ServerFailed

from .base import Completion, Feature, Message, ToolCall, estimate_tokens
from .litellm_errors import translated


class LiteLLM:
    """One model of one provider, named as litellm names it."""

    def __init__(self, model: str, *, api_base: str | None, api_key: str | None) -> None:
        self.model = model
        self._settings = {"api_base": api_base, "api_key": api_key}

    @cached_property
    def supports(self) -> frozenset[Feature]:
        """What litellm's list says of the model; nothing when the model is not in it."""
        litellm = _litellm()
        if not {self.model, self.model.partition("/")[2]} & set(litellm.model_cost):
            return frozenset()  # litellm would ask a local server about it
        params = litellm.get_supported_openai_params(model=self.model) or ()
        found: dict[Feature, bool] = {
            "tools": litellm.supports_function_calling(model=self.model),
            "reasoning": litellm.supports_reasoning(model=self.model),
            "json_schema": litellm.supports_response_schema(model=self.model),
            "json_object": "response_format" in params,
            "citations": self.model.startswith("anthropic/"),
        }
        return frozenset(name for name, known in found.items() if known)

    def complete(
        self, messages: Sequence[Message], *, rollout: int, params: Mapping[str, Any]
    ) -> Completion:
        """Ask the provider once. `rollout` only tells samples apart; it is not sent."""
        start = time.perf_counter()
        failure: LMError | None = None
        try:
            response = self._ask(messages, params)
        except Exception as error:  # litellm raises its own, openai's, httpx's and plain ones
            failure = translated(error, self.model, self._settings, params)
        if failure is not None:
            raise failure  # not above: its context would be the original, which may hold the key
        if not response.choices:
            raise ServerFailed(
                "the provider sent an answer without text; ask again", model=self.model
            )
        choice = response.choices[0]
        answer = _Answer(usage=getattr(response, "usage", None))
        answer.add(choice.message, choice.finish_reason)
        return answer.completion(self.model, messages, time.perf_counter() - start)

    def stream(
        self,
        messages: Sequence[Message],
        *,
        on_text: Callable[[str], object],
        rollout: int,
        params: Mapping[str, Any],
    ) -> Completion:
        """Ask the provider once; `on_text` gets each piece of the text when it comes."""
        start = time.perf_counter()
        answer = _Answer()
        for chunk in self._chunks(messages, params):
            answer.usage = getattr(chunk, "usage", None) or answer.usage
            for choice in chunk.choices[:1]:
                answer.add(choice.delta, choice.finish_reason)
                if choice.delta.content:
                    on_text(choice.delta.content)
        return answer.completion(self.model, messages, time.perf_counter() - start)

    def _chunks(self, messages: Sequence[Message], params: Mapping[str, Any]) -> Iterator[Any]:
        """What the provider sends; its errors in our words, and those of the reader as they are."""
        streaming = {**params, "stream": True, "stream_options": {"include_usage": True}}
        response = None
        failure: LMError | None = None
        try:
            response = self._ask(messages, streaming)
            yield from response
        except Exception as error:  # as above
            failure = translated(error, self.model, self._settings, params)
        finally:
            close = getattr(getattr(response, "completion_stream", None), "close", None)
            if close:
                close()  # the reader may have left early
        if failure is not None:
            raise failure
        if getattr(response, "received_finish_reason", "unknown") is None:
            raise ConnectionLost("the provider cut its answer short; ask again", model=self.model)

    def _ask(self, messages: Sequence[Message], params: Mapping[str, Any]) -> Any:
        return _litellm().completion(
            model=self.model,
            messages=[message.to_dict() for message in messages],
            num_retries=0,
            **{name: value for name, value in self._settings.items() if value},
            **params,
        )


@dataclass
class _Answer:
    """An answer as it comes: whole, or in pieces that are added up."""

    usage: Any = None
    text: str = ""
    reasoning: str = ""
    finish: str = ""
    calls: dict[int, dict[str, str]] = field(default_factory=dict)
    citations: list[Mapping[str, Any]] = field(default_factory=list)

    def add(self, part: Any, finish: str | None) -> None:
        """Take in a message, or a piece of one."""
        self.text += part.content or ""
        self.reasoning += getattr(part, "reasoning_content", None) or ""
        self.finish = finish or self.finish
        for i, call in enumerate(part.tool_calls or ()):
            known = self.calls.setdefault(
                getattr(call, "index", i), {"id": "", "name": "", "arguments": ""}
            )
            known["id"] = known["id"] or call.id or ""
            known["name"] += call.function.name or ""
            known["arguments"] += call.function.arguments or ""
        more = getattr(part, "provider_specific_fields", None) or {}
        self.citations += _flat([more.get("citations"), more.get("citation")])

    def completion(self, model: str, messages: Sequence[Message], seconds: float) -> Completion:
        """The whole; tokens are estimated when the provider does not count them."""
        written = self.text + self.reasoning + "".join(c["arguments"] for c in self.calls.values())
        asked = sum(estimate_tokens(message.content) for message in messages)
        return Completion(
            text=self.text,
            model=model,
            tokens_in=getattr(self.usage, "prompt_tokens", 0) or asked,
            tokens_out=getattr(self.usage, "completion_tokens", 0) or estimate_tokens(written),
            dollars=_price(model, self.usage),
            seconds=seconds,
            tool_calls=tuple(
                ToolCall(call["name"], _arguments(call["arguments"]), call["id"])
                for _, call in sorted(self.calls.items())
            ),
            reasoning=self.reasoning,
            citations=tuple(self.citations),
            finish=self.finish,
        )


# What pydantic has to say about litellm's own types would stand in the notebook.
_ABOUT_ITS_TYPES = "Accessing the 'model_|Item '.*' on TypedDict class"


def _litellm() -> Any:
    # Without this, importing litellm fetches a price list from the network, and warns if it can't.
    os.environ.setdefault("LITELLM_LOCAL_MODEL_COST_MAP", "True")
    import litellm  # 3 s

    warnings.filterwarnings("ignore", _ABOUT_ITS_TYPES)
    litellm.suppress_debug_info = True  # it prints advice into the notebook otherwise
    return litellm


def _price(model: str, usage: Any) -> float:
    try:
        return float(sum(_litellm().cost_per_token(model=model, usage_object=usage)))
    except Exception:  # litellm raises plain exceptions for a model without a price
        return 0.0


def _arguments(text: str) -> dict[str, Any]:
    """The arguments of a call; none when the model wrote no object."""
    try:
        found = json.loads(text)
    except ValueError:
        import json_repair  # 20 ms to import, and most answers never need it

        found = json_repair.loads(text)
    return found if isinstance(found, dict) else {}


def _flat(found: Iterable[Any]) -> list[Mapping[str, Any]]:
    """Citations, which come one by one or as lists of lists, as one list."""
    flat: list[Mapping[str, Any]] = []
    for one in found:
        if isinstance(one, Mapping):
            flat.append(one)
        elif isinstance(one, list):
            flat += _flat(one)
    return flat
