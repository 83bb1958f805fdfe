"""The tool calls that a model asks for, and what comes of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Self

from dspnb.errors import UsageError, nearest, one_line
from dspnb.lm.base import ToolCall

from .media import shortened
from .tool import Tool
from .validated import Validated, as_json

ARGS = ("args", "arguments", "parameters", "input")  # what models and providers call them
CALL_SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {"name": {"type": "string"}, "args": {"type": "object"}},
    "required": ["name", "args"],
}

Tools = Iterable[Callable[..., Any]] | Mapping[str, Callable[..., Any]]


@dataclass(frozen=True)
class ToolResult(Validated):
    """What came of a call: the tool's value, or a text about what went wrong."""

    call: ToolCall
    value: Any = field(hash=False)
    is_error: bool = False

    json_schema: ClassVar[dict[str, Any]] = {
        "type": "object",
        "properties": {"call": CALL_SCHEMA, "value": {}, "is_error": {"type": "boolean"}},
        "required": ["call", "value"],
    }

    @classmethod
    def read(cls, value: Any) -> Self:
        """A result from a dict of its parts."""
        match value:
            case {"call": call, "value": result}:
                return cls(_call(call), result, bool(value.get("is_error", False)))
        raise UsageError(
            f"A result of a tool has a `call` and a `value`; got {shortened(repr(value))}."
        )

    def plain(self) -> dict[str, Any]:
        """As JSON; a value that JSON does not know becomes a text."""
        call = _plain_call(self.call)
        return {"call": call, "value": as_json(self.value), "is_error": self.is_error}


@dataclass(frozen=True, init=False)
class ToolResults(Validated):
    """The results of tool calls, in the order of the calls."""

    results: tuple[ToolResult, ...]

    json_schema: ClassVar[dict[str, Any]] = {
        "type": "object",
        "properties": {"results": {"type": "array", "items": ToolResult.json_schema}},
        "required": ["results"],
    }

    def __init__(self, results: Iterable[Any] = ()) -> None:
        object.__setattr__(self, "results", tuple(map(_result, _listed(results, "ToolResults"))))

    @classmethod
    def read(cls, value: Any) -> Self:
        """Results from a list, or from a dict that has it under `results`."""
        match value:
            case {"results": results}:
                return cls(results)
        return cls(value)

    def plain(self) -> dict[str, Any]:
        """As JSON."""
        return {"results": [result.plain() for result in self.results]}

    def __iter__(self) -> Iterator[ToolResult]:
        return iter(self.results)

    def __len__(self) -> int:
        return len(self.results)


@dataclass(frozen=True, init=False)
class ToolCalls(Validated):
    """Calls of tools that a model asks for.

    They are read from the protocol of OpenAI, where arguments are JSON in a text, and from dicts
    with `name` and `args`.

    >>> calls = ToolCalls([{"name": "add", "args": {"a": 1, "b": 2}}])
    >>> def add(a: int, b: int) -> int:
    ...     return a + b
    >>> [result.value for result in calls.execute([add])]
    [3]
    """

    calls: tuple[ToolCall, ...]

    json_schema: ClassVar[dict[str, Any]] = {
        "type": "object",
        "properties": {"tool_calls": {"type": "array", "items": CALL_SCHEMA}},
        "required": ["tool_calls"],
    }

    def __init__(self, calls: Iterable[Any] = ()) -> None:
        object.__setattr__(self, "calls", tuple(map(_call, _listed(calls, "ToolCalls"))))

    @classmethod
    def read(cls, value: Any) -> Self:
        """Calls from a list, from a dict that has it under `tool_calls` or `calls`, or from one."""
        match value:
            case {"tool_calls": calls} | {"calls": calls}:
                return cls(calls)
            case ToolCall() | {"name": _} | {"function": _}:
                return cls([value])
        return cls(value)

    def plain(self) -> dict[str, Any]:
        """As JSON."""
        return {"tool_calls": [_plain_call(call) for call in self.calls]}

    def execute(self, tools: Tools) -> ToolResults:
        """Call the tools, one after the other.

        `tools` are tools or functions, or a mapping of names to them. A call of an unknown tool,
        and one that raises, has a result with `is_error`; the other calls are done all the same.
        """
        known = _by_name(tools)
        return ToolResults([_executed(call, known) for call in self.calls])

    def __iter__(self) -> Iterator[ToolCall]:
        return iter(self.calls)

    def __len__(self) -> int:
        return len(self.calls)


def _listed(items: Any, name: str) -> Iterable[Any]:
    if isinstance(items, str | bytes | Mapping) or not isinstance(items, Iterable):
        raise UsageError(f"`{name}` are made of a list; got {shortened(repr(items))}.")
    return items


def _call(value: Any) -> ToolCall:
    match value:
        case ToolCall():
            return value
        case {"function": {"name": str(name)} as function}:
            return ToolCall(name, _args(name, function), _id(value))
        case {"name": str(name)}:
            return ToolCall(name, _args(name, value), _id(value))
    raise UsageError(
        f"A tool call is written `{{'name': ..., 'args': {{...}}}}`; got {shortened(repr(value))}."
    )


def _args(name: str, parts: Mapping[str, Any]) -> dict[str, Any]:
    given: Any = next((parts[key] for key in ARGS if parts.get(key) is not None), {})
    args = _from_json(given) if isinstance(given, str) else given
    if not isinstance(args, Mapping):
        raise UsageError(
            f"The arguments of the call of `{name}` are no JSON object: {shortened(repr(given))}."
        )
    return {str(key): value for key, value in args.items()}


def _from_json(text: str) -> Any:
    if not text.strip():
        return {}  # how some providers write that there are none
    import json_repair  # 20 ms to import

    return json_repair.loads(text)


def _id(value: Mapping[str, Any]) -> str:
    id_ = value.get("id")
    return id_ if isinstance(id_, str) else ""


def _plain_call(call: ToolCall) -> dict[str, Any]:
    told = {"name": call.name, "args": as_json(call.args)}
    return {**told, "id": call.id} if call.id else told


def _result(value: Any) -> ToolResult:
    return value if isinstance(value, ToolResult) else ToolResult.read(value)


def _by_name(tools: Tools) -> dict[str, Tool]:
    if isinstance(tools, Mapping):
        return {
            name: tool if isinstance(tool, Tool) else Tool(tool, name)
            for name, tool in tools.items()
        }
    if isinstance(tools, str) or not isinstance(tools, Iterable):
        raise UsageError(
            "Tools are a list of functions, or a mapping of names to them; "
            f"got {shortened(repr(tools))}."
        )
    return {tool.name: tool for tool in map(Tool.read, tools)}


def _executed(call: ToolCall, tools: Mapping[str, Tool]) -> ToolResult:
    if call.name not in tools:
        hint = nearest(call.name, tools)
        return ToolResult(call, f"There is no tool `{call.name}`; {hint}", is_error=True)
    try:
        return ToolResult(call, tools[call.name](**call.args))
    except UsageError as error:
        return ToolResult(call, str(error), is_error=True)
    except Exception as error:  # whatever the user's tool raises
        return ToolResult(call, one_line(error), is_error=True)
