"""Values as text in a prompt: inputs for a model to read, outputs as it must write them."""

from __future__ import annotations

import dataclasses
import enum
import json
import types
from collections.abc import Mapping, Sequence
from typing import Any

import pydantic_core
from pydantic import BaseModel

from dspnb.field import Field
from dspnb.lm.base import Attachment, Block, BlockKind
from dspnb.types import Audio, Document, File, Image, Tool
from dspnb.types.table import is_table, table_text
from dspnb.types.validated import Validated

from .kinds import Plan, plan


@dataclasses.dataclass(frozen=True)
class Attached:
    """A document for a model that cites by itself; any other model reads it as text."""

    document: Document


# -- inputs ----------------------------------------------------------------------------


def to_text(value: Any, attached: list[Attachment] | None = None) -> str:
    """A value as a model reads it: text as it is, a list of texts numbered, the rest as JSON.

    What is not text, such as a picture, goes into `attached`, and stands in the text by its name.

    >>> print(to_text(["a", "b"]))
    [1] «a»
    [2] «b»
    """
    match value:
        case str() if not isinstance(value, enum.Enum):
            return str(value)
        case [str(), *_] if all(isinstance(item, str) for item in value):
            return "\n".join(f"[{i}] «{to_text(item)}»" for i, item in enumerate(value, 1))
        case [Tool() | types.FunctionType(), *_]:
            return "\n".join(to_text(tool) for tool in value)
        case Document():
            return _document(value)
        case [Document(), *_]:  # from 0, as a citation counts them
            return "\n\n".join(f"[{i}] {to_text(item)}" for i, item in enumerate(value))
    told = _shown(value, [] if attached is None else attached)
    if told is None or isinstance(told, str | bool | int | float):
        return str(told)
    return json.dumps(told, ensure_ascii=False, default=plain)


def attachment_blocks(attached: Sequence[Attachment], kind: BlockKind) -> list[Block]:
    """A block for each attachment, under the name by which the text calls it."""
    numbers: dict[str, int] = {}
    blocks = []
    for attachment in attached:
        number = numbers[attachment.kind] = numbers.get(attachment.kind, 0) + 1
        blocks.append(Block(kind, f"<{attachment.kind} {number}>:", attachment))
    return blocks


def _shown(value: Any, attached: list[Attachment]) -> Any:
    """A value as JSON can write it; attachments are put aside, and named in their place."""
    match value:
        case enum.Enum():
            return _shown(value.value, attached)
        case None | str() | bool() | int() | float():
            return value
        case Mapping():
            return {_key(key): _shown(item, attached) for key, item in value.items()}
        case Attached(document):
            return _put_aside(document.attachment(), attached)
        case Image() | Audio() | File():
            return _put_aside(value.attachment(), attached)
        case Document():
            return value.plain()
        case Tool():
            return value.describe()
        case types.FunctionType():
            return Tool(value).describe()
        case BaseModel() if _holds_attachments(value):
            names = {
                name: part.serialization_alias or name
                for name, part in type(value).model_fields.items()
            }
            return {names.get(name, name): _shown(item, attached) for name, item in value}
        case list() | tuple():
            return [_shown(item, attached) for item in value]
        case set() | frozenset():
            return _sorted([_shown(item, attached) for item in value])
    if is_table(value):
        return table_text(value)
    if _is_dataclass(value) and _holds_attachments(value):
        return {name: _shown(item, attached) for name, item in _parts(value).items()}
    return plain(value)


def _document(document: Document) -> str:
    above = [part for part in (document.title, document.context) if part]
    return "\n".join([*above, document.text])


def _put_aside(attachment: Attachment, attached: list[Attachment]) -> str:
    attached.append(attachment)
    number = sum(other.kind == attachment.kind for other in attached)
    return f"<{attachment.kind} {number}>"


def _key(key: Any) -> str:
    told = plain(key.value if isinstance(key, enum.Enum) else key)
    return told if isinstance(told, str) else json.dumps(told, ensure_ascii=False)


def _sorted(items: list[Any]) -> list[Any]:
    """In the same order each time, which a set has not."""
    return sorted(items, key=lambda item: json.dumps(item, default=str))


def _holds_attachments(value: Any) -> bool:
    """Whether a picture or the like is anywhere in a value."""
    match value:
        case Image() | Audio() | File() | Attached():
            return True
        case None | str() | int() | float():
            return False
        case Mapping():
            return any(map(_holds_attachments, value.values()))
        case list() | tuple() | set() | frozenset():
            return any(map(_holds_attachments, value))
    if isinstance(value, BaseModel):
        return any(_holds_attachments(item) for _, item in value)
    return _is_dataclass(value) and any(map(_holds_attachments, _parts(value).values()))


def _is_dataclass(value: Any) -> bool:
    return dataclasses.is_dataclass(value) and not isinstance(value, type)


def _parts(value: Any) -> dict[str, Any]:
    return {part.name: getattr(value, part.name) for part in dataclasses.fields(value)}


def plain(value: Any) -> Any:
    """A value in JSON's own terms; what has no form there becomes a text."""
    match value:
        case Validated():
            return value.plain()
        case BaseModel():
            return value.model_dump(mode="json", by_alias=True, warnings=False, fallback=plain)
    return pydantic_core.to_jsonable_python(value, fallback=str, bytes_mode="utf8")


# -- outputs ---------------------------------------------------------------------------


def to_answer(field: Field, value: Any) -> str:
    """A value as a model would have to write it, so that `read` gives it back."""
    if value is None:
        return "None"
    kind = plan(field.type).kind
    if kind in ("text", "bool", "number", "choice"):
        return to_text(value)
    told = to_json(field, value)
    if isinstance(told, str) and (kind == "scalar" or (kind == "any" and not _is_json(told))):
        return told
    return json.dumps(told, ensure_ascii=False)


def to_json(field: Field, value: Any) -> Any:
    """A value as plain JSON data that `from_json` gives back."""
    if type(value) in (str, bool, int, float) or value is None:
        return value
    known = plan(field.type)
    if not isinstance(value, set | frozenset):
        for given in (value, *_validated(known, value)):
            for by_alias in (True, False):
                try:
                    told = known.validator.dump_python(
                        given, mode="json", by_alias=by_alias, warnings="error"
                    )
                    if by_alias and not _reads(known, told):
                        continue  # its names for reading are not those for writing
                    return told
                except (ValueError, TypeError, AttributeError):
                    break
    return _shown(value, [])  # a demo of another type


def _validated(known: Plan, value: Any) -> Sequence[Any]:
    """The value of the type that a demo from a file stands for."""
    try:
        return [known.validator.validate_python(value)]
    except ValueError:
        return []


def _reads(known: Plan, told: Any) -> bool:
    try:
        known.validator.validate_python(told)
    except ValueError:
        return False
    return True


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return False
    return True
