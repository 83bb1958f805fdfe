import asyncio
import contextvars
import threading

import pytest

from dspnb import LM, Predict, UsageError, configure, use
from dspnb.adapters import ChatAdapter
from dspnb.context import current
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
