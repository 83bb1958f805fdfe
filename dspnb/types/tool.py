"""A function that a model may ask to have called."""

from __future__ import annotations

import copy
import functools
import inspect
import json
import re
import types
import typing
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, ClassVar, Self

from pydantic import BaseModel, Field, PydanticUserError, ValidationError, create_model

from dspnb.errors import UsageError, listed, nearest
from dspnb.pool import in_thread, wait_for

from .media import shortened
from .validated import Validated, as_json

NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")  # what providers accept


@dataclass(frozen=True, init=False, repr=False)
class Tool(Validated):
    """A function with a name, a description, and arguments that are checked before it is called.

    The name and the description are the function's own, the types of its arguments its
    annotations; `arg_desc` describes arguments by name. Raises `UsageError` for a function that
    cannot be called by keyword arguments that JSON can hold.

    >>> def search(query: str, k: int = 3) -> list[str]:
    ...     "Find passages."
    ...     return [query] * k
    >>> tool = Tool(search)
    >>> tool(query="rain", k="2")
    ['rain', 'rain']
    >>> print(tool.describe())
    `search`: Find passages. Arguments: {"query": {"type": "string"}, "k": {"default": 3, \
"type": "integer"}}
    """

    func: Callable[..., Any] = field(hash=False)
    name: str
    desc: str
    arg_desc: Mapping[str, str] = field(hash=False)

    json_schema: ClassVar[dict[str, Any]] = {
        "type": "object",
        "properties": {
            "name": {"type": "string"},
            "desc": {"type": "string"},
            "args": {"type": "object"},
        },
        "required": ["name"],
    }

    def __init__(
        self,
        func: Callable[..., Any],
        name: str = "",
        desc: str = "",
        *,
        arg_desc: Mapping[str, str] | None = None,
    ) -> None:
        if isinstance(func, Tool):
            name, desc = name or func.name, desc or func.desc
            arg_desc = {**func.arg_desc, **(arg_desc or {})}
            func = func.func
        if not callable(func):
            raise UsageError(f"A `Tool` is made of a function; got {shortened(repr(func))}.")
        name = name or getattr(_unbound(func), "__name__", type(func).__name__)
        if not NAME.fullmatch(name):
            raise UsageError(
                f"A tool's name has letters, digits, `_` and `-`, at most 64; got {name!r}. "
                "Give one, as in `Tool(func, name=...)`."
            )
        object.__setattr__(self, "func", func)
        object.__setattr__(self, "name", name)
        object.__setattr__(
            self, "desc", inspect.cleandoc(desc or inspect.getdoc(_unbound(func)) or "")
        )
        object.__setattr__(self, "arg_desc", types.MappingProxyType(dict(arg_desc or {})))
        for described in self.arg_desc:
            if described not in self._parameters:
                raise UsageError(self._no_argument(described))
        _ = self._schema  # says at once what cannot be called

    @classmethod
    def read(cls, value: Any) -> Self:
        """A tool from a function. What a file holds is no function, and becomes none."""
        return cls(value)

    def plain(self) -> dict[str, Any]:
        """What JSON can say of a tool, which is all but the function."""
        return {"name": self.name, "desc": self.desc, "args": self.args}

    @property
    def args(self) -> dict[str, Any]:
        """The JSON schema of each argument, by its name."""
        definitions = self._schema.get("$defs", {})
        properties = self._schema["properties"]
        return {name: _inlined(schema, definitions) for name, schema in properties.items()}

    def __call__(self, /, **args: Any) -> Any:
        """Call the function with checked arguments; an async one is waited for.

        Raises `UsageError` for an argument that is unknown, missing or of the wrong type.
        """
        result = self.func(**self._checked(args))
        return wait_for(lambda: _awaited(result)) if inspect.isawaitable(result) else result

    async def acall(self, /, **args: Any) -> Any:
        """The same call for `await`; a function that is not async gets a thread."""
        checked = self._checked(args)
        if inspect.iscoroutinefunction(_annotated(self.func)):
            return await self.func(**checked)
        result = await in_thread(functools.partial(self.func, **checked))
        return await result if inspect.isawaitable(result) else result

    def to_openai(self) -> dict[str, Any]:
        """As the protocol of OpenAI describes a function."""
        function = {"name": self.name, "description": self.desc}
        return {
            "type": "function",
            "function": {**function, "parameters": copy.deepcopy(self._schema)},
        }

    def describe(self) -> str:
        """The tool in a line for a prompt."""
        desc = " ".join(self.desc.split())
        args = json.dumps(self.args, ensure_ascii=False)
        return f"`{self.name}`: {desc + ' ' if desc else ''}Arguments: {args}"

    def __repr__(self) -> str:
        return f"Tool({self.name}({', '.join(self._parameters)}))"

    def __reduce__(self) -> tuple[Any, ...]:
        return _restored, (self.func, self.name, self.desc, dict(self.arg_desc))

    @cached_property
    def _signature(self) -> inspect.Signature:
        try:
            return inspect.signature(self.func)
        except (TypeError, ValueError):
            raise UsageError(
                f"The arguments of `{self.name}` are not known to Python; "
                "wrap it in a function with annotations."
            ) from None

    @cached_property
    def _parameters(self) -> dict[str, inspect.Parameter]:
        """The arguments that have a name."""
        parameters = self._signature.parameters
        nameless = [name for name, p in parameters.items() if p.kind is p.POSITIONAL_ONLY]
        if nameless:
            raise UsageError(
                f"A tool is called by keyword arguments, but `{self.name}` takes "
                f"{listed(nameless)} by position only; wrap it in a function."
            )
        return {
            name: parameter
            for name, parameter in parameters.items()
            if parameter.kind in (parameter.POSITIONAL_OR_KEYWORD, parameter.KEYWORD_ONLY)
        }

    @cached_property
    def _takes_others(self) -> bool:
        return any(
            parameter.kind is parameter.VAR_KEYWORD
            for parameter in self._signature.parameters.values()
        )

    @cached_property
    def _arguments(self) -> type[BaseModel]:
        """A model of the arguments: one may have any name, so its field is known by an alias."""
        hints = _hints(self.func, self.name)
        fields: dict[str, Any] = {}
        for name, parameter in self._parameters.items():
            default = ... if parameter.default is parameter.empty else None
            described = {"description": self.arg_desc[name]} if name in self.arg_desc else {}
            mark = Field(default, alias=name, **described)  # type: ignore[call-overload]
            fields[f"argument{len(fields)}"] = (hints.get(name, Any), mark)
        model: type[BaseModel] = create_model("arguments", **fields)
        return model

    @cached_property
    def _schema(self) -> dict[str, Any]:
        """The JSON schema of the arguments together."""
        try:
            schema: dict[str, Any] = _untitled(self._arguments.model_json_schema())
        except PydanticUserError as error:
            raise UsageError(
                f"The arguments of `{self.name}` cannot be written as JSON: "
                f"{str(error).splitlines()[0]}"
            ) from None
        properties = schema.setdefault("properties", {})
        schema["additionalProperties"] = self._takes_others
        for name, parameter in self._parameters.items():
            if parameter.default is not parameter.empty:
                properties[name]["default"] = as_json(parameter.default)
        return schema

    def _checked(self, args: dict[str, Any]) -> dict[str, Any]:
        unknown = [name for name in args if name not in self._parameters]
        if unknown and not self._takes_others:
            raise UsageError(self._no_argument(unknown[0]))
        missing = [
            name
            for name, parameter in self._parameters.items()
            if parameter.default is parameter.empty and name not in args
        ]
        if missing:
            raise UsageError(
                f"The tool `{self.name}` needs {listed(missing)}; "
                f"it was called with {listed(args) or 'no arguments'}."
            )
        try:
            checked = self._arguments.model_validate(args)
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            place = ".".join(map(str, first["loc"]))
            raise UsageError(
                f"The tool `{self.name}` was called with a wrong `{place}`: {first['msg']}; "
                f"got {shortened(repr(first['input']))}."
            ) from None
        fields = type(checked).model_fields.items()
        given = {field.alias: getattr(checked, key) for key, field in fields if field.alias in args}
        return args | given

    def _no_argument(self, name: str) -> str:
        known = nearest(name, self._parameters) if self._parameters else "it takes none."
        return f"The tool `{self.name}` has no argument `{name}`; {known}"


def _restored(func: Callable[..., Any], name: str, desc: str, arg_desc: Mapping[str, str]) -> Tool:
    return Tool(func, name, desc, arg_desc=arg_desc)


def _unbound(func: Any) -> Any:
    """The function inside a partial one."""
    while isinstance(func, functools.partial):
        func = func.func
    return func


def _annotated(func: Any) -> Any:
    """The function whose annotations tell what a callable takes."""
    func = _unbound(func)
    if inspect.isclass(func):
        return func.__init__
    return func if inspect.isroutine(func) else type(func).__call__


def _hints(func: Any, name: str) -> dict[str, Any]:
    try:
        return typing.get_type_hints(_annotated(func), include_extras=True)
    except (NameError, TypeError) as error:
        raise UsageError(f"The annotations of `{name}` cannot be read: {error}.") from None


def _untitled(schema: Any) -> Any:
    """A JSON schema without the titles that repeat its names."""
    match schema:
        case dict():
            return {
                key: value if key in ("default", "const", "enum", "examples") else _untitled(value)
                for key, value in schema.items()
                if not (key == "title" and isinstance(value, str))
            }
        case list():
            return [_untitled(item) for item in schema]
    return schema


def _inlined(schema: Any, definitions: Mapping[str, Any], inside: tuple[str, ...] = ()) -> Any:
    """A JSON schema without references; a type that holds itself ends as an object."""
    match schema:
        case {"$ref": str(reference), **rest}:
            name = reference.rpartition("/")[2]
            if name in inside or name not in definitions:
                return {"type": "object", **rest}
            return {**_inlined(definitions[name], definitions, (*inside, name)), **rest}
        case dict():
            return {key: _inlined(value, definitions, inside) for key, value in schema.items()}
        case list():
            return [_inlined(item, definitions, inside) for item in schema]
    return schema


async def _awaited(result: Awaitable[Any]) -> Any:
    return await result
