"""What a provider has a way of its own for: tools, thinking, citations.

Such fields are taken out of the signature before it is rendered, and put back from the completion.
"""

from __future__ import annotations

import dataclasses
import types
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, get_args

from dspnb.lm.base import Completion, Feature
from dspnb.signature import Field, Signature, default_instructions
from dspnb.types import Citations, Document, Reasoning, Tool, ToolCalls

from . import turns
from .kinds import core
from .past import NativeHistory
from .values import Attached


@dataclass(frozen=True)
class Native:
    """The fields of a signature that the provider handles, and the rest."""

    signature: Signature  # what is left to prompt for
    tools: tuple[str, ...] = ()  # inputs that hold tools
    calls: str = ""  # the output for the model's calls of tools
    reasoning: str = ""  # the output for its thinking
    citations: str = ""  # the output for its citations

    def params(self, inputs: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
        """What the model is called with for them."""
        params: dict[str, Any] = {}
        if self.calls:
            tools = [tool for name in self.tools for tool in _tools(inputs.get(name))]
            if tools:
                params["tools"] = [tool.to_openai() for tool in tools]
        if self.reasoning and "reasoning_effort" not in given:
            params["reasoning_effort"] = "low"
        return params

    def outputs(self, completion: Completion) -> dict[str, Any]:
        """The values of the fields that were taken out."""
        outputs: dict[str, Any] = {}
        if self.calls:
            outputs[self.calls] = ToolCalls(calls=completion.tool_calls)
        if self.reasoning:
            outputs[self.reasoning] = Reasoning(completion.reasoning)
        if self.citations:
            outputs[self.citations] = Citations(completion.citations)
        return outputs

    def inputs(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """The inputs that are left to prompt with."""
        left = {name: value for name, value in given.items() if name not in self.tools}
        if self.calls:
            for field in self.signature.inputs:
                if turns.is_history(field) and left.get(field.name) is not None:
                    left[field.name] = NativeHistory(left[field.name])
        if self.citations:
            left = {name: _to_cite(value) for name, value in left.items()}
        return left


def _to_cite(value: Any) -> Any:
    match value:
        case Document():
            return Attached(value)
        case [Document(), *_]:
            return [_to_cite(item) for item in value]
    return value


@lru_cache(maxsize=256)
def candidates(signature: Signature) -> bool:
    """Whether any field could be handled by a provider."""
    return any(core(field.type) in (Reasoning, ToolCalls, Citations) for field in signature.outputs)


@lru_cache(maxsize=256)
def taken_out(signature: Signature, features: frozenset[Feature]) -> Native | None:
    """The signature without the fields that a model with these features handles itself."""
    tools = tuple(field.name for field in signature.inputs if _holds(field, Tool))
    documents = any(_holds(field, Document) for field in signature.inputs)
    native = Native(signature)
    for field in signature.outputs:
        kind = core(field.type)
        if kind is Reasoning and "reasoning" in features:
            native = dataclasses.replace(native, reasoning=field.name)
        elif kind is ToolCalls and tools and "tools" in features:
            native = dataclasses.replace(native, calls=field.name, tools=tools)
        elif kind is Citations and documents and "citations" in features:
            native = dataclasses.replace(native, citations=field.name)
    out = {native.calls, native.reasoning, native.citations, *native.tools} - {""}
    if not out:
        return None
    rest = tuple(field for field in signature.fields if field.name not in out)
    return dataclasses.replace(native, signature=_left(signature, rest))


def _left(signature: Signature, fields: tuple[Field, ...]) -> Signature:
    """A signature of what is left, which may be no output at all."""
    left = object.__new__(Signature)
    object.__setattr__(left, "fields", fields)
    unwritten = signature.instructions == default_instructions(signature.fields)
    said = default_instructions(fields) if unwritten else signature.instructions
    object.__setattr__(left, "instructions", said)
    object.__setattr__(left, "name", signature.name)
    return left


def _holds(field: Field, kind: type) -> bool:
    return _mentions(field.type, kind)


def _mentions(type_: Any, kind: type) -> bool:
    return type_ is kind or any(_mentions(part, kind) for part in get_args(type_))


def _tools(value: Any) -> Sequence[Tool]:
    match value:
        case None:
            return []
        case Mapping():
            return [Tool(tool, str(name)) for name, tool in value.items()]
        case Tool() | types.FunctionType():
            return [Tool(value)]
    return [Tool(tool) for tool in value]
