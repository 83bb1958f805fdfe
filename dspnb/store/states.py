"""A program's state as JSON, for a candidate in a store."""

from __future__ import annotations

import json

from dspnb.errors import UsageError
from dspnb.example import Example
from dspnb.jsonable import to_json
from dspnb.module import Setting, State


def state_json(state: State) -> str:
    """A state; what cannot be told in JSON becomes text."""
    told = {
        path: {
            "instructions": setting.instructions,
            "demos": [{name: to_json(v) for name, v in demo.items()} for demo in setting.demos],
        }
        for path, setting in state.items()
    }
    return json.dumps(told)


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
