"""A program's state as a file: DSPy's layout, checked when it is read, and never run."""

import dataclasses
import datetime
import enum
import json
import math
import pickle
from typing import Literal

import pytest
from pydantic import BaseModel, Field

from dspnb import (
    LM,
    ChainOfThought,
    Code,
    CompactAdapter,
    Example,
    Image,
    JSONAdapter,
    LabeledFewShot,
    LoadWarning,
    Module,
    Predict,
    Provenance,
    Signature,
    ToolCalls,
    TwoStepAdapter,
    UsageError,
    XMLAdapter,
    compile,
    preview,
    use,
)
from dspnb.module import Setting
from dspnb.provenance import fingerprint
from dspnb.testing import Scripted

DEMOS = (Example(augmented=True, q="1 + 1", a=2), Example(q="ünï", a=3))


class Two(Module):
    def __init__(self):
        self.first = ChainOfThought("q -> a: int")
        self.rest = [Predict("a: int -> b")]


def changed():
    program = Two()
    state = {path: Setting(f"Do {path}.", DEMOS) for path in program.state}
    return program.with_state(state)


def saved(program, tmp_path):
    return program.save(tmp_path / "p.json")


def written(program, tmp_path):
    return json.loads(saved(program, tmp_path).read_text())


def file_of(content, tmp_path):
    file = tmp_path / "p.json"
    file.write_text(content if isinstance(content, str) else json.dumps(content))
    return file


def refused(program, file, **options):
    """What `load` says of a file that it refuses; the program is left alone."""
    before, own = program.state, program.provenance
    with pytest.raises(UsageError) as caught:
        program.load(file, **options)
    assert str(file) in str(caught.value)
    assert (program.state, program.provenance) == (before, own)
    return str(caught.value)


def loaded_in_part(program, file):
    """The program, and what `load` says of the rest."""
    with pytest.warns(LoadWarning) as caught:
        assert program.load(file, strict=False) is program
    assert caught[0].filename == __file__
    return program, str(caught[0].message)


# -- there and back -------------------------------------------------------------------


def test_a_saved_state_comes_back(tmp_path):
    program = changed()
    file = saved(program, tmp_path)

    fresh = Two()
    assert fresh.load(file) is fresh
    assert fresh.state == program.state


def test_states_are_equal_when_instructions_and_demos_are():
    assert changed().state == changed().state
    assert changed().state != Two().state
    assert Setting("a", DEMOS) == Setting("a", tuple(Example(**demo) for demo in DEMOS))
    assert Setting("a", DEMOS) != Setting("a", DEMOS[::-1])


def test_the_layout_is_dspys_with_names_types_and_roles_added(tmp_path):
    content = written(changed(), tmp_path)

    assert content.keys() == {"first.predict", "rest[0]", "metadata"}
    assert content["metadata"]["dependency_versions"] == {}
    entry = content["first.predict"]
    assert entry.keys() == {"traces", "train", "demos", "signature", "lm"}
    assert entry["lm"] is None
    assert entry["demos"] == [{"augmented": True, "q": "1 + 1", "a": 2}, {"q": "ünï", "a": 3}]
    assert entry["signature"]["instructions"] == "Do first.predict."
    assert [
        (f["name"], f["type"], f["role"], f["prefix"]) for f in entry["signature"]["fields"]
    ] == [
        ("q", "str", "input", "Q:"),
        ("reasoning", "str", "output", "Reasoning:"),
        ("a", "int", "output", "A:"),
    ]


def test_a_single_predictor_is_saved_flat_as_dspy_does(tmp_path):
    program = Predict("q -> a", demos=DEMOS)
    content = written(program, tmp_path)

    assert {"demos", "signature", "lm", "metadata"} <= content.keys()
    assert Predict("q -> a").load(tmp_path / "p.json").state == program.state


def test_paths_are_written_as_dspy_does_and_read_in_both_ways(tmp_path):
    class Nested(Module):
        def __init__(self, *demos):
            self.hops = [ChainOfThought("q -> a"), {"deep": Predict("q -> a", demos=demos)}]
            self.tools = {"sum it": Predict("q -> a"), "a.b": Predict("q -> a", demos=demos)}

    program = Nested(*DEMOS)
    content = written(program, tmp_path)
    assert list(content)[:-1] == [
        "hops[0].predict", "hops[1]['deep']", "tools['sum it']", "tools['a.b']",
    ]  # fmt: skip
    assert Nested().load(tmp_path / "p.json").state == program.state

    ours = dict(zip([*program.state, "metadata"], content.values(), strict=True))
    assert "hops.1.deep" in ours
    assert Nested().load(file_of(ours, tmp_path)).state == program.state


def test_a_lone_chain_of_thought_has_one_key(tmp_path):
    assert written(ChainOfThought("q -> a"), tmp_path).keys() == {"predict", "metadata"}


def test_a_predictor_may_be_called_signature(tmp_path):
    class Named(Module):
        def __init__(self, *demos):
            self.signature = Predict("q -> a", demos=demos)

    file = saved(Named(*DEMOS), tmp_path)

    assert Named().load(file).state["signature"].demos == DEMOS


def test_a_predictor_that_would_be_lost_is_not_saved(tmp_path):
    class Named(Module):
        def __init__(self):
            self.metadata = Predict("q -> a")

    with pytest.raises(UsageError, match="keeps the name `metadata` for itself"):
        saved(Named(), tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_saving_again_replaces_the_file_and_leaves_no_other(tmp_path):
    saved(Predict("q -> a"), tmp_path)
    saved(Predict("q -> a", demos=DEMOS), tmp_path)

    assert [path.name for path in tmp_path.iterdir()] == ["p.json"]
    assert len(Predict("q -> a").load(tmp_path / "p.json").demos) == 2


@pytest.mark.parametrize("place", ["none/p.json", "p.json"])
def test_a_file_that_cannot_be_written_is_said_and_nothing_is_left_behind(tmp_path, place):
    (tmp_path / "p.json").mkdir()

    with pytest.raises(UsageError, match="could not be saved to"):
        Predict("q -> a").save(tmp_path / place)
    assert [path.name for path in tmp_path.iterdir()] == ["p.json"]


# -- values ---------------------------------------------------------------------------


class City(BaseModel):
    name: str
    lakes: list[str] = []
    founded: datetime.date | None = Field(default=None, alias="Founded")


class Color(enum.Enum):
    RED = "r"


class Size(enum.StrEnum):
    BIG = "big"


@dataclasses.dataclass(frozen=True)
class Point:
    x: int
    at: datetime.datetime


NOW = datetime.datetime(2024, 5, 1, 12, tzinfo=datetime.UTC)
ULM = City(name="Ulm", Founded=datetime.date(854, 7, 22))
VALUES = [
    (City, ULM),
    (list[City], [ULM, City(name="Bonn", lakes=["a"])]),
    (City | None, None),
    (Color, Color.RED),
    (Size, Size.BIG),
    (dict[str, Color], {"a": Color.RED}),
    (Point, Point(1, NOW)),
    (datetime.date, datetime.date(2024, 5, 1)),
    pytest.param(set[str], {"b", "a"}, id="set[str]-{'a', 'b'}"),
    (frozenset[int], frozenset({2, 1})),
    (tuple[int, str], (1, "a")),
    (dict[int, float], {1: 0.5}),
    (bytes, b"ab"),
    (str, "\ud800 half a pair"),
    (int | str, "2"),
    (Literal["a", 1], 1),
    (Image, Image("https://example.org/a.png")),
    (list[Image | str], [Image(b"GIF89a\x01\x00\x01\x00"), "a"]),
    (Code["sql"], Code["sql"]("SELECT 1")),
    (ToolCalls, ToolCalls.read([{"name": "f", "args": {"x": 1}}])),
    # values that are not of their field's type are nobody's to convert
    (int, "about 2"),
    (int, "2"),
    (float, 3),
    (bool, "yes"),
    (str, 7),
    (str, True),
    (list[str], [1, "a"]),
    (datetime.date, "2024-05-01"),
    (City, {"name": "Ulm"}),
    (str, None),
]


@pytest.mark.parametrize(("type_", "value"), VALUES, ids=repr)
def test_values_come_back_as_the_types_of_their_fields(tmp_path, type_, value):
    def program(*demos):
        types = {"T": type_}
        return Predict(Signature("q: T, note -> a: T", types=types), demos=demos)

    before = program(Example(q=value, note="n", a=value), Example(q=value, other=[1], a=value))
    after = program().load(saved(before, tmp_path))

    assert after.state == before.state
    assert type(after.demos[0].a) is type(value)
    asked = {"q": value, "note": ""}
    assert after.messages(**asked) == before.messages(**asked)


def test_what_is_no_json_is_written_as_text_and_does_not_stop_saving(tmp_path):
    odd = Example(q=object(), a=float("nan"), extra={("a", 1): {3, 1}})
    demo = written(Predict("q -> a: float", demos=[odd]), tmp_path)["demos"][0]

    assert demo["q"].startswith("<object object")
    assert demo["a"] == "nan"
    assert demo["extra"] == {"['a', 1]": [1, 3]}
    assert math.isnan(Predict("q -> a: float").load(tmp_path / "p.json").demos[0].a)


# -- parameters, models, adapter --------------------------------------------------------


def test_parameters_come_back_and_replace_those_of_the_program(tmp_path):
    file = saved(Predict("q -> a", temperature=0.5, stop=["\n"]), tmp_path)

    assert Predict("q -> a", top_p=1).load(file).params == {"temperature": 0.5, "stop": ["\n"]}


def test_a_program_keeps_the_parameters_that_no_file_holds(tmp_path):
    def hook(text):
        return text

    file = saved(Predict("q -> a", temperature=0.5), tmp_path)
    program = Predict("q -> a", hook=hook, api_base="http://here", temperature=1).load(file)

    assert program.params == {"hook": hook, "api_base": "http://here", "temperature": 0.5}


def test_a_model_of_a_predictors_own_is_written_as_dspy_does(tmp_path):
    lm = LM("openai/gpt-4o-mini", cache=False, temperature=0.3, max_tokens=9, stop=["a"])

    assert written(Predict("q -> a", lm=lm), tmp_path)["lm"] == {
        "_dspy_lm_class": "dspy.clients.lm.LM",
        "model": "openai/gpt-4o-mini",
        "model_type": "chat",
        "cache": False,
        "num_retries": 4,
        "temperature": 0.3,
        "max_tokens": 9,
        "finetuning_model": None,
        "launch_kwargs": {},
        "train_kwargs": {},
    }
    loaded = Predict("q -> a").load(tmp_path / "p.json").lm
    assert (loaded.model, loaded.params) == (lm.model, {"temperature": 0.3, "max_tokens": 9})
    assert loaded.cache is False


@pytest.mark.parametrize("kind", ["chat", "responses", "text"])
def test_the_kind_of_a_model_its_retries_and_its_timeout_come_back(tmp_path, kind):
    lm = LM("openai/x", kind=kind, retries=0, timeout=20.0)

    entry = written(Predict("q -> a", lm=lm), tmp_path)["lm"]
    loaded = Predict("q -> a").load(tmp_path / "p.json").lm
    assert (entry["model_type"], entry["num_retries"], entry["timeout"]) == (kind, 0, 20.0)
    assert (loaded.kind, loaded.retries, loaded.timeout, loaded.params) == (kind, 0, 20.0, {})


def test_the_limits_and_the_price_of_an_account_are_not_written(tmp_path):
    lm = LM("openai/x", concurrency=3, requests_per_minute=70, price=(1, 2), supports={"tools"})

    entry = written(Predict("q -> a", lm=lm), tmp_path)["lm"]
    assert not {"concurrency", "requests_per_minute", "price", "supports"} & entry.keys()
    assert Predict("q -> a").load(tmp_path / "p.json").lm.model == "openai/x"


@pytest.mark.parametrize("lm", [None, Scripted([]), LM("openai/x", api_base="http://here")])
def test_a_model_that_a_file_cannot_describe_is_not_written_and_stays(tmp_path, lm):
    assert written(Predict("q -> a", lm=lm), tmp_path)["lm"] is None

    own = LM("offline")
    assert Predict("q -> a", lm=own).load(tmp_path / "p.json").lm is own


def test_nothing_secret_is_written(tmp_path):
    secrets = {
        "api_key": "sk-1", "api_base": "http://sk-1", "extra_headers": {"x": "sk-1"},
        "azure_ad_token": "sk-1", "site": "https://sk-1", "extra_body": {"my-key": "sk-1"},
    }  # fmt: skip
    lm = LM("openai/x", **secrets)
    program = Predict("q -> a", lm=lm, **secrets)
    program.load(saved(program, tmp_path))

    assert "sk-1" not in (tmp_path / "p.json").read_text()
    assert program.params == secrets

    del secrets["api_base"]
    assert (
        "sk-1" not in saved(Predict("q -> a", lm=LM("openai/x", **secrets)), tmp_path).read_text()
    )


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ({"model": "openai/x", "api_base": "http://evil"}, "`openai/x` needs `api_base`"),
        (
            {"model": "openai/x", "base_url": "u", "model_list": []},
            "needs `base_url`, `model_list`",
        ),
        ({"model": "openai/x", "stop": ["a"]}, "needs `stop`, which is not taken from a file"),
        ({"model": "openai/x", "api_key": "k"}, "needs `api_key`"),
        ({"model": "a", "_dspy_lm_class": "os.system"}, "is a `os.system`, a class that is not"),
        (
            {"model": "openai/x", "model_type": "images"},
            "is of the type 'images'; known are `chat`",
        ),
        ({"model": "anthropic/x", "model_type": "text"}, "with `kind='chat'` only; got 'text'"),
        ({"model": "openai/x", "num_retries": "9"}, "`retries` is how often a call is tried again"),
        ({"model": "openai/x", "timeout": "soon"}, "`timeout` of a model is above 0; got 'soon'"),
        ({"model": "openai/x", "retries": 9, "kind": "text"}, "needs `kind`, `retries`, which"),
        ({"model": "plain"}, "`plain` is not known here: A model is written `provider/name`"),
        ({"temperature": 1}, "its model has no name"),
        ("openai/x", "its model has no name"),
    ],
)
def test_a_model_that_could_lead_elsewhere_is_not_made_and_is_said(tmp_path, entry, said):
    content = written(Predict("q -> a", demos=DEMOS), tmp_path) | {"lm": entry}
    file = file_of(content, tmp_path)

    assert said in refused(Predict("q -> a"), file)
    program, told = loaded_in_part(Predict("q -> a"), file)
    assert said in told
    assert (program.lm, program.demos) == (None, DEMOS)


def test_parameters_that_lead_elsewhere_are_not_taken_from_a_file(tmp_path):
    content = written(Predict("q -> a"), tmp_path)
    content["metadata"]["dspnb"]["params"] = {"self": {"api_base": "http://evil", "n": 2}}
    file = file_of(content, tmp_path)

    assert "its parameter `api_base` is not taken from a file" in refused(Predict("q -> a"), file)
    assert loaded_in_part(Predict("q -> a"), file)[0].params == {"n": 2}


def test_the_adapter_is_named(tmp_path):
    assert written(Two(), tmp_path)["metadata"]["dspnb"]["adapter"] == {"name": "chat"}


def test_the_settings_of_an_adapter_are_written_its_models_and_adapters_too(tmp_path):
    lm = LM("openai/gpt-4o-mini", api_key="sk-1", temperature=0)
    with use(adapter=TwoStepAdapter(lm, JSONAdapter(enforce=False))):
        adapter = written(Two(), tmp_path)["metadata"]["dspnb"]["adapter"]

    assert adapter["name"] == "two-step"
    assert adapter["extracts_with"] == {"name": "json", "enforce": False}
    assert adapter["extraction_model"]["model"] == lm.model
    assert "sk-1" not in str(adapter)


# -- where a state comes from -----------------------------------------------------------

ROWS = [Example(q=str(i), a=str(i)).with_inputs("q") for i in range(6)]


def found(test=None):
    with use(lm=Scripted(lambda prompt: "[[ ## a ## ]]\n0")):
        return compile(
            Predict("q -> a"),
            LabeledFewShot(2),
            metric=lambda example, prediction: example.a == prediction.a,
            train=ROWS[1:4],
            val=ROWS[:2],
            test=test,
            seed=7,
            wait=True,
        ).best


def test_a_run_says_where_its_program_comes_from_and_a_file_keeps_it(tmp_path):
    best = found()

    assert best.provenance == Provenance(
        optimizer="LabeledFewShot",
        metric="<lambda>",
        split="val",
        score=0.5,
        low=best.provenance.low,
        high=best.provenance.high,
        n=2,
        train=best.provenance.train,
        seed=7,
        model="scripted",
        candidate=0,
    )
    assert 0 < best.provenance.low < 0.5 < best.provenance.high < 1
    assert len(best.provenance.train) == 64
    assert Predict("q -> a").load(saved(best, tmp_path)).provenance == best.provenance
    assert str(best.provenance).startswith("0.500 [")


def test_the_fingerprint_of_examples_is_that_of_their_values_in_order():
    rows = [Example(q={"b", "a"}, a=ULM), Example(q=1, a=None)]

    assert fingerprint(rows) == fingerprint([Example(a=ULM, q={"a", "b"}), rows[1]])
    assert fingerprint(rows) != fingerprint(rows[::-1])
    assert fingerprint(rows) != fingerprint(rows[:1])


def test_the_score_on_held_out_examples_counts_when_there_is_one():
    best = found(test=ROWS[4:])

    assert (best.provenance.split, best.provenance.score, best.provenance.n) == ("test", 0.0, 2)


def test_another_state_comes_from_nowhere(tmp_path):
    best = found()

    assert Predict("q -> a").provenance is None
    assert best.with_state({}).provenance is None
    assert best.load(saved(Predict("q -> a"), tmp_path)).provenance is None


def test_a_part_forgets_where_its_state_came_from_when_the_whole_gets_another(tmp_path):
    class Outer(Module):
        def __init__(self):
            self.inner = found()

    program = Outer()
    assert program.inner.provenance
    assert program.with_state({}).inner.provenance is None


def test_a_provenance_that_cannot_be_read_is_said(tmp_path):
    content = written(found(), tmp_path)
    content["metadata"]["dspnb"]["provenance"]["score"] = "high"

    said = refused(Predict("q -> a"), file_of(content, tmp_path))
    assert "is not a saved program: its provenance has no valid `score`" in said


# -- files that do not fit --------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "is not a saved program: it is empty"),
        ("hello", "is not a saved program: it is not JSON: Expecting value"),
        ("[" * 100_000, "is not a saved program: it is nested too deeply"),
        ("[]", "is not a saved program: it holds a list"),
        ("{}", "is not a saved program: it holds no predictors"),
        ('{"other": {}}', "is not a saved program: it holds no predictors"),
        ('{"signature": {"instructions": 1, "fields": []}}', "`self` has no instructions and"),
        ('{"signature": "cos\\nsystem", "demos": []}', "`self` has no instructions and fields"),
        (
            '{"signature": {"instructions": "x", "fields": []}, "demos": [1]}',
            "the demos of `self` are not a list of objects",
        ),
        ('{"signature": {"instructions": "x", "fields": [1]}}', "a field of `self` is 1"),
        (
            '{"b": {"signature": {"instructions": "x", "fields": []}}}',
            "it holds another program: its predictors are `b`, this one's `self`",
        ),
        (
            '{"signature": {"instructions": "x", "fields": []}, '
            '"metadata": {"dspnb": {"format": 9}}}',
            "was saved by a newer dspnb: its format is 9, this dspnb reads up to 1",
        ),
    ],
)
def test_a_file_that_is_none_of_this_program_is_said(tmp_path, content, said):
    assert said in refused(Predict("q -> a", demos=DEMOS), file_of(content, tmp_path))


def test_a_file_that_was_cut_off_is_said_wherever_it_was(tmp_path):
    program = Predict(
        "q -> a: bool | None", demos=[Example(q="\\u00e4", a=True), Example(q="", a=None)]
    )
    text = saved(program, tmp_path).read_text().strip()
    text = text.replace('"Q:"', '"Q\\u00e4:"')

    for end in range(1, len(text)):
        said = refused(Predict("q -> a"), file_of(text[:end], tmp_path))
        assert "it ends in the middle" in said, text[:end][-30:]


def test_bytes_that_are_no_text_are_said(tmp_path):
    (tmp_path / "p.json").write_bytes(b"\xff\xfe\x00")

    assert "it is not text" in refused(Predict("q -> a"), tmp_path / "p.json")


def test_a_file_that_an_editor_saved_with_a_mark_of_its_encoding_is_read(tmp_path):
    file = saved(Predict("q -> a", demos=DEMOS), tmp_path)
    file.write_bytes(b"\xef\xbb\xbf" + file.read_bytes())

    assert Predict("q -> a").load(file).demos == DEMOS


def test_a_file_that_is_not_there_is_said(tmp_path):
    assert "could not be read: No such file" in refused(Predict("q -> a"), tmp_path / "none.json")


def test_a_pickle_is_not_read(tmp_path):
    class Boom:
        def __reduce__(self):
            return (pytest.fail, ("a pickle was read",))

    (tmp_path / "p.pkl").write_bytes(pickle.dumps(Boom()))
    assert "is a pickle, and reading a pickle runs" in refused(
        Predict("q -> a"), tmp_path / "p.pkl"
    )

    folder = tmp_path / "whole"
    folder.mkdir()
    (folder / "program.pkl").write_bytes(b"\x80")
    (folder / "metadata.json").write_text("{}")
    assert "is a whole program of DSPy's, which is a pickle" in refused(Predict("q -> a"), folder)


def test_everything_that_no_longer_fits_is_said_at_once(tmp_path):
    class Now(Module):
        def __init__(self):
            self.first = ChainOfThought("question -> a: Literal['x', 'y'], c")
            self.last = [Predict("a: int -> b")]

    said = refused(Now(), saved(changed(), tmp_path))

    assert said.splitlines()[1:] == [
        "- `rest.0` is not in the program; did you mean `last.0`?",
        "- `last.0` is not in the file; did you mean `rest.0`?",
        "- `first.predict`: the field `q` is gone; known: `c`, `question`.",
        "- `first.predict`: the field `question` is new",
        "- `first.predict`: the field `c` is new",
        "- `first.predict`: the field `a` (it was `int`): 2 demos do not fit, "
        "as 2 must be Literal['x', 'y']: Input should be 'x' or 'y'",
        "Take over what fits with `load(file, strict=False)`.",
    ]


def test_an_input_that_became_an_output_is_said(tmp_path):
    said = refused(Predict("a -> q, b"), saved(Predict("a, q -> b"), tmp_path))

    assert "- `self`: the field `q` was an input, it is no longer" in said


def test_another_type_that_still_takes_the_demos_fits(tmp_path):
    file = saved(Predict("q -> a: int", demos=[Example(q="?", a=2)]), tmp_path)

    assert Predict("q: str | None -> a: float").load(file).demos == (Example(q="?", a=2),)


def test_fields_may_change_their_order(tmp_path):
    before = Predict("q, context -> a", demos=DEMOS)

    assert Predict("context, q -> a").load(saved(before, tmp_path)).demos == DEMOS


def test_a_model_class_that_has_changed_is_said(tmp_path):
    def program(city, *demos):
        return Predict(Signature("q -> a: City", types={"City": city}), demos=demos)

    before = City
    file = saved(program(before, Example(q="?", a=ULM)), tmp_path)

    class City2(BaseModel):
        name: str
        country: str

    City2.__name__ = "City"
    said = refused(program(City2), file)
    assert "the field `a`: 1 demo does not fit, as {'name': 'Ulm'" in said
    assert "must be City: Field required" in said


# -- in part -----------------------------------------------------------------------------


def test_what_fits_is_taken_over_when_asked_and_the_rest_is_said(tmp_path):
    class Old(Module):
        def __init__(self, *demos):
            self.a = Predict("q, hint -> a, b", demos=demos, temperature=1)
            self.gone = Predict("q -> a")

    class New(Module):
        def __init__(self):
            self.a = Predict("q -> a: int")
            self.new = Predict("q -> a")

    demos = [
        Example(q="1", hint="h", a="2", b="x", label="kept"),
        Example(q="1", a="two"),
        Example(hint="h", a="3"),
        Example(q="2", a=None),
    ]
    old = Old(*demos)
    file = saved(old.with_state({"a": Setting("Old words.", old.a.demos)}), tmp_path)
    program, told = loaded_in_part(New(), file)

    assert program.a.signature.instructions == "Old words."
    assert program.a.demos == (Example(q="1", a="2", label="kept"), Example(q="2", a=None))
    assert program.a.params == {"temperature": 1}
    assert program.new.signature == New().new.signature
    assert told.splitlines()[1:] == [
        "- `gone` is not in the program; did you mean `new`?",
        "- `new` is not in the file; did you mean `gone`?",
        "- `a`: the field `hint` is gone; known: `a`, `q`.",
        "- `a`: the field `b` is gone; known: `a`, `q`.",
        "- `a`: the field `a` (it was `str`): 1 demo does not fit, as 'two' must be int: "
        "Input should be a valid integer, unable to parse string as an integer",
        "- `a`: demo 3: no input or no output is left",
    ]


def test_a_predictor_with_none_of_its_fields_left_is_another_one(tmp_path):
    file = saved(Predict("x -> y", demos=[Example(x="1", y="2")]), tmp_path)
    program, told = loaded_in_part(Predict("q -> a"), file)

    assert "- `self`: no field of the file's is left: `x`, `y`" in told
    assert program.state == Predict("q -> a").state


def test_a_state_that_was_taken_over_in_part_was_never_scored(tmp_path):
    file = saved(found(), tmp_path)

    assert loaded_in_part(Predict("q -> a, b"), file)[0].provenance is None


def test_a_file_that_fits_brings_no_warning(tmp_path):
    demos = (*DEMOS, Example(q="no output"), Example(label="neither"))
    program = Predict("q -> a").with_state({"self": Setting("Answer.", demos)})
    file = saved(program, tmp_path)

    assert Predict("q -> a").load(file, strict=False).demos == demos


def test_a_warning_that_is_made_an_error_leaves_the_program_alone(tmp_path):
    file = saved(Predict("q, x -> a", demos=DEMOS), tmp_path)
    program = Predict("q -> a")

    with pytest.raises(LoadWarning):  # the tests make every warning an error
        program.load(file, strict=False)
    assert program.demos == ()


# -- files of DSPy's ----------------------------------------------------------------------


def of_dspy(*fields, **entry):
    """An entry as DSPy writes it: fields as (prefix, description)."""
    return {
        "traces": [],
        "train": [],
        "demos": [{"question": "?", "answer": "!", "augmented": True}, {"question": "no answer"}],
        "signature": {
            "instructions": "Think.",
            "fields": [{"prefix": prefix, "description": desc} for prefix, desc in fields],
        },
        "lm": None,
        **entry,
    }


QUESTION, REASONING = ("Question:", "${question}"), ("Reasoning:", "${reasoning}")
DSPY_DEMOS = (Example(question="?", answer="!", augmented=True), Example(question="no answer"))


def test_a_file_of_dspys_is_matched_by_the_names_in_its_descriptions_or_by_label(tmp_path):
    entry = of_dspy(QUESTION, REASONING, ("Answer:", "in five words"), unknown=1)
    file = file_of({"predict": entry, "metadata": {"dependency_versions": {}}, "x": 1}, tmp_path)

    state = ChainOfThought("question -> answer").load(file).state
    assert state["predict"] == Setting("Think.", DSPY_DEMOS)


def test_a_file_of_dspys_whose_labels_do_not_match_is_said(tmp_path):
    entry = of_dspy(("Query:", "what to find"), ("Answer:", "a word"), ("Extra:", "more"))
    file = file_of(entry, tmp_path)

    said = refused(Predict("question -> answer"), file)
    assert "field 1 is labelled 'Query:' in the file; here it is `question`" in said
    assert "the field labelled 'Extra:' is gone" in said
    assert loaded_in_part(Predict("question -> answer"), file)[0].demos == DSPY_DEMOS


def test_a_field_that_dspy_named_and_that_is_gone_is_said(tmp_path):
    file = file_of(of_dspy(QUESTION, ("Answers:", "${answers}")), tmp_path)

    said = refused(Predict("question -> answer"), file)
    assert "the field `answers` is gone; did you mean `answer`?" in said


@pytest.mark.parametrize("path", ["answer", "answer._predict", "answer.predict"])
@pytest.mark.parametrize("fields", [True, False], ids=["2.5.3", "2.5.2"])
def test_a_chain_of_thought_of_dspy_2_is_read_with_its_reasoning(tmp_path, path, fields):
    demos = [{"question": "?", "rationale": "hm", "answer": "!"}]
    if fields:
        long = ("Reasoning: Let's think step by step in order to", "${produce the answer}. We ...")
        entry = of_dspy(QUESTION, ("Answer:", "${answer}"), demos=demos)
        extended = of_dspy(QUESTION, long, ("Answer:", "${answer}"))["signature"]
        entry["extended_signature"] = extended | {"instructions": "Think harder."}
    else:
        entry = {
            "demos": demos,
            "signature_instructions": "Think.",
            "signature_prefix": "Answer:",
            "extended_signature_instructions": "Think harder.",
        }

    class Program(Module):
        def __init__(self):
            self.answer = ChainOfThought("question -> answer")

    expected = Setting("Think harder.", (Example(question="?", reasoning="hm", answer="!"),))
    assert Program().load(file_of({path: entry}, tmp_path)).state == {"answer.predict": expected}
    alone = ChainOfThought("question -> answer").load(file_of(entry, tmp_path))
    assert alone.state == {"predict": expected}


def test_a_predictor_of_dspy_2_is_read(tmp_path):
    entry = {"demos": [], "signature_instructions": "Think.", "signature_prefix": "A:", "lm": None}

    assert Predict("q -> a").load(file_of(entry, tmp_path)).signature.instructions == "Think."


@pytest.mark.parametrize(
    "adapter",
    [
        JSONAdapter(enforce=False),
        XMLAdapter(),
        CompactAdapter(),
        TwoStepAdapter(LM("openai/gpt-4o-mini", temperature=0), JSONAdapter()),
    ],
    ids=lambda adapter: adapter.name,
)
def test_a_program_keeps_the_adapter_that_it_was_saved_with(tmp_path, adapter):
    with use(adapter=adapter):
        file = Predict("q -> a").save(tmp_path / "p.json")

    loaded = Predict("q -> a").load(file)

    assert type(loaded.adapter) is type(adapter)
    if adapter.name != "two-step":  # its model is another object, of the same name
        assert loaded.adapter == adapter
        with use(adapter=adapter):
            prompt = preview(Predict("q -> a"), q="?").messages
        assert preview(loaded, q="?").messages == prompt


def test_a_program_saved_with_the_adapter_in_use_follows_the_context(tmp_path):
    file = Predict("q -> a").save(tmp_path / "p.json")

    assert Predict("q -> a").load(file).adapter is None


def test_an_adapter_that_is_not_known_is_said(tmp_path):
    file = Predict("q -> a").save(tmp_path / "p.json")
    file.write_text(file.read_text().replace('"chat"', '"jsno"'))

    with pytest.raises(UsageError, match=r"its adapter `jsno` is not known here; did you mean `j"):
        Predict("q -> a").load(file)
