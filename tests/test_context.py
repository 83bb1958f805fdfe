import asyncio
import contextvars
import threading

import pytest

from dspnb import LM, JSONAdapter, Module, Predict, Prediction, UsageError, configure, use
from dspnb.adapters import ChatAdapter
from dspnb.context import current
from dspnb.lm.base import Completion
from dspnb.testing import Scripted

ANSWER = Predict("question -> answer")


@pytest.fixture(autouse=True)
def _restored_defaults():
    yield
    configure(lm=None, adapter=ChatAdapter())


def test_a_call_without_a_model_says_how_to_set_one():
    with pytest.raises(UsageError) as error:
        ANSWER(question="?")

    assert str(error.value) == (
        "No model is set. Run `%lm offline` (no key needed) or `%lm openai/gpt-4o-mini` "
        "in a cell, or use `configure(lm=LM(...))`."
    )


def test_configure_sets_the_model_for_every_thread():
    lm = Scripted(["one"])
    configure(lm=lm)

    answers = in_a_new_thread(lambda: ANSWER(question="?").answer)

    assert answers == ["one"]


def test_use_sets_the_model_for_a_block_only():
    outer, inner = Scripted(["outer"]), Scripted(["inner"])

    with use(lm=outer):
        with use(lm=inner):
            first = ANSWER(question="?").answer
        second = ANSWER(question="?").answer

    assert (first, second) == ("inner", "outer")
    assert current().lm is None


def test_use_restores_the_model_after_an_error():
    with pytest.raises(ZeroDivisionError), use(lm=Scripted([])):
        _ = 1 / 0

    assert current().lm is None


def test_use_does_not_reach_into_a_thread_that_was_not_given_the_context():
    context = []
    with use(lm=Scripted([])):
        context = contextvars.copy_context()
        bare = in_a_new_thread(lambda: current().lm)
        copied = in_a_new_thread(lambda: context.run(lambda: current().lm.model))

    assert (bare, copied) == ([None], ["scripted"])


def test_concurrent_tasks_keep_their_own_models():
    async def answer(text):
        with use(lm=Scripted([text])):
            return (await ANSWER.acall(question="?")).answer

    async def both():
        return await asyncio.gather(answer("one"), answer("two"))

    assert asyncio.run(both()) == ["one", "two"]


def test_a_configured_model_is_seen_inside_a_block_that_uses_something_else():
    with use(rollout=3):
        configure(lm=Scripted(["new"]))
        answer = ANSWER(question="?").answer

    assert answer == "new"


@pytest.mark.parametrize("setting", [configure, lambda **settings: use(**settings).__enter__()])
def test_wrong_settings_are_named(setting):
    with pytest.raises(UsageError, match="There is no setting `ml`; did you mean `lm`"):
        setting(ml=LM("offline"))
    with pytest.raises(UsageError, match=r"A model is an `LM`, as in .*; got 'offline'"):
        setting(lm="offline")


def in_a_new_thread(function):
    results = []
    thread = threading.Thread(target=lambda: results.append(function()))
    thread.start()
    thread.join()
    return results


class Named:
    """A model that answers with its own name, and how many callers it has at once."""

    def __init__(self, name, together):
        self.model, self.together = name, together

    def __call__(self, messages, *, rollout=0, **params):
        self.together.wait(10)  # until all threads are in a call at the same time
        layout = "json" if "one JSON object" in messages[-1].content else "chat"
        text = f'{{"said": "{self.model} {layout}"}}'
        if layout == "chat":
            text = f"[[ ## said ## ]]\n{self.model} {layout}"
        return Completion(text, self.model)


ADAPTERS = {"chat": ChatAdapter(), "json": JSONAdapter()}


def test_64_threads_never_see_each_others_model_or_adapter():
    program, together, said = Predict("word -> said"), threading.Barrier(64), {}

    def ask(i):
        layout = ("chat", "json")[i % 2]
        with use(lm=Named(f"m{i}", together), adapter=ADAPTERS[layout]):
            said[i] = [program(word="x") for _ in range(3)]

    threads = [threading.Thread(target=ask, args=(i,)) for i in range(64)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert {i: {p.said for p in made} for i, made in said.items()} == {
        i: {f"m{i} {('chat', 'json')[i % 2]}"} for i in range(64)
    }
    assert all(len(p.trace) == 1 for made in said.values() for p in made)


def test_64_tasks_never_see_each_others_model_or_adapter():
    class Twice(Module):
        def __init__(self):
            self.one, self.two = Predict("word -> said"), Predict("word -> said")

        async def forward(self, word):
            first = await self.one.acall(word=word)
            await asyncio.sleep(0)
            second = await self.two.acall(word=word)
            return Prediction(said=f"{first.said}, {second.said}")

    program, together = Twice(), threading.Barrier(64)

    async def ask(i):
        layout = ("chat", "json")[i % 2]
        with use(lm=Named(f"m{i}", together), adapter=ADAPTERS[layout]):
            return await program.acall(word="x")

    async def ask_all():
        return await asyncio.gather(*map(ask, range(64)))

    predictions = asyncio.run(ask_all())

    said = [f"m{i} {('chat', 'json')[i % 2]}" for i in range(64)]
    assert [prediction.said for prediction in predictions] == [f"{s}, {s}" for s in said]
    assert all([call.path for call in p.trace] == ["one", "two"] for p in predictions)
