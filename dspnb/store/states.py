"""A program's state as JSON, for a candidate in a store."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from dspnb.errors import UsageError
from dspnb.example import Example
from dspnb.module import Setting, State

from .words import in_words, told_json


def state_json(state: State) -> str:
    """A state; what cannot be told in JSON becomes text."""
    try:
        return json.dumps(_told(state, told_json))
    except RecursionError:  # a value that is nested deeper than JSON is written
        return json.dumps(_told(state, in_words))


def _told(state: State, tell: Callable[[Any], Any]) -> dict[str, Any]:
    return {
        path: {
            "instructions": setting.instructions,
            "demos": [{name: tell(v) for name, v in demo.items()} for demo in setting.demos],
        }
        for path, setting in state.items()
    }


def read_state(text: str) -> State:
    """The state that `state_json` wrote, with values as JSON has them. Raises `ValueError`.

    >>> read_state(state_json({"self": Setting("Be brief.", (Example(a=1),))}))
    {'self': Setting(instructions='Be brief.', demos=(Example(a=1),))}
    """
    try:
        return {
            path: Setting(told["instructions"], tuple(Example(**demo) for demo in told["demos"]))
            for path, told in json.loads(text).items()
        }
    except (TypeError, LookupError, AttributeError, RecursionError, UsageError) as error:
        raise ValueError("this is no state") from error
