"""Settings of a model by the names that other libraries have for them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from dspnb.errors import UsageError

# Theirs -> ours. None of them is a parameter of a provider, which would be sent it otherwise.
_OURS: Mapping[str, str] = {
    "base_url": "`api_base`",
    "caching": "`cache`",
    "max_retries": "`retries`",
    "model_type": '`kind` ("chat", "responses" or "text")',
    "num_retries": "`retries`",
    "request_timeout": "`timeout`",
    "rollout_id": "`rollout`, in the call: `lm(..., rollout=1)`",
}
_NOT_HERE = frozenset(
    {"async_engine", "callbacks", "engine", "finetuning_model", "launch_kwargs", "prompt_cache",
     "train_kwargs", "use_developer_role"}
)  # fmt: skip


def check_names(given: Iterable[str]) -> None:
    """Raise `UsageError` for a setting that has another name here, or that there is none of.

    >>> check_names(["temperature", "seed"])
    """
    for name in given:
        if name in _OURS:
            raise UsageError(f"A model here has no `{name}`; it is called {_OURS[name]}.")
        if name in _NOT_HERE:
            raise UsageError(f"A model here has no `{name}`, nor anything like it; leave it out.")
