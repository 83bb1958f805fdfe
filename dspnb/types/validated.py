"""Values that pydantic validates and writes, wherever their type stands in an annotation."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Self

from pydantic import GetCoreSchemaHandler
from pydantic_core import core_schema, to_jsonable_python

from dspnb.errors import UsageError


class Validated:
    """A class that says how to read a value, how to write it, and what that looks like.

    `plain` gives JSON of which `read` makes an equal value.
    """

    __slots__ = ()

    json_schema: ClassVar[dict[str, Any]]

    @classmethod
    def read(cls, value: Any) -> Self:
        """The value that something else stands for; raises `UsageError` if it stands for none."""
        raise NotImplementedError

    def plain(self) -> Any:
        """The value as JSON: texts, numbers, lists and dicts."""
        raise NotImplementedError

    @classmethod
    def __get_pydantic_core_schema__(
        cls, source: Any, handler: GetCoreSchemaHandler
    ) -> core_schema.CoreSchema:
        return core_schema.no_info_plain_validator_function(
            cls._validate,
            serialization=core_schema.plain_serializer_function_ser_schema(as_json),
        )

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: Any, handler: Any) -> dict[str, Any]:
        return dict(cls.json_schema)

    @classmethod
    def _validate(cls, value: Any) -> Self:
        if isinstance(value, cls):
            return value
        try:
            return cls.read(value)
        except UsageError as error:  # pydantic counts a `ValueError`, and tries a union's next type
            raise ValueError(str(error)) from None


def as_json(value: Any) -> Any:
    """Any value as JSON; what has no form of its own there becomes a text.

    >>> as_json({"sizes": (1, 2), "kind": object})
    {'sizes': [1, 2], 'kind': "<class 'object'>"}
    """
    match value:
        case Validated():
            return value.plain()
        case Mapping():
            return {str(name): as_json(item) for name, item in value.items()}
        case list() | tuple() | set() | frozenset():
            return [as_json(item) for item in value]
    return to_jsonable_python(value, bytes_mode="base64", fallback=str)
