"""What a model costs and can do is what litellm says, which is asked here; we read its list."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from dspnb.errors import ContextTooLong
from dspnb.lm import prices
from dspnb.lm.base import Completion
from dspnb.lm.endpoints import PROVIDERS
from dspnb.lm.failures import from_status
from dspnb.lm.formats.usage import counted
from dspnb.lm.prices import Hours, Price, context_window, features, price

SUNDAY, MONDAY = 4 * 86_400.0 - 86_400, 4 * 86_400.0  # the first of 1970, in seconds since 1970
HOUR = 3600.0

# Tokens in, of them cached, and out: short, and on both sides of every tier.
SIZES = [
    (tokens, cached, 50)
    for tokens in (
        1000,
        *(k * 1000 + more for k in (32, 100, 128, 200, 256, 272) for more in (0, 1)),
    )
    for cached in (0, tokens // 3, tokens)
]


def listed(*modes):
    """The models in litellm's list that our own client asks, each with its card."""
    for name, card in prices._list().items():
        provider = card.get("litellm_provider")
        if provider in PROVIDERS and card.get("mode") in modes:
            yield (name if name.startswith(f"{provider}/") else f"{provider}/{name}"), card


@pytest.fixture(scope="module")
def litellm():
    os.environ.setdefault("LITELLM_LOCAL_MODEL_COST_MAP", "True")
    import litellm

    return litellm


def by_litellm(litellm, model, tokens_in, cached, tokens_out):
    """What litellm would charge; None when it does not know the model."""
    usage = litellm.Usage(
        prompt_tokens=tokens_in,
        completion_tokens=tokens_out,
        total_tokens=tokens_in + tokens_out,
        prompt_tokens_details={"cached_tokens": cached},
    )
    try:
        return sum(litellm.cost_per_token(model=model, usage_object=usage))
    except Exception:
        return None


# -- litellm itself ------------------------------------------------------------------------


@pytest.mark.slow
def test_prices_are_those_of_litellm(litellm):
    compared, wrong = 0, {}
    for model, _ in listed("chat", "responses", "completion", "embedding"):
        found = price(model)
        if found is None:
            continue
        if model.startswith("perplexity/") and found.longer:
            continue  # litellm's sum for it leaves the list's tiers out
        for tokens_in, cached, tokens_out in SIZES:
            wanted = by_litellm(litellm, model, tokens_in, cached, tokens_out)
            answer = Completion(
                "", tokens_in=tokens_in, tokens_cached=cached, tokens_out=tokens_out
            )
            if wanted is not None:
                compared += 1
                if found.of(answer) != pytest.approx(wanted, rel=1e-9, abs=1e-15):
                    wrong[model] = (tokens_in, cached, found.of(answer), wanted)

    assert wrong == {}
    assert compared > 20_000


@pytest.mark.slow
def test_a_price_is_unknown_only_where_there_is_none_by_the_token(litellm):
    unknown = {model: card for model, card in listed("chat", "completion", "embedding")
               if price(model) is None and by_litellm(litellm, model, 1000, 0, 50)}  # fmt: skip

    assert all("search" in model or "perplexity/" in model for model in unknown), unknown
    assert len(unknown) < 25


@pytest.mark.slow
def test_what_a_model_can_do_is_what_litellm_says(litellm):
    asked = {
        "tools": ("supports_function_calling", litellm.supports_function_calling),
        "reasoning": ("supports_reasoning", litellm.supports_reasoning),
        "json_schema": ("supports_response_schema", litellm.supports_response_schema),
    }
    wrong = []
    for model, card in listed("chat", "responses"):
        for feature, (name, can) in asked.items():
            # Of some providers litellm believes that every model there can do all; we do not.
            if name in card and (feature in features(model)) != bool(card[name]):
                wrong.append((model, feature))
            if feature in features(model) and not card.get(name) and not can(model):
                wrong.append((model, feature, "litellm denies it"))

    assert wrong == []


# -- the price of an answer ----------------------------------------------------------------


def test_a_price_is_by_tokens_in_out_and_cached_and_another_one_for_long_prompts():
    found = Price(2.0, 3.0, cached=0.5, longer=((1000, Price(20.0, 30.0, 5.0)),))

    def of(**tokens):
        return found.of(Completion("", **tokens))

    assert of(tokens_in=10, tokens_out=1) == 10 * 2.0 + 3.0
    assert of(tokens_in=10, tokens_out=1, tokens_cached=4) == 6 * 2.0 + 4 * 0.5 + 3.0
    assert of(tokens_in=1000) == 2000.0
    assert of(tokens_in=1001, tokens_cached=1) == 1000 * 20.0 + 5.0
    assert Price(2.0, 3.0).of(Completion("", tokens_in=2, tokens_cached=9)) == 4.0


def test_quiet_hours_cost_what_they_cost():
    workdays = frozenset(range(1, 6))
    found = Price(2.0, 0.0, quiet=Price(1.0, 0.0),
                  hours=(Hours(600, 0, workdays), Hours(0, 0, frozenset({6, 7}))))  # fmt: skip
    one = Completion("", tokens_in=1)

    assert time.gmtime(MONDAY).tm_wday == 0
    assert found.of(one, MONDAY + 9 * HOUR) == 2.0
    assert found.of(one, MONDAY + 10 * HOUR) == 1.0
    assert found.of(one, MONDAY + 23.9 * HOUR) == 1.0
    assert found.of(one, SUNDAY + 9 * HOUR) == 1.0
    assert price("deepseek/deepseek-flash").quiet.tokens_in < 3e-7


@pytest.mark.parametrize(
    "model",
    [
        "openai/made-up",
        "openai/container",  # by the session
        "perplexity/sonar",  # by the request too
        "perplexity/sonar-deep-research",
        "perplexity/pplx-7b-online",
        "openai/gpt-4o-search-preview",  # looks things up, which costs by the query
        "fireworks_ai/accounts/fireworks/routers/auto",  # a different model each time
    ],
)
def test_a_price_that_is_not_by_the_token_alone_is_not_known(model):
    assert price(model) is None


def test_a_vector_costs_what_its_text_does():
    assert price("mistral/mistral-embed") == Price(1e-7, 0.0)


def test_what_a_provider_says_that_a_call_cost_is_believed():
    def dollars(cost):
        return counted({"prompt_tokens": 1, "cost": cost}, None, lambda: "").dollars

    assert dollars(0.25) == 0.25
    assert dollars({"input_tokens_cost": 0.1, "request_cost": 0.2, "total_cost": 0.3}) == 0.3
    assert [dollars(cost) for cost in (None, "free", {}, True, -1)] == [None] * 5


# -- what else is in the list --------------------------------------------------------------


def test_a_prompt_that_is_too_long_is_told_how_long_it_may_be():
    said = b'{"error": {"message": "too long", "code": "context_length_exceeded"}}'

    def error(model):
        return from_status(400, {}, said, model=model, params={}, secrets=[])

    known, unknown = error("openai/gpt-4o-mini"), error("openai/made-up")
    assert isinstance(known, ContextTooLong)
    assert "the prompt is too long: the model reads at most 128,000 tokens." in str(known)
    assert "the prompt is too long." in str(unknown)
    assert (context_window("openai/gpt-4o-mini"), context_window("x")) == (128_000, None)


def test_without_litellm_nothing_is_known_and_all_else_works(tmp_path):
    """In a process that has all packages but that one."""
    here = Path(prices.__file__).parents[2]
    for place in map(Path, sys.path):
        if place.name == "site-packages":
            for package in place.iterdir():
                if not package.name.startswith(("litellm", "_")) and package.suffix != ".pth":
                    (tmp_path / package.name).symlink_to(package)
    code = (
        "from dspnb import LM, Embedder\n"
        "lm = LM('openai/gpt-4o-mini', api_key='k')\n"
        "assert lm.price is None and lm.supports, (lm.price, lm.supports)\n"
        "assert Embedder('openai/text-embedding-3-small', api_key='k').price is None\n"
        "print(LM('offline')('Hello').model)"
    )
    done = subprocess.run(
        [sys.executable, "-S", "-c", code],
        env={**os.environ, "PYTHONPATH": f"{here}{os.pathsep}{tmp_path}"},
        capture_output=True,
        text=True,
    )

    assert (done.stdout.strip(), done.returncode) == ("offline", 0), done.stderr
