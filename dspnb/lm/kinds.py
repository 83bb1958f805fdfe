"""Which of our errors a provider's fault is, by its status and its words."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from dspnb.errors import (
    BadRequest,
    ContextTooLong,
    LMError,
    QuotaSpent,
    RateLimited,
    Refused,
    ServerFailed,
    TimedOut,
    UnknownModel,
    Unreachable,
    Unsupported,
    WrongKey,
)

from .fault import Fault


def kind_of(fault: Fault, params: Mapping[str, Any]) -> type[LMError]:
    """The class: by the statuses that have one meaning, then the words, then the other statuses.

    `params` are those of the request: only of them can words say that they are not supported.

    >>> kind_of(Fault(400, "This model's maximum context length is 8192 tokens."), {}).__name__
    'ContextTooLong'
    """
    status, text = fault.status, _searched(fault)
    if 300 <= status < 400 or (fault.page and status not in _SAYS_ENOUGH):
        return ServerFailed
    if status == 401:
        return WrongKey
    if status == 402 or (status < 500 and _SPENT.search(text)):
        return QuotaSpent
    if status == 413 or _TOO_LONG.search(text) or _is_long_message(fault):
        return ContextTooLong
    if status == 429:  # a limit per minute may speak of billing too, but then it says when
        return QuotaSpent if fault.wait is None and _MONEY.search(text) else RateLimited
    if status in (408, 504, 524):
        return TimedOut
    if status < 500 and _FORBIDDEN.search(text):
        return Refused
    if NO_CALL in fault.codes:
        return ServerFailed
    if _unsupported(fault, params):
        return Unsupported
    if status >= 500:
        return ServerFailed
    if _KEY.search(text):
        return WrongKey
    if _NO_MODEL.search(text) or has_no_place(fault):
        return UnknownModel
    return {0: ServerFailed, 403: WrongKey, 407: Unreachable}.get(status, BadRequest)


def has_no_place(fault: Fault) -> bool:
    """Whether it is the address that is wrong, and not the model."""
    text = _searched(fault)
    return bool(_NO_PLACE.search(text)) or (fault.status == 404 and not _NO_MODEL.search(text))


def named(fault: Fault, params: Mapping[str, Any]) -> list[str]:
    """The parameters of the request that the provider names, or else speaks of."""
    root = re.split(r"[.\[]", fault.param)[0]
    found = [name for name in params if name == root or _mentions(fault.said, name)]
    return found or [
        name for name, words in _REFUSALS.items() if name in params and words.search(fault.said)
    ]


NO_CALL = "tool_use_failed"  # Groq's name for a tool's call that cannot be read
_SAYS_ENOUGH = {401, 404, 408, 413, 429, 504, 524}  # statuses of which a page says the same

_SPENT = re.compile(
    r"insufficient[_ ](?:quota|balance|credit|funds)|billing_(?:not_active|hard_limit)"
    r"|credit balance is too low|(?:used all available|out of|requires more|no) credits"
    r"|key limit exceeded|spending limit",
    re.IGNORECASE,
)
_MONEY = re.compile(r"exceeded your current quota|billing|\bcredits?\b|balance", re.IGNORECASE)
_TOO_LONG = re.compile(
    r"context_length_exceeded|exceed_context_size|context_exceeded"
    r"|\b(?:exceeds?|maximum|longer|larger|over|max)\b.{0,40}\bcontext"
    r"|\bcontext\b.{0,40}(?:exceed|overflow|too (?:long|large|small)|\bonly\b)"
    r"|prompt (?:is |was )?too (?:long|large)|too large prompt|input (?:is )?too (?:long|large)"
    r"|request too large|reduce the length|too many (?:input )?tokens"
    r"|longer than the maximum|exceeds the (?:maximum|limit).{0,20}tokens"
    r"|token count.{0,30}exceeds|tokens exceed|`inputs` tokens|current length is \d+ while limit",
    re.IGNORECASE,
)
_FORBIDDEN = re.compile(
    r"content[_ ]?(?:filter|policy|management)|responsibleai|\bsafety\b|moderation|\bflagged\b"
    r"|usage polic|violat\w*.{0,40}(?:polic|guideline|terms)|prohibited[_ ]content|cyber_policy"
    r"|data_inspection_failed|content exists risk",
    re.IGNORECASE,
)
_KEY = re.compile(
    r"missing .*(?:credentials|api.?key)|(?:incorrect|invalid|no|wrong)[ _]api[ _-]?key"
    r"|api[ _-]?key not valid|api_key client option must be set|authentication_error"
    r"|unable to locate credentials|credentials were not found",
    re.IGNORECASE,
)
_NO_MODEL = re.compile(
    r"model_not_(?:found|available|supported)|model_decommissioned|deploymentnotfound|invalid_model"
    r"|\bmodel\b.{0,120}(?:not (?:found|exist)|n't exist|unknown|not available|decommissioned"
    r"|have access)"
    r"|(?:no such|unknown|invalid|not a valid|unable to access) (?:model|deployment)"
    r"|no endpoints found|no models? loaded|try pulling",
    re.IGNORECASE,
)
_NO_PLACE = re.compile(r"unexpected endpoint|invalid url|unknown request url", re.IGNORECASE)

# What the provider's words are about when it refuses one of these parameters.
_REFUSALS = {
    "response_format": re.compile(r"response.?format|json|schema|structured", re.IGNORECASE),
    "tools": re.compile(r"\btools?\b|\bfunctions?\b", re.IGNORECASE),
    "reasoning_effort": re.compile(r"reason|thinking", re.IGNORECASE),
}
_REFUSES = re.compile(
    r"unsupported|not support|n't support|support tool use|unrecognized|unknown|unexpected"
    r"|not permitted|not allowed|unavailable|not available|not implemented|requires"
    r"|must be at most 1\b|extra_forbidden",
    re.IGNORECASE,
)


def _unsupported(fault: Fault, params: Mapping[str, Any]) -> bool:
    if fault.param.startswith(_PROMPT):
        return False
    if fault.status in (400, 422) and any(
        name in params and words.search(fault.said) for name, words in _REFUSALS.items()
    ):
        return True
    return bool(_REFUSES.search(_searched(fault)) and named(fault, params))


def _mentions(said: str, name: str) -> bool:
    """Whether a text has the name of a parameter: a short one, which may be a word, in quotes."""
    before, after = (r"\b", r"\b") if len(name) > 4 else (r"['\"`.]", r"(?:['\"`]|: )")
    return bool(re.search(before + re.escape(name) + after, said))


def _is_long_message(fault: Fault) -> bool:
    return "string_above_max_length" in fault.codes and fault.param.startswith(_PROMPT)


def _searched(fault: Fault) -> str:
    """Codes and words without addresses: many end with a link to the page about billing."""
    return " ".join([*sorted(fault.codes), re.sub(r"https?://\S+", "", fault.said[:_ENOUGH])])


_PROMPT = ("messages", "input")  # what a provider calls the prompt
_ENOUGH = 4000  # characters: some providers repeat the whole request
