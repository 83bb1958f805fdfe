"""The response format that holds a model to the outputs, as strict as its provider can be."""

from typing import Annotated, Any, Literal

import pytest
from annotated_types import Ge
from pydantic import BaseModel
from pydantic import Field as Part

from dspnb import Field, Signature
from dspnb.adapters import ChatAdapter, CompactAdapter, JSONAdapter, XMLAdapter

HELD = pytest.mark.parametrize("adapter", [JSONAdapter(), CompactAdapter()], ids=lambda a: a.name)


class City(BaseModel):
    name: str = Part(description="in its own language")
    people: Annotated[int, Ge(0)] = 0


class Trip(BaseModel):
    first: City = Part(description="where it begins")
    rest: list[City] = []
    then: "Trip | None" = None


def asking(*outputs):
    return Signature((Field("q"), *(Field(n, t, role="output", **more) for n, t, more in outputs)))


def wanted(adapter, signature, *features):
    return adapter.params(signature, lambda: frozenset(features)).get("response_format")


@HELD
def test_a_model_with_schemas_is_held_to_one_with_every_key_and_no_other(adapter):
    signature = asking(
        ("trip", Trip, {}), ("kind", Literal["a"], {}), ("n", int, {"default": 3}),
        ("m", int | None, {}),
    )  # fmt: skip

    given = wanted(adapter, signature, "json_schema", "json_object")["json_schema"]

    schema = given["schema"]
    assert given["strict"] is True
    assert schema["required"] == ["trip", "kind", "n", "m"]
    assert schema["properties"] == {
        "trip": {"$ref": "#/$defs/Trip"},
        "kind": {"enum": ["a"], "type": "string"},
        "n": {"anyOf": [{"type": "integer"}, {"type": "null"}]},
        "m": {"anyOf": [{"type": "integer"}, {"type": "null"}]},
    }
    city, trip = schema["$defs"]["City"], schema["$defs"]["Trip"]
    assert city["properties"] == {
        "name": {"type": "string", "description": "in its own language"},
        "people": {"type": "integer"},
    }
    assert (trip["required"], trip["additionalProperties"]) == (["first", "rest", "then"], False)
    assert trip["properties"]["first"] == {"$ref": "#/$defs/City"}  # nothing may stand beside it


@HELD
def test_null_for_what_may_be_left_out_is_its_default(adapter):
    signature = asking(("n", int, {"default": 3}), ("m", int | None, {"default": 4}))

    assert adapter.parse(signature, '{"n": null, "m": null}') == {"n": 3, "m": None}


@HELD
@pytest.mark.parametrize("type_", [dict[str, int], tuple[int, str], Any, list[dict], list[Any]])
def test_what_no_strict_schema_can_say_is_asked_for_as_any_json(adapter, type_):
    given = wanted(adapter, asking(("x", type_, {})), "json_schema", "json_object")

    assert given == {"type": "json_object"}


@HELD
@pytest.mark.parametrize("type_", [dict[str, int], tuple[int, str], Any, list[dict], list[Any]])
def test_where_there_is_no_such_format_it_is_a_schema_that_is_not_strict(adapter, type_):
    given = wanted(adapter, asking(("x", type_, {})), "json_schema")

    assert (given["type"], given["json_schema"].keys()) == ("json_schema", {"name", "schema"})
    schema = given["json_schema"]["schema"]
    assert (schema["type"], *schema["properties"], schema["required"]) == ("object", "x", ["x"])


@HELD
def test_a_model_is_held_to_what_it_can_be_held_to(adapter):
    signature = asking(("x", int, {}))

    assert wanted(adapter, signature, "json_schema")["type"] == "json_schema"
    assert wanted(adapter, signature, "json_object") == {"type": "json_object"}
    assert wanted(adapter, signature) is None
    assert wanted(type(adapter)(enforce=False), signature, "json_schema") is None


@HELD
def test_a_schema_that_a_client_writes_into_is_whole_the_next_time(adapter):
    signature = asking(("x", City, {}))

    wanted(adapter, signature, "json_schema")["json_schema"]["schema"].clear()

    assert wanted(adapter, signature, "json_schema")["json_schema"]["schema"]["required"] == ["x"]


@pytest.mark.parametrize("adapter", [ChatAdapter(), XMLAdapter()], ids=lambda a: a.name)
def test_other_layouts_hold_a_model_to_nothing(adapter):
    assert adapter.params(asking(("x", int, {})), lambda: frozenset({"json_schema"})) == {}
