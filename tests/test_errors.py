"""The tree of errors, and what each error means for the next call."""

import inspect
import re

import pytest

from dspnb import errors
from dspnb.errors import (
    BadRequest,
    ConnectionLost,
    ContextTooLong,
    DspnbError,
    LMError,
    NotRecorded,
    QuotaSpent,
    RateLimited,
    Refused,
    ServerFailed,
    TimedOut,
    TransportError,
    UnknownModel,
    Unreachable,
    Unsupported,
    WrongKey,
)

FATAL = {WrongKey, QuotaSpent, Unreachable, UnknownModel, NotRecorded}
RETRYABLE = {RateLimited, TimedOut, ServerFailed, ConnectionLost}
OF_ONE_REQUEST = {ContextTooLong, Refused, Unsupported, BadRequest, TransportError}


def classes():
    return [
        kind
        for kind in vars(errors).values()
        if inspect.isclass(kind) and issubclass(kind, DspnbError)
    ]


def drawn():
    """Name -> the name it hangs under, as the top of the file draws them."""
    parents, path = {}, []
    for line in errors.__doc__.splitlines():
        if found := re.match(r"([│ ]*)(?:[├└]── )?(\w+)", line):
            depth = len(found[1]) // 4 + ("── " in line)
            if depth or found[2] == "DspnbError":
                path[depth:] = [found[2]]
                parents[found[2]] = path[depth - 1] if depth else "Exception"
    return parents


def test_the_tree_that_is_drawn_is_the_tree():
    assert drawn() == {kind.__name__: kind.__base__.__name__ for kind in classes()}


def test_an_error_of_a_model_ends_all_may_pass_or_concerns_one_request():
    kinds = {kind for kind in classes() if issubclass(kind, LMError)} - {LMError}

    assert kinds == FATAL | RETRYABLE | OF_ONE_REQUEST
    assert {kind for kind in kinds if kind.fatal} == FATAL
    assert {kind for kind in kinds if kind.retryable} == RETRYABLE


@pytest.mark.parametrize("kind", sorted(FATAL | RETRYABLE | OF_ONE_REQUEST, key=repr))
def test_an_error_of_a_model_names_it(kind):
    error = kind("it did not work", model="openai/x", retry_after=3.0)

    assert str(error) == "openai/x: it did not work"
    assert (error.model, error.retry_after) == ("openai/x", 3.0)
