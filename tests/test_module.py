"""Programs: predictors found and named by path, and given another state without being changed."""

import asyncio
import collections
import threading

import pytest

from dspnb import (
    ChainOfThought,
    Example,
    Module,
    ParseError,
    Predict,
    Prediction,
    UsageError,
    evaluate,
    metrics,
    use,
)
from dspnb.module import Setting
from dspnb.testing import Scripted


class Hops(Module):
    """Search, read, search again; then answer."""

    def __init__(self, search=lambda query: [query], hops=2):
        self.search = search
        self.steps = [ChainOfThought("question, notes: list[str] -> query") for _ in range(hops)]
        self.tools = {"sum": Predict("notes: list[str] -> summary")}
        self.answer = ChainOfThought("question, notes: list[str] -> answer")
        self.log = []

    def forward(self, question):
        notes = []
        for step in self.steps:
            notes += self.search(step(question=question, notes=notes).query)
        return self.answer(question=question, notes=notes)


class Outer(Module):
    def __init__(self):
        self.inner = Hops(hops=1)
        self.shared = self.inner.answer

    def forward(self, question):
        return self.inner(question=question)


def reply(prompt):
    return "[[ ## reasoning ## ]]\nhm\n[[ ## query ## ]]\nmoon\n[[ ## answer ## ]]\ncheese"


def test_every_predictor_has_the_path_of_attributes_that_leads_to_it():
    assert [path for path, _ in Hops().predictors()] == [
        "steps.0.predict",
        "steps.1.predict",
        "tools.sum",
        "answer.predict",
    ]
    assert [path for path, _ in Predict("a -> b").predictors()] == ["self"]


def test_a_shared_predictor_is_found_once_by_its_first_path():
    assert [path for path, _ in Outer().predictors()] == [
        "inner.steps.0.predict",
        "inner.tools.sum",
        "inner.answer.predict",
    ]


def test_a_trace_names_each_call_by_its_path_in_the_outermost_program():
    with use(lm=Scripted(reply)):
        alone = Hops()(question="What is the moon made of?")
        nested = Outer()(question="What is the moon made of?")

    assert alone.answer == "cheese"
    assert [call.path for call in alone.trace] == [
        "steps.0.predict",
        "steps.1.predict",
        "answer.predict",
    ]
    assert [call.path for call in nested.trace] == ["inner.steps.0.predict", "inner.answer.predict"]


def test_another_state_makes_another_program_and_leaves_this_one_alone():
    program = Hops()
    before = program.state
    demo = Example(question="?", answer="!")

    other = program.with_state({"answer.predict": Setting("Be brief.", (demo,))})
    assert other.state["answer.predict"] == Setting("Be brief.", (demo,))
    assert other.state["steps.0.predict"] == before["steps.0.predict"]
    assert program.state == before


def test_a_copy_shares_what_holds_no_module_and_keeps_what_is_shared_shared():
    program = Outer()
    other = program.with_state({})

    assert other.inner is not program.inner
    assert other.shared is other.inner.answer
    assert other.inner.search is program.inner.search


def test_predictors_in_every_kind_of_holder_are_copied():
    Pair = collections.namedtuple("Pair", "one two")

    class Holders(Module):
        def __init__(self):
            self.pair = Pair(Predict("a -> b"), Predict("a -> b"))
            self.nested = [({"x": Predict("a -> b")},)]
            self.ordered = collections.OrderedDict(y=Predict("a -> b"))
            self.many = collections.defaultdict(list, z=[Predict("a -> b")])

    program = Holders()
    paths = ["pair.0", "pair.1", "nested.0.0.x", "ordered.y", "many.z.0"]

    other = program.with_state({path: Setting(f"Do {path}.") for path in paths})
    assert [setting.instructions for setting in other.state.values()] == [
        f"Do {path}." for path in paths
    ]
    assert program.state == Holders().state
    assert type(other.pair) is Pair
    assert other.many["new"] == []


def test_an_input_without_its_name_is_said():
    with pytest.raises(UsageError, match=r"by name, as in `program\(question=...\)`; got 'Why"):
        Predict("question -> answer")("Why?")


def test_a_path_that_is_not_there_is_said():
    with pytest.raises(UsageError, match=r"no predictor `nope`; it has `self`"):
        Predict("a -> b").with_state({"nope": Setting()})


def test_forward_may_return_a_mapping_but_nothing_else():
    class Good(Module):
        def forward(self, x):
            return {"y": x}

    class Bad(Module):
        def forward(self, x):
            return x

    assert Good()(x=1) == Prediction(y=1)
    with pytest.raises(UsageError, match=r"`Bad.forward` must return a `Prediction`.*returned 1"):
        Bad()(x=1)


def test_a_module_without_forward_says_so():
    class Empty(Module):
        pass

    with pytest.raises(UsageError, match="`Empty` has no `forward`"):
        Empty()()


def test_an_error_keeps_the_calls_that_led_to_it():
    replies = iter(["[[ ## reasoning ## ]]a\n[[ ## query ## ]]q", "no", "still no"])
    with use(lm=Scripted(replies)), pytest.raises(ParseError) as caught:
        Hops(hops=1)(question="?")

    assert [(call.path, bool(call.error)) for call in caught.value.trace] == [
        ("steps.0.predict", False),
        ("answer.predict", True),
    ]


def test_a_program_can_be_awaited_in_a_running_loop():
    async def ask():
        with use(lm=Scripted(reply)):
            return await asyncio.gather(*(Hops().acall(question=str(i)) for i in range(3)))

    predictions = asyncio.run(ask())
    assert [prediction.answer for prediction in predictions] == ["cheese"] * 3
    assert all(len(prediction.trace) == 3 for prediction in predictions)


def test_a_program_shows_its_predictors():
    assert repr(Hops(hops=0)).startswith("Hops(tools.sum: notes: list[str] -> summary")


def test_a_program_that_takes_no_arguments_refuses_them():
    class Plain(Module):
        pass

    with pytest.raises(TypeError, match=r"Plain\(\) takes no arguments"):
        Plain(3)


def test_what_a_program_was_made_with_is_no_part_of_it():
    class Outer(Module):
        def __init__(self, inner):
            self.answer = ChainOfThought("question -> answer")

    program = Outer(Predict("question -> notes"))

    assert [path for path, _ in program.predictors()] == ["answer.predict"]
    assert [path for path, _ in program.with_state({}).predictors()] == ["answer.predict"]


class Async(Module):
    """A program whose `forward` is awaited."""

    def __init__(self):
        self.a, self.b = Predict("q -> a"), Predict("q -> b")

    async def forward(self, q):
        a, b = await asyncio.gather(self.a.acall(q=q), self.b.acall(q=q))
        return Prediction(a=a.a, b=b.b)


def both(prompt):
    return "[[ ## a ## ]]\nA\n\n[[ ## b ## ]]\nB"


def test_an_async_program_is_awaited():
    async def ask():
        with use(lm=Scripted(both)):
            return await Async().acall(q="?")

    prediction = asyncio.run(ask())
    assert dict(prediction) == {"a": "A", "b": "B"}
    assert sorted(call.path for call in prediction.trace) == ["a", "b"]


def test_an_async_program_can_be_called_from_code_that_cannot_await():
    async def call_it_where_a_loop_runs():
        return Async()(q="?")

    with use(lm=Scripted(both)):
        assert Async()(q="?").a == "A"
        assert asyncio.run(call_it_where_a_loop_runs()).b == "B"


def test_an_async_program_is_evaluated_and_used_inside_another():
    class Outer(Module):
        def __init__(self):
            self.inner = Async()

        def forward(self, q):
            return self.inner(q=q)

    rows = [Example(q="?", a="A").with_inputs("q")] * 3
    with use(lm=Scripted(both)):
        report = evaluate(Outer(), rows, metrics.exact("a"))

    assert report.mean == 1.0
    assert sorted(call.path for call in report.rows[0].trace) == ["inner.a", "inner.b"]


def test_an_aforward_beside_a_forward_serves_those_who_await():
    class Two(Module):
        def forward(self, q):
            return Prediction(way="called")

        async def aforward(self, q):
            return Prediction(way="awaited")

    class One(Module):
        async def aforward(self, q):
            return Prediction(way="awaited")

    assert Two()(q="?").way == "called"
    assert asyncio.run(Two().acall(q="?")).way == "awaited"
    assert One()(q="?").way == "awaited"


def test_many_calls_are_awaited_at_the_same_time():
    together = threading.Barrier(40)

    def reply(prompt):
        together.wait(10)
        return "[[ ## a ## ]] x"

    async def ask():
        with use(lm=Scripted(reply)):
            return await asyncio.gather(*(Predict("q -> a").acall(q=str(i)) for i in range(40)))

    assert len(asyncio.run(ask())) == 40


def test_a_predictor_can_have_a_model_of_its_own():
    program = Outer()
    program.set_lm(Scripted(reply))
    with use(lm=None):
        assert program(question="?").answer == "cheese"

    program.set_lm(None)
    with use(lm=None), pytest.raises(UsageError, match="No model is set"):
        program(question="?")


@pytest.mark.parametrize("name", ["state", "batch", "stream", "parts", "save"])
def test_a_part_with_the_name_of_a_method_is_refused(name):
    class Named(Module):
        def __init__(self):
            setattr(self, name, Predict("a -> b"))

    with pytest.raises(UsageError, match=f"A part cannot be called `{name}`.*Call it `{name}_`"):
        Named()


def test_the_calls_of_a_program_that_raises_are_remembered():
    class History:
        def __init__(self):
            self.seen = []

        def remember(self, program, prediction):
            self.seen.append(prediction)

    class Raises(Module):
        def __init__(self):
            self.a = Predict("q -> a")

        def forward(self, q):
            raise KeyError(self.a(q=q).a)

    history = History()
    with use(lm=Scripted(["[[ ## a ## ]] x"]), history=history), pytest.raises(KeyError):
        Raises()(q="?")

    (remembered,) = history.seen
    assert [call.path for call in remembered.trace] == ["a"]
