"""The names users type are a promise."""

import inspect
import re

import dspnb

PROMISED = {
    "LM", "configure", "use", "Signature", "Field", "InputField", "OutputField", "Module",
    "Predict", "ChainOfThought", "Example", "Prediction", "Score", "Completion", "examples",
    "split", "evaluate", "Report", "compile", "Run", "Budget", "preview", "diff", "data", "metrics",
    "LabeledFewShot", "BootstrapFewShot", "BootstrapFewShotWithRandomSearch", "GEPA",
    "BestOfN", "Refine", "MultiChainComparison", "Parallel", "majority", "KNN", "NearestDemos",
    "Ensemble", "Recorded", "Replayed", "Embedder", "Cache", "ledger", "Ledger", "LMError",
    "errors", "watch",
}  # fmt: skip


def test_the_promised_names_are_there():
    assert set(dspnb.__all__) >= PROMISED
    assert callable(dspnb.data.tickets)
    assert callable(dspnb.metrics.exact)


def test_all_names_are_there_once_and_explained():
    assert len(set(dspnb.__all__)) == len(dspnb.__all__)
    unexplained = [name for name in dspnb.__all__ if not inspect.getdoc(getattr(dspnb, name))]
    assert unexplained == []


def test_every_public_class_explains_its_public_methods():
    unexplained = [
        f"{name}.{attribute}"
        for name in dspnb.__all__
        if inspect.isclass(kind := getattr(dspnb, name)) and kind.__module__.startswith("dspnb")
        for attribute, value in vars(kind).items()
        if not attribute.startswith("_")
        and (inspect.isfunction(value) or isinstance(value, property))
        # explained by the protocol
        and attribute not in ("search", "program_calls", "proposer_calls")
        and not inspect.getdoc(getattr(kind, attribute))
    ]

    assert unexplained == []


def test_what_a_model_may_fail_with_is_caught_by_its_own_name_or_as_one():
    kinds = [
        kind for kind in vars(dspnb.errors).values()
        if inspect.isclass(kind) and issubclass(kind, dspnb.LMError)
    ]  # fmt: skip

    named = re.findall(r"[├└]── (\w+)", dspnb.errors.__doc__.partition("├── ParseError")[0])
    assert {kind.__name__ for kind in kinds} == {*named} - {"UsageError", "MetricError"}
    assert {"RateLimited", "WrongKey", "Unreachable", "NotRecorded"} <= {*named}


def test_parameters_are_those_that_are_promised():
    def names(function):
        return list(inspect.signature(function).parameters)

    assert names(dspnb.compile)[:8] == [
        "program", "optimizer", "metric", "train", "val", "test", "budget", "teacher",
    ]  # fmt: skip
    assert names(dspnb.compile)[8:12] == ["proposer", "seed", "concurrency", "wait"]
    assert names(dspnb.evaluate)[:4] == ["program", "data", "metric", "concurrency"]
    assert names(dspnb.LM) == [
        "model", "api_base", "api_key", "cache", "supports", "kind", "retries", "timeout",
        "concurrency", "requests_per_minute", "tokens_per_minute", "price", "params",
    ]  # fmt: skip
    assert names(dspnb.Budget) == ["calls", "tokens", "dollars", "seconds", "score"]


def test_a_run_and_a_report_have_what_is_promised():
    for name in ("best", "status", "wait", "stop", "pause", "resume", "events", "report", "plot"):
        assert hasattr(dspnb.Run, name) or name == "status"
    for name in ("mean", "interval", "errors", "cost", "frame", "plot"):
        assert hasattr(dspnb.Report, name)
