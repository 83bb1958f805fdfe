"""A predictor's own model and parameters in a file: never a key, an address or a header."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast, get_args

from dspnb.errors import UsageError, listed
from dspnb.lm import LM, LanguageModel
from dspnb.lm.client import RETRIES, TIMEOUT
from dspnb.lm.endpoints import Kind
from dspnb.lm.private import is_private

CLASS = "dspy.clients.lm.LM"
# What DSPy's entry holds beside the parameters of a call.
BESIDE = {
    "_dspy_lm_class", "model", "model_type", "cache", "num_retries", "finetuning_model",
    "launch_kwargs", "train_kwargs", "engine", "async_engine", "use_developer_role", "prompt_cache",
}  # fmt: skip
# What an `LM` has of its own: DSPy has other names for it, or would send it to the provider.
OWN = {
    "kind", "retries", "supports", "price", "concurrency", "requests_per_minute",
    "tokens_per_minute",
}  # fmt: skip


def model_entry(lm: object) -> dict[str, Any] | None:
    """DSPy's entry for a model, with scalar parameters.

    None for a model that a name and such parameters do not describe: of another class, or at an
    address of its own. Limits and prices are those of an account, and not written.
    """
    if not isinstance(lm, LM) or lm.api_base is not None:
        return None
    return {
        "_dspy_lm_class": CLASS,
        "model": lm.model,
        "model_type": lm.kind,
        "cache": lm.cache,
        "num_retries": lm.retries,
        **{name: v for name, v in harmless(lm.params).items() if not isinstance(v, list | dict)},
        **({} if lm.timeout == TIMEOUT else {"timeout": lm.timeout}),
        "finetuning_model": None,
        "launch_kwargs": {},
        "train_kwargs": {},
    }


def model_from(entry: Any) -> LanguageModel:
    """The model of an entry. Raises `ValueError` with a sentence about why it is not made."""
    match entry:
        case {"_dspy_lm_class": str(name)} if name != CLASS:
            raise ValueError(f"is a `{name}`, a class that is not made from a file")
        case {"model_type": str(kind)} if kind not in get_args(Kind):
            raise ValueError(f"is of the type {kind!r}; known are {listed(get_args(Kind))}")
        case {"model": str(model)}:
            pass
        case _:
            raise ValueError("has no name")
    given = {name: v for name, v in entry.items() if name not in BESIDE and v is not None}
    plain = {name: v for name, v in harmless(given).items() if not isinstance(v, list | dict)}
    safe = {name: v for name, v in plain.items() if name not in OWN}
    if refused := sorted(given.keys() - safe):
        raise ValueError(f"`{model}` needs {listed(refused)}, which is not taken from a file")
    try:
        lm = LM(
            model,
            cache=entry.get("cache") is not False,
            kind=entry.get("model_type") or "chat",
            retries=entry.get("num_retries", RETRIES),
            **safe,
        )
    except UsageError as error:
        raise ValueError(f"`{model}` is not known here: {error}") from None
    return cast(LanguageModel, lm)  # mypy takes the many forms of an `LM`'s call for another call


def harmless(params: Mapping[str, Any]) -> dict[str, Any]:
    """The parameters that JSON can hold and that neither hold a secret nor lead elsewhere.

    >>> harmless({"temperature": 0, "max_tokens": 9, "api_key": "k", "site": "https://evil.org"})
    {'temperature': 0, 'max_tokens': 9}
    """
    return {name: value for name, value in params.items() if _is_harmless(name, value)}


def _is_harmless(name: str, value: Any) -> bool:
    if is_private(name):
        return False
    match value:
        case str():
            return "://" not in value
        case list():
            return all(_is_harmless("", item) for item in value)
        case dict():
            return all(isinstance(key, str) and _is_harmless(key, v) for key, v in value.items())
    return value is None or isinstance(value, bool | int | float)
