"""Whatever the types, values and habits of a model: what it wrote in the layout is read back."""

import contextlib
import random
import time

import pytest
from adapters.shapes import LAYOUTS, LURES, OUTPUTS, SLOPPY, answer, cut, signature_of, values_of
from hypothesis import HealthCheck, given, settings

from dspnb import Example, ParseError, Signature

FAST = settings(
    max_examples=120,
    derandomize=True,
    database=None,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)


@pytest.mark.parametrize("layout", LAYOUTS)
@FAST
@given(OUTPUTS)
def test_what_a_demo_shows_is_read_back(layout, outputs):
    signature, values = signature_of(outputs), values_of(outputs)

    messages = LAYOUTS[layout].render(signature, [Example(q="?", **values)], {"q": "!"})

    assert LAYOUTS[layout].parse(signature, messages[2].content) == values


@pytest.mark.parametrize(
    ("layout", "spoil"),
    [(layout, spoil) for layout in ("chat", "json", "xml") for spoil in SLOPPY[layout]],
    ids=lambda given: getattr(given, "__name__", given),
)
@settings(FAST, max_examples=40)
@given(OUTPUTS)
def test_a_sloppy_answer_is_read_all_the_same(layout, spoil, outputs):
    signature, values = signature_of(outputs), values_of(outputs)

    text = spoil(answer(layout, signature, values))

    assert LAYOUTS[layout].parse(signature, text) == values


# -- garbage ---------------------------------------------------------------------------

GARBAGE = Signature(
    "q -> a: list[int], b: int | None, x: Literal['a', 'b'] = 'a', c: dict[str, list[str]] = {}"
)
LONE = Signature("q -> a")


def garbage(rng):
    return "".join(rng.choices(LURES, k=rng.randint(0, 40)))


def spoiled(rng, text):
    """A good answer with some of its characters gone, doubled or changed."""
    for _ in range(rng.randint(1, 6)):
        at = rng.randint(0, len(text))
        match rng.randint(0, 3):
            case 0:
                text = text[:at] + text[at + rng.randint(1, 9) :]
            case 1:
                text = text[:at] + rng.choice(LURES) + text[at:]
            case 2:
                text = text[:at]
            case 3:
                text = text[:at] + text[max(0, at - 9) :]
    return text


def read(adapter, signature, text, rng, size=40):
    """Parse it, whole and in pieces; the seconds of CPU that took."""
    start = time.process_time()
    with contextlib.suppress(ParseError):
        assert list(adapter.parse(signature, text)) == [field.name for field in signature.outputs]
    reader = adapter.reader(signature)
    for piece in cut(text, rng, size):
        list(reader.feed(piece))
    list(reader.close())
    return time.process_time() - start


@pytest.mark.slow
def test_no_garbage_raises_anything_but_a_parse_error_or_takes_long():
    rng = random.Random(7)
    values = {"a": [1, 2], "b": None, "x": "b", "c": {"k": ["[[ ## a ## ]]", "</a>"]}}
    took = []

    for i in range(10_000):
        name, adapter = list(LAYOUTS.items())[i % len(LAYOUTS)]
        signature = LONE if i % 5 == 0 else GARBAGE
        if i % 2:
            text = garbage(rng)
        else:
            good = values if signature is GARBAGE else {"a": "some \\ text"}
            text = spoiled(rng, answer(name, signature, good))
        took.append((read(adapter, signature, text, rng), name, text))

    slowest = max(took)
    assert slowest[0] < 0.5, slowest


PATHOLOGICAL = [
    "[[ ## ", "[[ ## a", "[[ ## a ## ]]", "[[ ## z ## ]]", "[[ ## z ## ]]\n", "[[", "[[\\", "[",
    "<a>", "<a><b>", "<a", "<a ", "</a>", "<a></a>", "<z>", "<z></z>", "<", "<z x='", "<entry key=",
    "{", '{"a":', '{"a": {', "{ ' ", "{'a' ", '{"', '{"a": 1}', '{"a": 1, "b": "', "[[[",
    "[{", "[,", '"\\', '"a',
    '"\\u12', '"', "\\", "\\u", "'", "'a' ", "a: ", "**a:** ", "**a", "* ", "*", "# ", " ",
    "\n", "\t", " \n", "```", "```json\n", "```\n", "` ", "<think>", "</think>", "<think></think>",
    "1", "1,", "1_", "-", "1e", "\U0001f600", "\u0130:", "a", "(left out)",
]  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("before", ["", '{"a": ["', "[[ ## a ## ]]\n<a>\n"])
@pytest.mark.parametrize("pattern", PATHOLOGICAL)
def test_a_hundred_kilobytes_of_anything_are_read_within_a_second(pattern, before):
    text = before + (pattern * (100_000 // len(pattern)))

    for name in ("chat", "json", "xml"):
        for signature in (GARBAGE, LONE):
            assert read(LAYOUTS[name], signature, text, random.Random(1), 400) < 1, name
