"""A tool describes its function, checks what it is called with, and waits for async ones."""

import asyncio
import copy
import functools
import pickle
import threading
from contextvars import ContextVar
from typing import Annotated, Literal

import pytest
from pydantic import BaseModel, Field

from dspnb import Tool, UsageError


class City(BaseModel):
    name: str
    inside: "City | None" = None


def search(query: str, k: int = 3, mode: Literal["fast", "good"] = "fast") -> list[str]:
    """Find passages.

    The best come first.
    """
    return [f"{query} {mode}"] * k


async def slow_add(a: int, b: int) -> int:
    """Add, later."""
    await asyncio.sleep(0)
    return a + b


def test_it_takes_its_description_from_the_function():
    tool = Tool(search, arg_desc={"query": "what to look for"})

    assert tool.name == "search"
    assert tool.desc == "Find passages.\n\nThe best come first."
    assert tool.args == {
        "query": {"type": "string", "description": "what to look for"},
        "k": {"type": "integer", "default": 3},
        "mode": {"type": "string", "enum": ["fast", "good"], "default": "fast"},
    }
    assert tool.describe().startswith("`search`: Find passages. The best come first. Arguments: {")
    assert "\n" not in tool.describe()
    assert repr(tool) == "Tool(search(query, k, mode))"


def test_it_goes_to_a_model_as_a_function():
    assert Tool(slow_add).to_openai() == {
        "type": "function",
        "function": {
            "name": "slow_add",
            "description": "Add, later.",
            "parameters": {
                "type": "object",
                "properties": {"a": {"type": "integer"}, "b": {"type": "integer"}},
                "required": ["a", "b"],
                "additionalProperties": False,
            },
        },
    }


def test_a_type_that_holds_itself_is_described():
    def visit(city: City) -> str:
        return f"{type(city).__name__} {city.inside.name}"

    tool = Tool(visit)
    parameters = tool.to_openai()["function"]["parameters"]

    assert parameters["properties"]["city"] == {"$ref": "#/$defs/City"}
    assert parameters["$defs"].keys() == {"City"}
    assert tool.args["city"]["properties"]["name"] == {"type": "string"}
    assert "$ref" not in tool.describe()
    assert tool(city={"name": "Ulm", "inside": {"name": "Bonn"}}) == "City Bonn"


def test_arguments_are_validated_and_coerced():
    assert Tool(search)(query="rain", k="2", mode="good") == ["rain good"] * 2
    assert Tool(search)(query="rain", k=1.0) == ["rain fast"]


def test_arguments_may_have_any_name():
    def odd(model_config: int, _x: int, json: str, self: str, title: str = "t") -> list[object]:
        return [model_config, _x, json, self, title]

    tool = Tool(odd)

    assert list(tool.args) == ["model_config", "_x", "json", "self", "title"]
    assert tool(model_config="1", _x="2", json="j", self="s") == [1, 2, "j", "s", "t"]


def test_an_annotation_may_say_more():
    def pick(n: Annotated[int, Field(ge=1, description="how many")], other=None):
        return n, other

    tool = Tool(pick)

    assert tool.args["n"] == {"type": "integer", "minimum": 1, "description": "how many"}
    assert tool.args["other"] == {"default": None}
    assert tool(n=1, other={"a": 1}) == (1, {"a": 1})
    with pytest.raises(UsageError, match="greater than or equal to 1"):
        tool(n=0)


@pytest.mark.parametrize(
    ("args", "said"),
    [
        ({"querry": "x"}, "has no argument `querry`; did you mean `query`?"),
        ({"query": "x", "zzz": 1}, "has no argument `zzz`; known: `k`, `mode`, `query`."),
        ({}, "needs `query`; it was called with no arguments"),
        ({"k": 1}, "needs `query`; it was called with `k`"),
        ({"query": "x", "k": "many"}, "wrong `k`: Input should be a valid integer"),
        ({"query": "x", "mode": "best"}, "wrong `mode`: Input should be 'fast' or 'good'"),
    ],
)
def test_wrong_arguments_are_said_before_the_call(args, said):
    with pytest.raises(UsageError) as caught:
        Tool(search)(**args)

    assert said in str(caught.value)


def test_other_arguments_pass_when_the_function_takes_any():
    tool = Tool(lambda a, **rest: (a, rest), "collect")

    assert tool(a=1, b=2, argument0=3) == (1, {"b": 2, "argument0": 3})
    assert tool.to_openai()["function"]["parameters"]["additionalProperties"] is True


def test_an_error_of_the_function_is_its_own():
    def fail(n: int):
        City.model_validate({"name": n})

    with pytest.raises(ValueError, match="1 validation error for City"):
        Tool(fail)(n=1)


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: Tool(lambda x: x), "got '<lambda>'. Give one, as in `Tool(func, name=...)`"),
        (lambda: Tool(search, "a b"), "letters, digits"),
        (lambda: Tool("search"), "is made of a function; got 'search'"),
        (lambda: Tool(search, arg_desc={"qery": "x"}), "did you mean `query`?"),
        (lambda: Tool(len), "takes `obj` by position only"),
        (lambda: Tool(next), "are not known to Python"),
        (lambda: Tool(unknown), "The annotations of `unknown` cannot be read: name 'Nope'"),
        (lambda: Tool(unwritable), "The arguments of `unwritable` cannot be written as JSON"),
    ],
)
def test_a_function_that_cannot_be_a_tool_is_said(make, said):
    with pytest.raises(UsageError) as caught:
        make()

    assert said in str(caught.value)


def unknown(x: "Nope"):  # noqa: F821
    pass


def unwritable(x: threading.Thread):
    pass


def test_methods_classes_partials_and_callable_objects_are_tools():
    class Shelf:
        def find(self, title: str) -> str:
            """Find a book."""
            return title

        def __call__(self, shelf: int) -> int:
            return shelf

    class Point:
        def __init__(self, x: int) -> None:
            self.x = x

    shelf = Shelf()

    assert Tool(shelf.find).desc == "Find a book."
    assert Tool(shelf.find)(title="Momo") == "Momo"
    assert (Tool(shelf).name, Tool(shelf)(shelf="3")) == ("Shelf", 3)
    assert Tool(Point)(x="4").x == 4
    partial = Tool(functools.partial(search, mode="good"))
    assert (partial.name, partial.desc) == ("search", Tool(search).desc)
    assert partial(query="x", k="1") == ["x good"]


def test_a_tool_of_a_tool_may_have_another_name():
    tool = Tool(Tool(search, desc="Look up.", arg_desc={"k": "how many"}), "look_up")

    assert (tool.name, tool.desc, tool.func) == ("look_up", "Look up.", search)
    assert tool.args["k"]["description"] == "how many"


def test_an_async_function_is_waited_for_without_a_running_loop():
    assert Tool(slow_add)(a=1, b="2") == 3


def test_an_async_function_is_waited_for_inside_a_running_loop():
    async def cell():
        return Tool(slow_add)(a=1, b=2), await Tool(slow_add).acall(a=3, b=4)

    assert asyncio.run(cell()) == (3, 7)


def test_a_thread_for_an_async_function_sees_the_context_and_hands_on_errors():
    seen = ContextVar("seen", default="nothing")

    async def look(fail: bool) -> str:
        if fail:
            raise KeyError("lost")
        return seen.get()

    async def cell():
        seen.set("here")
        with pytest.raises(KeyError, match="lost"):
            Tool(look)(fail=True)
        return Tool(look)(fail=False)

    assert asyncio.run(cell()) == "here"


def test_a_function_that_waits_does_not_block_the_loop():
    opened = threading.Event()

    def wait() -> bool:
        return opened.wait(10)

    async def cell():
        waiting = asyncio.ensure_future(Tool(wait).acall())
        await asyncio.sleep(0)
        opened.set()
        return await waiting

    assert asyncio.run(cell()) is True


def test_wrong_arguments_are_said_to_await_too():
    with pytest.raises(UsageError, match="needs `b`"):
        asyncio.run(Tool(slow_add).acall(a=1))


def test_it_is_a_value():
    tool = Tool(search, arg_desc={"query": "what"})

    assert {tool, Tool(search, arg_desc={"query": "what"})} == {tool}
    assert tool != Tool(search) != Tool(search, "other")
    assert pickle.loads(pickle.dumps(tool)) == copy.deepcopy(tool) == tool
    tool.args["query"]["type"] = "number"
    tool.to_openai()["function"]["parameters"]["properties"].clear()
    assert tool.args["query"]["type"] == "string"
    with pytest.raises(AttributeError):
        tool.name = "other"
