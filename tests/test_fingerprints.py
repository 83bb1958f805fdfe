"""What counts as the same program, metric, model or data, also in another process."""

import asyncio
import collections
import contextvars
import copy
import dataclasses
import datetime
import enum
import functools
import logging
import operator
import os
import random
import re
import sqlite3
import subprocess
import sys
import textwrap
import threading
import types
import weakref
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Literal
from unittest.mock import Mock

import numpy as np
import pandas as pd
import pydantic
import pytest
from annotated_types import Ge
from hypothesis import given
from hypothesis import strategies as st
from IPython.core.interactiveshell import InteractiveShell

import dspnb
from dspnb import (
    LM,
    BestOfN,
    BootstrapFewShot,
    ChainOfThought,
    Embedder,
    Example,
    Field,
    Image,
    Module,
    Predict,
    Prediction,
    Signature,
)
from dspnb.fingerprints import example_print, fingerprint_of, program_print, state_print
from dspnb.lm import Recorded, Replayed
from dspnb.module import Setting
from dspnb.testing import Scripted


def digest(thing):
    found = fingerprint_of(thing)
    assert found.unsure == ()
    return found.digest


def defined(*cells, name="metric"):
    """What cells define, each compiled under another file name and on other lines."""
    space = {"__name__": "__main__"}
    for number, cell in enumerate(cells):
        text = "\n" * next(_lines) + textwrap.dedent(cell)
        exec(compile(text, f"<ipython-input-{number}-{next(_lines)}>", "exec"), space)
    return space[name]


_lines = iter(range(10**9))


def told(*cells, name="metric"):
    return digest(defined(*cells, name=name))


# -- data ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "values",
    [
        [1, True, 1.0, "1", b"1", Decimal(1), 1 + 0j, [1], (1,), {1}, frozenset({1}), {1: 1}],
        [None, "None", False, 0, "", b"", [], (), set(), {}, bytearray()],
        [["ab"], ["a", "b"], ["a", ["b"]], [["a"], "b"], "ab", ["b", "a"]],
        [{"a": "b"}, {"b": "a"}, {"a": "b", "b": "a"}, [("a", "b")]],
        [float("nan"), float("inf"), -float("inf"), 0.0, -0.0, 1e300],
        [10**5000, 10**5000 + 1, -(10**5000)],
        ["a" * 5000, "a" * 5001, b"a" * 5000],
        [datetime.date(2024, 5, 1), datetime.datetime(2024, 5, 1), datetime.timedelta(1)],
        [Path("a/b"), Path("a/c"), "a/b"],
        [range(3), range(4), [0, 1, 2], slice(3), slice(4)],
        [re.compile("a"), re.compile("a", re.I), re.compile("b"), re.compile("a" * 300 + "b")],
        [np.zeros(3), np.zeros(4), np.zeros((3, 1)), np.zeros(3, int), np.array([None, 1])],
        [np.float64(1), np.float32(1), 1.0],
        [pd.DataFrame({"a": [1]}), pd.DataFrame({"b": [1]}), pd.DataFrame({"a": [1.0]})],
        [pd.Series([1], name="a"), pd.Series([1], index=["x"]), pd.Series([2])],
        [collections.OrderedDict(a=1, b=2), collections.OrderedDict(b=2, a=1), {"a": 1, "b": 2}],
        [collections.Counter("ab"), collections.Counter("aab")],
        [collections.defaultdict(list), collections.defaultdict(set), {}],
        [collections.deque([1]), collections.deque([1], maxlen=2), [1]],
        [random.Random(0), random.Random(1)],
        [np.random.default_rng(0), np.random.default_rng(1)],
        [list[int], list[str], int | None, int, Literal["a"], Literal["b"], Any],
        [Annotated[int, Ge(0)], Annotated[int, Ge(1)]],
        [Image("https://example.org/a.png"), Image("https://example.org/b.png")],
        [Example(a=1), Example(a=True), Example(a=1).with_inputs("a"), Prediction(a=1), {"a": 1}],
        [Signature("a -> b"), Signature("a -> b", "Be brief."), Signature("a -> b: int")],
        [Signature("a -> b: int(ge=0)"), Signature("a -> b: int(ge=1)"), Signature("b -> a")],
        [Field("a"), Field("a", desc="x"), Field("a", role="output"), Field("a", default="x")],
        [BootstrapFewShot(), BootstrapFewShot(max_rounds=2)],
        [operator.itemgetter(1), operator.itemgetter(2), operator.attrgetter("a")],
        [len, sorted, str.lower, str.upper, "a".join, "b".join, np.mean, np.add, dspnb, re.sub],
    ],
)
def test_values_that_differ_have_other_prints_and_their_copies_the_same(values):
    first = [digest(value) for value in values]
    again = [digest(value if value is dspnb else copy.deepcopy(value)) for value in values]

    assert len(set(first)) == len(values)
    assert again == first


scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary()
keys = st.booleans() | st.integers() | st.text()
plain = st.recursive(
    scalars,
    lambda inside: (
        st.lists(inside, max_size=4)
        | st.lists(inside, max_size=4).map(tuple)
        | st.dictionaries(keys, inside, max_size=4)
        | st.frozensets(keys, max_size=4)
    ),
    max_leaves=8,
)


def written(value):
    """A value as a text that tells types apart and knows no order of dicts and sets."""
    match value:
        case dict():
            return f"dict{sorted((written(key), written(item)) for key, item in value.items())}"
        case frozenset():
            return f"set{sorted(map(written, value))}"
        case list() | tuple():
            return f"{type(value).__name__}{[written(item) for item in value]}"
    return f"{type(value).__name__} {value!r}"


def turned(value):
    """The value with all dicts and sets made in another order."""
    match value:
        case dict():
            return {key: turned(item) for key, item in reversed(list(value.items()))}
        case frozenset():
            return frozenset(sorted(value, key=repr))
        case list() | tuple():
            return type(value)(turned(item) for item in value)
    return value


@given(plain, plain)
def test_plain_data_has_one_print_exactly_when_it_is_equal(one, other):
    assert (digest(one) == digest(other)) == (written(one) == written(other))
    assert digest(turned(one)) == digest(one)


@given(st.dictionaries(st.text(), plain, max_size=4), plain)
def test_an_example_has_the_print_of_its_values(values, other):
    example = Example(**values)

    assert example_print(example) == example_print(Example(**turned(values)))
    changed = Example(**{**values, "a": other})
    assert (example_print(changed) == example_print(example)) == (
        written(dict(changed)) == written(values)
    )


def test_the_inputs_of_an_example_count_in_any_order():
    row = Example(a=1, b=2)

    prints = [example_print(row.with_inputs(*names)) for names in ("ab", "ba", "a", "b", "")]
    assert prints[0] == prints[1]
    assert len({*prints, example_print(row)}) == 5


def test_an_example_may_hold_objects():
    def row(place):
        return Example(place=place)

    assert example_print(row(Point(1, 2))) == example_print(row(Point(1, 2)))
    assert example_print(row(Point(1, 2))) != example_print(row(Point(1, 3)))
    assert example_print(row(iter("a"))) != example_print(row(iter("a")))


class Color(enum.Enum):
    RED = 1
    BLUE = 2


@dataclasses.dataclass
class Point:
    x: int
    y: Any = None


class Document(pydantic.BaseModel):
    text: str
    tags: list[str] = []
    _seen: int = pydantic.PrivateAttr(0)


class Slotted:
    __slots__ = ("a", "b")

    def __init__(self, a):
        self.a = a


class Names(list):
    pass


@pytest.mark.parametrize(
    "make",
    [
        lambda n: [Color.RED, Color.BLUE][n],
        lambda n: Point(n),
        lambda n: Point(0, Point(0, n)),
        lambda n: Document(text=str(n)),
        lambda n: Slotted(n),
        lambda n: Names([n]),
        lambda n: {Point: [Point(n)]},
        lambda n: types.SimpleNamespace(a=n),
        lambda n: types.MappingProxyType({"a": Point(n)}),
        lambda n: ValueError("wrong", n),
        lambda n: pydantic.create_model("Made", x=(int, n)),
        lambda n: collections.namedtuple("Pair", "a b")(1, n),
        lambda n: {(Point, n)},
    ],
)
def test_objects_are_their_class_and_attributes(make):
    assert digest(make(0)) == digest(make(0)) != digest(make(1))


def test_what_is_kept_of_a_property_does_not_count():
    class Text:
        def __init__(self, text):
            self.text = text

        @functools.cached_property
        def words(self):
            return self.text.split()

    used, fresh = Text("a b"), Text("a b")
    assert used.words
    assert digest(used) == digest(fresh)

    signature = Signature("a -> b")
    assert hash(signature) and signature.inputs
    assert digest(signature) == digest(Signature("a -> b"))


def test_equal_parts_may_be_one_object_or_two():
    point = Point(1)

    assert digest([point, point]) == digest([Point(1), Point(1)])


# -- functions -------------------------------------------------------------------------

METRIC = """
def metric(example, prediction, *, strict=True):
    "Whether they agree."
    # a comment
    return {word.lower() for word in example.answer.split()} == set(prediction.answer)
"""


def test_a_function_is_its_code_wherever_it_stands():
    assert told(METRIC) == told(METRIC)


@pytest.mark.parametrize(
    "change",
    [
        ("Whether they agree.", "Whether both say the same."),
        ('    "Whether they agree."\n', ""),
        ("# a comment", "# another"),
    ],
)
def test_words_about_a_function_do_not_count(change):
    assert told(METRIC.replace(*change)) == told(METRIC)


@pytest.mark.parametrize(
    "change",
    [
        ("lower", "upper"),
        ("strict=True", "strict=False"),
        ("strict=True", "strict=1"),
        ("strict=True", "strict"),
        ("*, strict", "strict"),
        ("==", "!="),
        ("set(", "list("),
        ("example,", "row,"),
        ("def metric", "async def metric"),
        ("    return", "    yield"),
        ("word.lower() for", "word for"),
    ],
)
def test_a_change_of_a_function_counts(change):
    assert told(METRIC.replace(*change)) != told(METRIC)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("lambda e: e.a in {'x', 'y'}", "lambda e: e.a in {'x', 'z'}"),
        ("lambda e: 1", "lambda e: True"),
        ("lambda e: 0.0", "lambda e: -0.0"),
        ("lambda e: e.a", "lambda e: e.b"),
        ("lambda e: [x for x in e if x > 1]", "lambda e: [x for x in e if x > 2]"),
        ("lambda e, *a: e", "lambda e, **a: e"),
        ("lambda e: e is None", "lambda e: e is not None"),
        ("lambda e: missing", "lambda e: absent"),
        ("lambda e, p: 1", "lambda e, q: 1"),
        ("lambda e: f'{e!r}'", "lambda e: f'{e!s}'"),
    ],
)
def test_lambdas_are_told_apart(one, other):
    assert told(f"metric = {one}") == told(f"metric = {one}") != told(f"metric = {other}")


def test_where_an_exception_is_caught_counts():
    def metric(body):
        return told(f"def metric(e):\n    {body}")

    one = "try:\n        a(e)\n        b(e)\n    except ValueError:\n        pass"
    other = "try:\n        a(e)\n    except ValueError:\n        pass\n    b(e)"
    assert metric(one) != metric(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("def helper(x): return x + 1", "def helper(x): return x + 2"),
        ("def helper(x, k=1): return x", "def helper(x, k=2): return x"),
        (
            "K = 1\ndef helper(x): return x < K",
            "K = 2\ndef helper(x): return x < K",
        ),
        ("def helper(x): return deeper(x)", "def helper(x): return deeper(x)\ndef deeper(x): ..."),
        (
            "class helper:\n    def __init__(self, x): self.x = x",
            "class helper:\n    def __init__(self, x): self.x = -x",
        ),
        ("import math\nhelper = math.floor", "import math\nhelper = math.ceil"),
        ("import functools\nhelper = functools.partial(max, 1)", "helper = max"),
        ("helper = {'a': [1]}.get", "helper = {'a': [2]}.get"),
    ],
)
def test_a_helper_in_another_cell_counts(one, other):
    metric = "def metric(e, p): return helper(e)"

    assert told(one, metric) == told(one, metric)
    assert told(one, metric) != told(other, metric)
    assert told(metric, one) == told(one, metric)


@pytest.mark.parametrize(
    "metric",
    [
        "def metric(e): return [helper(x) for x in e]",
        "def metric(e): return lambda: helper(e)",
        "def metric(e):\n    class Inner:\n        y = helper(e)\n    return Inner",
    ],
)
def test_a_helper_that_is_called_further_inside_counts(metric):
    assert told("def helper(x): return 1", metric) != told("def helper(x): return 2", metric)


def test_where_an_inner_class_stands_and_its_docstring_do_not_count():
    metric = "def metric(e):\n    class Inner:\n        'Words.'\n        k = 1\n    return Inner"

    assert told(metric) == told(metric.replace("Words", "More")) != told(metric.replace("1", "2"))


def test_a_name_of_an_inner_class_is_not_a_global_one():
    metric = "def metric(e):\n    class Inner:\n        k = 1\n        j = k\n    return Inner"

    assert told("k = 1", metric) == told("k = 2", metric)


def test_a_name_that_the_code_does_not_use_does_not_count():
    metric = "def metric(e, p): return e.other"

    assert told("other = 1", metric) == told("other = 2", metric) == told(metric)


def test_a_name_that_is_not_defined_yet_counts_when_it_is():
    metric = "def metric(e, p): return helper(e)"

    assert told(metric) != told("helper = len", metric)


def test_the_values_of_a_closure_count():
    make = "def make(k):\n    def score(e): return e.a > k\n    return score"

    assert told(make, "metric = make(1)") == told(make, "metric = make(1)")
    assert told(make, "metric = make(1)") != told(make, "metric = make(2)")


def test_functions_may_call_themselves_and_each_other():
    even = "def even(n): return n == 0 or odd(n - 1)"
    odd = "def odd(n): return n != 0 and even(n - 1)"
    metric = "def metric(e): return even(e.n) or metric(e)"

    cells = [even, odd, metric]
    assert told(*cells) == told(*reversed(cells))
    assert told(even, odd.replace("!= 0", "!= 1"), metric) != told(*cells)
    assert told(*cells, name="even") != told(*cells, name="odd")


def test_a_function_that_was_run_again_is_the_same_to_those_who_hold_the_old_one():
    cell = "def walk(n): return n and walk(n - 1)"

    assert told(cell, "metric = walk", cell) == told(cell, "metric = walk")


def test_circles_are_told_apart_however_far_the_difference_is():
    def ring(*values):
        links = [types.SimpleNamespace(value=value) for value in values]
        for link, following in zip(links, [*links[1:], links[0]], strict=True):
            link.next = following
        return links[0]

    assert digest(ring(1, 2)) == digest(ring(1, 2, 1, 2))
    assert len({digest(ring(*[1] * n, 2)) for n in range(8)}) == 8
    assert digest(ring(1, 2)) != digest(ring(2, 1))


def test_decorators_count_and_so_does_what_they_wrap():
    twice = """
    import functools
    def twice(function):
        @functools.wraps(function)
        def wrapper(*args, **kwargs):
            return function(*args, **kwargs) * 2
        return wrapper
    """
    metric = "@twice\ndef metric(e): return e.a"

    assert told(twice, metric) == told(twice, metric)
    assert told(twice, metric) != told(twice, "def metric(e): return e.a")
    assert told(twice, metric) != told(twice, metric.replace("e.a", "e.b"))
    assert told(twice, metric) != told(twice.replace("* 2", "* 3"), metric)


def test_a_wrapper_that_has_the_name_of_an_installed_function_is_not_taken_for_it():
    wrapped = """
    import functools, json
    @functools.wraps(json.dumps)
    def metric(e): return e.a
    """

    assert told(wrapped) != told(wrapped.replace("e.a", "e.b"))


def test_a_function_behind_a_cache_counts_and_not_what_is_kept():
    cell = "import functools\n@functools.lru_cache\ndef metric(n): return n + 1"
    used = defined(cell)
    used(1)

    assert digest(used) == told(cell) != told(cell.replace("+ 1", "+ 2"))


def test_attributes_of_a_function_count():
    cell = "def metric(e): return e.a > metric.limit\n"

    assert told(cell, "metric.limit = 1") != told(cell, "metric.limit = 2")


def test_a_method_counts_with_its_object():
    judge = """
    class Judge:
        def __init__(self, limit): self.limit = limit
        def score(self, e, p): return self.rate(e) > self.limit
        def rate(self, e): return len(e.a)
        @property
        def half(self): return self.limit / 2
        @staticmethod
        def one(): return 1
        @classmethod
        def two(cls): return 2
    """
    metric = "metric = Judge(1).score"

    assert told(judge, metric) == told(judge, metric)
    assert told(judge, metric) != told(judge, "metric = Judge(2).score")
    for change in (("len(e.a)", "len(e.b)"), ("/ 2", "/ 3"), ("return 1", "return 3"),
                   ("return 2", "return 3")):  # fmt: skip
        assert told(judge.replace(*change), metric) != told(judge, metric)


@pytest.mark.parametrize(
    ("cell", "change"),
    [
        ("class metric:\n    x: int = 1\n    def f(self): return super().f()", ("= 1", "= 2")),
        ("class metric:\n    x: int = 1\n", ("int", "float")),
        ("class base:\n    def f(self): return 1\nclass metric(base): pass", ("return 1", "pass")),
        ("import enum\nclass metric(enum.Enum):\n    A = 1\n    B = 2", ("B = 2", "B = 3")),
        (
            "import enum\nclass metric(enum.Enum):\n    A = 1\n    def f(self): return 1",
            ("return 1", "return 2"),
        ),
        (
            "import dataclasses\n@dataclasses.dataclass\nclass metric:\n    x: int = 1",
            ("int = 1", "int = 2"),
        ),
        (
            "import pydantic\nclass metric(pydantic.BaseModel):\n    x: int = 1\n"
            "    @pydantic.field_validator('x')\n    @classmethod\n    def check(cls, v): return v",
            ("return v", "return -v"),
        ),
        (
            "import pydantic\nclass metric(pydantic.BaseModel):\n    x: int = 1\n"
            "    @pydantic.field_validator('x', mode='after')\n    @classmethod\n"
            "    def check(cls, v): return v",
            ("after", "before"),
        ),
        (
            "import pydantic\nclass metric(pydantic.BaseModel):\n"
            "    x: int = pydantic.Field(1, ge=0)",
            ("ge=0", "ge=1"),
        ),
        (
            "import typing\nclass metric(typing.TypedDict):\n    x: int",
            ("x: int", "x: str"),
        ),
        ("import abc\nclass metric(abc.ABC):\n    @abc.abstractmethod\n    def f(self): ...",
         ("f(self)", "g(self)")),
        ("class metric:\n    __slots__ = ('a',)", ("'a'", "'b'")),
        ("class meta(type):\n    def f(cls): return 1\nclass metric(metaclass=meta): pass",
         ("return 1", "return 2")),
    ],
)  # fmt: skip
def test_classes_count_by_what_stands_in_them(cell, change):
    assert told(cell) == told(cell) != told(cell.replace(*change))


def test_what_a_module_of_the_users_has_counts_where_the_code_names_it(tmp_path, monkeypatch):
    file = tmp_path / "my_scores_of_prints.py"
    monkeypatch.syspath_prepend(tmp_path)
    metric = "import my_scores_of_prints as s\ndef metric(e): return [s.rate(x) for x in e]"

    def after(text):
        file.write_text(text)
        sys.modules.pop(file.stem, None)
        sys.path_importer_cache.clear()
        file.with_suffix(".pyc").unlink(missing_ok=True)
        monkeypatch.setattr(sys, "dont_write_bytecode", True)
        return told(metric)

    first = after("def rate(e): return 1\ndef other(e): return 1")
    assert after("\n\ndef other(e): return 2\ndef rate(e): return 1") == first
    assert after("def rate(e): return 2\ndef other(e): return 1") != first


def test_harmless_things_beside_the_code_leave_it_as_it_is(tmp_path):
    class Held:
        pass

    held = Held()
    held.held = weakref.ref(held)
    held.things = [
        threading.Lock(), threading.RLock(), threading.Event(), threading.Condition(),
        threading.local(), logging.getLogger("a"), contextvars.ContextVar("a"), asyncio.Lock(),
        sys.stderr, os.environ, weakref.WeakValueDictionary(),
    ]  # fmt: skip
    with open(tmp_path / "log.txt", "w") as file:
        held.log = file

        assert fingerprint_of(held).unsure == ()
        assert str(tmp_path) not in repr(fingerprint_of(held))


def test_the_environment_of_a_process_does_not_count(monkeypatch):
    cell = "from os import environ\ndef metric(e): return environ['A_KEY']"
    before = told(cell)
    monkeypatch.setenv("A_KEY", "4711")

    assert told(cell) == before


def test_a_function_of_a_hidden_object_of_a_package_is_its_name():
    before = told("from random import random, choice\ndef metric(e): return random(), choice(e)")
    random.random()
    after = told("from random import random, choice\ndef metric(e): return random(), choice(e)")

    assert before == after


# -- what cannot be told ---------------------------------------------------------------


def test_what_cannot_be_told_is_named_and_known_in_this_process_only():
    class Search:
        def __init__(self, connection):
            self.tools = {"db": [connection]}

    one, other = sqlite3.connect(":memory:"), sqlite3.connect(":memory:")
    found = fingerprint_of(Search(one))

    assert found.unsure == ("Search.tools['db'][0]: a Connection",)
    assert found == fingerprint_of(Search(one))
    assert found.digest != fingerprint_of(Search(other)).digest
    one.close()
    other.close()


@pytest.mark.parametrize("make", [lambda: iter("a"), lambda: (i for i in "a"), np.random.PCG64])
def test_what_tells_only_where_it_is_cannot_be_told(make):
    thing = make()

    assert fingerprint_of([thing]).unsure == (f"list[0]: a {type(thing).__name__}",)


def test_odd_objects_are_unsure_and_raise_nothing():
    class Raises:
        @property
        def fingerprint(self):
            raise RuntimeError("no")

        def __repr__(self):
            raise RuntimeError("no")

        def __eq__(self, other):
            raise RuntimeError("no")

        __hash__ = None

    class Lies:
        def __getattr__(self, name):
            return self

        @property
        def __class__(self):
            raise RuntimeError("no")

    class MakesUp:
        def __getattr__(self, name):
            found = MakesUp()
            vars(self)[name] = found
            return found

        def __call__(self, messages):
            return messages

    class Hides(sqlite3.Row):
        def __repr__(self):
            raise RuntimeError("no")

    assert fingerprint_of(Raises()).unsure == ("Raises: a Raises that raises RuntimeError",)
    assert fingerprint_of([Lies()]).digest
    assert fingerprint_of(Mock()).unsure == ("Mock: a Mock",)
    assert digest(MakesUp()) == digest(MakesUp())
    with sqlite3.connect(":memory:") as connection:
        row = Hides(connection.cursor(), ())
        assert fingerprint_of(row).unsure == ("Hides: a Hides that raises RuntimeError",)
    connection.close()


def test_no_depth_is_too_deep():
    deep, link = [], None
    for _ in range(5_000):
        deep, link = [deep], types.SimpleNamespace(next=link)
    circle = []
    circle.append(circle)

    assert digest(deep) != digest(deep[0])
    assert digest(link) != digest(link.next)
    assert digest(circle) == digest([circle])


def test_what_is_too_large_is_unsure():
    doubled = [1]
    for _ in range(64):
        doubled = [doubled, doubled]

    assert digest(list(range(100_000))) == digest(list(range(100_000)))
    assert fingerprint_of(range(10**12)).unsure == ()
    assert fingerprint_of({"rows": [0] * 3_000_000}).unsure == ("dict: too large",)
    (told,) = fingerprint_of(doubled).unsure
    assert told.startswith("list[0]") and told.endswith(": too large")


def test_an_object_may_say_what_it_is():
    class Retriever:
        def __init__(self, fingerprint):
            self.fingerprint = fingerprint
            self.connection = sqlite3.connect(":memory:")

    one, same, other = Retriever("wiki 1"), Retriever("wiki 1"), Retriever("wiki 2")

    assert digest({"a": one}) == digest({"a": same}) != digest({"a": other})
    for each in (one, same, other):
        each.connection.close()


# -- models ----------------------------------------------------------------------------


def test_a_model_is_its_name_parameters_and_address():
    def lm(model="openai/gpt-4o-mini", **given):
        return digest(LM(model, **given))

    assert lm() == lm(api_key="sk-1") == lm(retries=1, cache=False, concurrency=2, price=(1, 1))
    assert lm(api_base="https://me:secret@example.org/v1") == lm(api_base="https://example.org/v1")
    assert lm(aws_secret_access_key="a") == lm(aws_secret_access_key="b")
    assert lm(extra_headers={"X-Key": "a"}) == lm()
    models = [lm(), lm("openai/gpt-4o"), lm(temperature=0), lm(temperature=1), lm("offline")]
    assert len({*models, lm(api_base="https://example.org/v1"), lm(kind="responses")}) == 7


def test_a_recorded_model_is_the_one_inside_and_a_replayed_one_its_name(tmp_path):
    file = tmp_path / "calls.jsonl"
    recorded = Recorded(LM("offline"), file)
    recorded("Hi.")
    recorded.close()

    assert digest(recorded) == digest(LM("offline"))
    assert digest(Replayed(file)) == digest(Replayed(file, params={"temperature": 1}))
    assert digest(Replayed(file)) != digest(Replayed(file, model="other"))


def test_a_scripted_model_is_the_function_that_answers():
    used = Scripted(lambda text: "one")
    used([dspnb.lm.Message.of("user", "Hi.")])

    assert digest(used) == digest(Scripted(lambda text: "one"))
    assert digest(used) != digest(Scripted(lambda text: "two"))
    assert digest(Scripted(["a"])) == digest(Scripted(["b"]))


def test_the_numbers_of_a_model_count_where_they_cannot_change():
    class Counting:
        model = "counting"

        def __init__(self, calls):
            self.calls = calls

        def __call__(self, messages, **params):
            return None

    @dataclasses.dataclass(frozen=True)
    class Fixed:
        skill: float
        model: str = "fixed"

        def __call__(self, messages, **params):
            return self.skill

    assert fingerprint_of(Counting(1)) == fingerprint_of(Counting(2))
    assert fingerprint_of(Fixed(0.1)) == fingerprint_of(Fixed(0.1))
    assert fingerprint_of(Fixed(0.1)) != fingerprint_of(Fixed(0.2))


def test_a_model_around_another_counts_with_it():
    class Shorter:
        def __init__(self, lm, suffix):
            self.lm, self.suffix, self.count = lm, suffix, 0
            self.api_key = os.urandom(8).hex()

        @property
        def model(self):
            return self.lm.model

        def __call__(self, messages, **params):
            self.count += 1
            return self.lm(messages, **params)

    one = Shorter(LM("offline"), "Be brief.")
    one("Hi.")

    assert digest(one) == digest(Shorter(LM("offline"), "Be brief."))
    assert digest(one) != digest(Shorter(LM("offline"), "Be kind."))
    assert digest(one) != digest(Shorter(LM("offline", temperature=1), "Be brief."))


def test_a_model_that_passes_everything_on_is_one_too():
    class Counting:
        def __init__(self, lm):
            self.lm, self.calls = lm, []

        def __getattr__(self, name):
            return getattr(self.lm, name)

        def __call__(self, messages, **params):
            self.calls.append(messages)
            return self.lm(messages, **params)

    used = Counting(LM("offline"))
    used("Hi.")
    assert digest(used) == digest(Counting(LM("offline")))
    assert digest(used) != digest(Counting(LM("offline", temperature=1)))


def test_an_embedder_is_its_name_or_its_function():
    at = "https://{}@example.org/v1"
    embedders = [
        Embedder("openai/small", api_base=at.format(login), api_key=key)
        for login, key in (("me:one", "sk-1"), ("me:two", "sk-2"))
    ]
    assert digest(embedders[0]) == digest(embedders[1]) != digest(Embedder("openai/small"))
    assert digest(Embedder("offline")) != digest(Embedder("offline", dimensions=8))
    assert digest(Embedder(lambda texts: [[1.0]])) == digest(Embedder(lambda texts: [[1.0]]))
    assert digest(Embedder(lambda texts: [[1.0]])) != digest(Embedder(lambda texts: [[2.0]]))


# -- programs --------------------------------------------------------------------------

PROGRAM = """
from dspnb import *

class Hop(Module):
    def __init__(self):
        self.query = Predict("question -> query", temperature=0)

    def forward(self, question):
        return self.query(question=question)

class Answer(Module):
    "Looks things up."
    def __init__(self, k=2):
        self.hops = [Hop() for _ in range(k)]
        self.by_name = {"answer": ChainOfThought("question, found -> answer: str(max_length=9)")}
        self.tools = [Tool(search)]

    def forward(self, question):
        found = [hop(question=question) for hop in self.hops]
        return self.by_name["answer"](question=question, found=found)
"""
SEARCH = "def search(query: str) -> str:\n    'Find passages.'\n    return query.lower()\n"


def program(text=PROGRAM, search=SEARCH, k=2):
    return defined(search, text, f"metric = Answer({k})")


@pytest.mark.parametrize("seen", [fingerprint_of, program_print])
def test_a_program_is_its_classes_and_what_it_holds(seen):
    made = seen(program())

    assert made.unsure == ()
    assert made == seen(program())
    assert made == seen(program(PROGRAM.replace("Looks things up.", "Looks up.")))
    assert made == seen(copy.copy(program()))
    others = [
        program(k=3),
        program(PROGRAM.replace("temperature=0", "temperature=1")),
        program(PROGRAM.replace("question -> query", "question -> query: list[str]")),
        program(PROGRAM.replace("max_length=9", "max_length=8")),
        program(PROGRAM.replace("ChainOfThought", "Predict")),
        program(PROGRAM.replace("found = [", "found = [None] + [")),
        program(search=SEARCH.replace("lower", "upper")),
        program(search=SEARCH.replace("Find", "Look for")),
        program(search=SEARCH.replace("query: str", "query: int")),
    ]
    assert len({made, *map(seen, others)}) == 1 + len(others)


def test_instructions_and_demos_are_told_by_the_state_alone():
    old = program()
    state = dict(old.state)
    state["hops.0.query"] = Setting("Be brief.", (Example(question="a", query="b"),))
    new = old.with_state(state)

    assert program_print(new) == program_print(old)
    assert fingerprint_of(new) != fingerprint_of(old)
    assert state_print(new.state) == state_print(state) != state_print(old.state)


def test_the_demos_of_a_predictor_that_has_no_path_count():
    class Around(Module):
        def __init__(self, demos):
            self.inside = {Predict("q -> r", demos=demos)}

        def forward(self, q):
            return next(iter(self.inside))(q=q)

    demo = Example(q="a", r="b")
    assert program_print(Around([])) != program_print(Around([demo]))


def test_states_differ_by_path_instructions_and_demos():
    demo, other = Example(q="1", r=1), Example(q="1", r=True)
    states = [
        {},
        {"a": Setting()},
        {"b": Setting()},
        {"a": Setting("x")},
        {"a": Setting("x", (demo,))},
        {"a": Setting("x", (other,))},
        {"a": Setting("x", (demo, other))},
        {"a": Setting("x", (other, demo))},
        {"a": Setting("x", (demo.with_inputs("q"),))},
    ]

    assert len({state_print(state) for state in states}) == len(states)
    assert state_print({"a": Setting(), "b": Setting("x")}) == state_print(
        {"b": Setting("x"), "a": Setting()}
    )


def test_the_own_model_and_adapter_of_a_predictor_count():
    def made(**given):
        return program_print(Predict("q -> r", **given))

    assert made(lm=LM("offline")) == made(lm=LM("offline"))
    prints = [made(), made(lm=LM("offline")), made(adapter=dspnb.JSONAdapter()), made(n=2)]
    assert len(set(prints)) == 4


def test_a_subclass_of_predict_counts_by_its_code():
    cell = """
    from dspnb import Predict
    class Loud(Predict):
        def forward(self, **inputs): return super().forward(**inputs)
    """

    def made(cell):
        return program_print(defined(cell, "metric = Loud('q -> r')"))

    assert made(cell) == made(cell) != made(cell.replace("**inputs)\n", "**inputs) or None\n"))
    assert made(cell) != program_print(Predict("q -> r"))


def test_a_reward_function_inside_a_program_counts():
    def made(least):
        return program_print(BestOfN(Predict("q -> r"), 2, lambda i, p: len(p.r) > least))

    assert made(1) == made(1) != made(2)


def test_what_a_program_was_made_with_counts_as_far_as_it_was_kept():
    class Search(Module):
        def __init__(self, connection, k):
            self.answer, self.k = Predict("q -> r"), k

    connection = sqlite3.connect(":memory:")
    made = program_print(Search(connection, 1))
    assert made.unsure == ()
    assert made == program_print(Search(None, 1)) != program_print(Search(None, 2))
    connection.close()


def test_a_call_leaves_a_program_as_it_was():
    answers = ChainOfThought("question -> answer", lm=LM("offline"))
    before = program_print(answers), fingerprint_of(answers)
    answers(question="Why?")

    assert (program_print(answers), fingerprint_of(answers)) == before


# -- notebooks and processes -----------------------------------------------------------


@pytest.fixture
def shell():
    made = InteractiveShell()
    yield made
    made.history_manager.end_session()


def test_a_cell_that_is_run_again_defines_the_same(shell):
    cell = f"{SEARCH}\n{PROGRAM}\nlimit = 3\ndef metric(e, p): return search(e.q) and p.n < limit"

    def ran(text):
        assert shell.run_cell(text).success
        return digest(shell.user_ns["metric"]), program_print(shell.user_ns["Answer"]())

    first = ran(cell)
    assert ran(cell) == first
    assert ran("# above\n\n" + cell) == first
    changed = ran(cell.replace("limit = 3", "limit = 4"))
    assert changed[0] != first[0] and changed[1] == first[1]


def test_a_helper_that_is_run_again_in_another_cell_counts(shell):
    assert shell.run_cell("def helper(x): return x + 1").success
    assert shell.run_cell("def metric(e, p): return helper(e)").success
    metric = shell.user_ns["metric"]
    first = digest(metric)

    assert shell.run_cell("def helper(x): return x + 2").success
    assert digest(metric) != first
    assert shell.run_cell("def helper(x): return x + 1").success
    assert digest(metric) == first


def test_what_ipython_puts_beside_the_users_names_does_no_harm(shell):
    assert shell.run_cell("def metric(e, p): return display(e), get_ipython(), print(Out)").success

    assert fingerprint_of(shell.user_ns["metric"]).unsure == ()


ELSEWHERE = """
import enum, dataclasses, pydantic
from dspnb.fingerprints import *
from dspnb.module import Setting

class Team(enum.StrEnum):
    A = "a"
    B = "b"

@dataclasses.dataclass(frozen=True)
class Rule:
    words: frozenset
    team: Team = Team.A

class Ticket(pydantic.BaseModel):
    "A ticket."
    text: str = pydantic.Field(min_length=1)
    team: Team | None = None
    @pydantic.field_validator("text")
    @classmethod
    def clean(cls, text): return text.strip()

RULES = [Rule(frozenset({"a", "b", "c", "d"})), Rule(frozenset("xyz"), Team.B)]
SEEN = {1, "1", 2.5, Team.A, None, (1, Rule)}

def metric(example, prediction):
    "Whether they agree."
    return example.team in {"p", "q", "r"} or any(r in RULES for r in SEEN) or Ticket or metric

program = Answer()
example = Example(a="b", c={"x", "y", "z"}, d=[Team.A]).with_inputs("a", "c")
things = [metric, program, RULES, SEEN, Rule, Team, Ticket, Ticket(text="a"),
    LM("openai/gpt-4o-mini", temperature=0), BootstrapFewShot(), Signature("a: Ticket -> b: Team"),
    KNN(1, [example])]
found = [fingerprint_of(thing) for thing in things] + [program_print(program)]
assert not any(one.unsure for one in found), found
print(*(one.digest for one in found), example_print(example),
    state_print({"a": Setting("x", (example,))}))
"""


def test_prints_are_the_same_in_every_process():
    def elsewhere(seed, folder_lines):
        code = SEARCH + "\n" * folder_lines + PROGRAM + ELSEWHERE
        done = subprocess.run(
            [sys.executable, "-c", code],
            capture_output=True,
            text=True,
            check=True,
            env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": os.pathsep.join(sys.path)},
        )
        return done.stdout.split()

    first = elsewhere("1", 0)
    assert len(set(first)) == len(first) == 15
    assert elsewhere("2", 7) == first


def test_what_is_unsure_has_another_print_in_every_process():
    code = "from dspnb.fingerprints import *; print(fingerprint_of(iter([])).digest)"
    prints = {
        subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        ).stdout
        for _ in range(2)
    }  # fmt: skip

    assert len(prints) == 2
