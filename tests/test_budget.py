import asyncio

import pytest

from dspnb import LM, Budget, UsageError
from dspnb.budget import Metered, Spending
from dspnb.controls import Stop
from dspnb.lm import Usage
from dspnb.lm.base import Completion, Message, streamed, supported
from dspnb.testing import Scripted


@pytest.mark.parametrize(
    ("text", "budget"),
    [
        ("500calls", Budget(calls=500)),
        ("500 calls, 60s", Budget(calls=500, seconds=60)),
        ("$2", Budget(dollars=2)),
        ("2.5dollars", Budget(dollars=2.5)),
        ("100ktokens", Budget(tokens=100_000)),
        ("1.5mtokens", Budget(tokens=1_500_000)),
        ("score=0.9", Budget(score=0.9)),
        ("90seconds,1call", Budget(seconds=90, calls=1)),
    ],
)
def test_a_budget_is_read_from_a_few_words(text, budget):
    assert Budget.parse(text) == budget


@pytest.mark.parametrize(
    "text", ["", "500", "cals", "5 apples", "calls=5", "5calls;6s", "1.2.3s", "_s", ".", "$"]
)
def test_what_is_no_budget_is_said(text):
    with pytest.raises(UsageError, match="A budget is written like `500calls`"):
        Budget.parse(text)


@pytest.mark.parametrize("limit", [{"calls": 0}, {"seconds": -1}, {"score": 0}])
def test_a_budget_of_nothing_is_said(limit):
    with pytest.raises(UsageError, match="A budget is above 0"):
        Budget(**limit)


@pytest.mark.parametrize(
    ("budget", "reason"),
    [
        (Budget(calls=10), "budget of 10 calls spent"),
        (Budget(tokens=300), "budget of 300 tokens spent"),
        (Budget(dollars=0.5), "budget of $0.5 spent"),
        (Budget(seconds=60), "budget of 60 s spent"),
        (Budget(calls=11, tokens=301, dollars=0.6, seconds=61), ""),
        (Budget(), ""),
    ],
)
def test_whichever_limit_is_reached_first_is_named(budget, reason):
    usage = Usage(calls=10, cached=5, tokens_in=200, tokens_out=100, dollars=0.5)

    assert budget.spent(usage, 60.0) == reason


def test_calls_under_way_are_reserved_and_those_from_the_cache_given_back():
    spending, budget = Spending(), Budget(calls=2)

    assert [spending.reserve(budget) for _ in range(3)] == [True, True, False]
    spending.settle(Completion("x", cached=True))
    assert spending.reserve(budget)
    spending.settle(Completion("x", tokens_in=3, dollars=0.5))
    spending.settle(None)
    assert spending.reserve(budget)
    assert spending.usage == Usage(calls=1, cached=1, tokens_in=3, dollars=0.5, failed=1)


def test_a_budget_says_itself_in_words():
    budget = Budget(calls=5, tokens=7, dollars=2, seconds=9, score=0.5)

    assert str(budget) == "5 calls, 7 tokens, $2, 9 s, score 0.5"
    assert str(Budget()) == ""


ASKED = [Message.of("user", "What now?")]


def metered(lm, budget, spending):
    return Metered(lm, lambda: budget, spending, lambda: None, lambda: True, lambda: 0.0)


def test_a_metered_model_supports_what_the_model_does():
    lm = Scripted([], supports={"tools", "reasoning"})

    assert supported(metered(lm, Budget(), Spending())) == {"tools", "reasoning"}


def test_a_stream_is_counted_once_and_stopped_by_the_same_budget():
    spending, parts = Spending(), []
    lm = metered(Scripted(["one two", "three"]), Budget(calls=1), spending)

    assert streamed(lm, ASKED, parts.append).text == "one two"
    assert parts == ["one ", "two"]
    assert spending.usage.calls == 1
    with pytest.raises(Stop, match="budget of 1 calls spent"):
        streamed(lm, ASKED, parts.append)


def test_a_stream_that_fails_gives_its_reservation_back():
    spending, budget = Spending(), Budget(calls=1)

    def read(text):
        raise ValueError("enough")

    with pytest.raises(ValueError, match="enough"):
        streamed(metered(LM("offline"), budget, spending), ASKED, read)
    assert spending.usage == Usage(failed=1)
    assert spending.reserve(budget)


class Slow:
    """A model with an `acall`, whose answers wait for one another."""

    model = "slow"

    def __init__(self):
        self.under_way = self.peak = 0

    def __call__(self, messages, *, rollout=0, **params):
        raise AssertionError("it has an `acall`")

    async def acall(self, messages, *, on_text=None, rollout=0, **params):
        self.under_way += 1
        self.peak = max(self.peak, self.under_way)
        await asyncio.sleep(0)
        self.under_way -= 1
        if on_text is not None:
            on_text("blue")
        return Completion("blue", cached="cached" in params, tokens_in=1, dollars=0.0)


def together(lm, n, **params):
    async def all_of_them():
        asks = [lm.acall(ASKED, **params) for _ in range(n)]
        return await asyncio.gather(*asks, return_exceptions=True)

    return asyncio.run(all_of_them())


@pytest.mark.parametrize("inner", [Slow(), Scripted(["blue"] * 5)])
def test_awaited_calls_are_counted_and_stopped_by_the_same_budget(inner):
    spending = Spending()
    answers = together(metered(inner, Budget(calls=3), spending), 5)

    assert [answer.text for answer in answers if isinstance(answer, Completion)] == ["blue"] * 3
    assert [str(end) for end in answers if isinstance(end, Stop)] == ["budget of 3 calls spent"] * 2
    assert spending.usage.calls == 3 and spending.usage.failed == 0


def test_an_awaited_call_waits_for_those_under_way_on_its_own_loop():
    lm, spending = Slow(), Spending()
    answers = together(metered(lm, Budget(calls=2), spending), 6, cached=True)

    assert [answer.text for answer in answers] == ["blue"] * 6
    assert spending.usage == Usage(cached=6)
    assert lm.peak == 2


@pytest.mark.parametrize("inner", [Slow(), Scripted(["blue"])])
def test_an_awaited_stream_is_heard(inner):
    parts = []
    lm = metered(inner, Budget(), Spending())

    assert asyncio.run(lm.acall(ASKED, on_text=parts.append)).text == "".join(parts) == "blue"


def test_a_cancelled_task_gives_its_reservation_back():
    spending, budget = Spending(), Budget(calls=1)

    async def cancelled():
        task = asyncio.create_task(metered(Slow(), budget, spending).acall(ASKED))
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(cancelled())
    assert spending.reserve(budget)
