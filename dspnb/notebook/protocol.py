"""What crosses to the page, and the TypeScript types of it, so that the two cannot disagree."""

from __future__ import annotations

import dataclasses
import types
import typing
from dataclasses import dataclass
from typing import Literal

from dspnb.events import Body, Split
from dspnb.lm.base import BlockKind, Role

RUN_MIME = "application/vnd.dspnb.run+json"
CALLS_MIME = "application/vnd.dspnb.calls+json"


@dataclass(frozen=True)
class Progress:
    """The numbers that change many times a second, apart from the events, which change rarely."""

    events: int  # that the page was sent by now; fewer there means that some were lost
    seconds: float  # since the run started
    calls: int  # answered by the model, not by the cache
    cached: int  # answered by the cache
    tokens_in: int
    tokens_out: int
    dollars: float  # of the calls whose price is known
    unpriced: int  # calls whose price is not known
    candidate: int | None  # being scored now; null while many are, each on a few examples
    split: Split
    done: int  # of `total` examples for that candidate, or without one, of all runs of the program
    total: int
    mean: float | None  # over those that are done
    remaining: float | None  # seconds, estimated; null while nothing is known


@dataclass(frozen=True)
class TextView:
    """A named value as a short text; a notebook's file does not keep the order of a dict."""

    name: str
    text: str


@dataclass(frozen=True)
class MadeView:
    """What a program made of an example, as short texts."""

    outputs: list[TextView]  # empty after an error
    score: float
    feedback: str
    error: str


@dataclass(frozen=True)
class ChangedView:
    """A held-out example that has another score than before."""

    index: int  # as in `run.comparison.rows(index)`
    inputs: list[TextView]
    expected: list[TextView]
    before: MadeView
    after: MadeView


@dataclass(frozen=True)
class RunSnapshot:
    """A run at one moment: all that its dashboard draws, bounded in size."""

    version: Literal[2]  # 1 lacks what a run estimates and spends, and most of its comparison
    run: str  # the run's id: lower-case letters, digits and hyphens
    title: str
    progress: Progress
    changed: list[ChangedView]  # those that got worse, then those that got better; some of each


@dataclass(frozen=True)
class Command:
    """A click on its way to the run."""

    kind: Literal["stop", "pause", "resume", "resync"]


@dataclass(frozen=True)
class FieldView:
    """One value of a call, as text."""

    name: str
    type: str
    text: int  # index into `texts`


@dataclass(frozen=True)
class BlockView:
    """A part of a message by origin."""

    kind: BlockKind
    text: int  # index into `texts`
    tokens: int  # estimated
    attached: str  # what goes along, in words: "image: image/png, 34 kB"; empty when nothing does
    picture: str  # a data URI of a png, jpeg, gif or webp; empty when there is none to show


@dataclass(frozen=True)
class ToolCallView:
    """A call of a tool that a model asks for."""

    name: str
    args: int  # JSON: index into `texts`


@dataclass(frozen=True)
class MessageView:
    """One message of the prompt as the model saw it."""

    role: Role
    blocks: list[BlockView]
    tool_calls: list[ToolCallView]


@dataclass(frozen=True)
class AttemptView:
    """An answer that could not be used, and why."""

    text: int  # index into `texts`
    error: str
    adapter: str  # in whose layout it was asked


@dataclass(frozen=True)
class CheckView:
    """A constraint of the program that was not met at first."""

    kind: Literal["require", "suggest"]
    message: str
    held: bool  # whether it was met in the end
    tries: int  # how often the predictor was asked again


@dataclass(frozen=True)
class CallView:
    """One model call of a program."""

    id: int
    path: str  # which predictor, e.g. "hops.0.query"
    signature: str
    model: str
    inputs: list[FieldView]
    outputs: list[FieldView]
    sent: bool  # false for a preview
    params: int | None  # of a preview, as JSON: index into `texts`
    messages: list[MessageView]
    reasoning: int | None  # what the provider shows of the model's thinking: index into `texts`
    answer: int | None  # the raw answer: index into `texts`; null when there was none
    tool_calls: list[ToolCallView]  # that the answer asks for
    attempts: list[AttemptView]
    rejected: str  # why the program did not use this answer; empty when it did
    error: str
    demos: int
    seconds: float
    tokens_in: int
    tokens_out: int
    dollars: float | None  # null when the price is not known
    cached: bool


@dataclass(frozen=True)
class GroupView:
    """The calls that one run of the program made: one example, or one prediction."""

    title: str
    score: float | None
    feedback: str
    error: str
    checks: list[CheckView]
    calls: list[CallView]


@dataclass(frozen=True)
class CallsSnapshot:
    """What the inspector draws. Texts stand once in `texts`, however many prompts share them."""

    version: Literal[1]
    title: str
    texts: list[str]
    groups: list[GroupView]
    omitted: int  # groups left out to bound the size


SCALARS = {str: "string", int: "number", float: "number", bool: "boolean", type(None): "null"}


def typescript() -> str:
    """The text of `js/src/protocol.ts`. A test compares the two; `make protocol` writes it."""
    bodies = typing.get_args(Body)
    union = " | ".join(body.__name__ for body in bodies)
    return "\n".join(
        [
            "// Written by dspnb/notebook/protocol.py. Do not edit; run `make protocol`.\n",
            f'export const RUN_MIME = "{RUN_MIME}";',
            f'export const CALLS_MIME = "{CALLS_MIME}";\n',
            *map(_interface, bodies),
            f"export type Event = {{ seq: number; time: number }} & ({union});\n",
            _interface(Progress),
            *map(_interface, [TextView, MadeView, ChangedView]),
            _interface(RunSnapshot, "  events: Event[];"),
            _interface(Command),
            *map(_interface, [FieldView, BlockView, ToolCallView, MessageView, AttemptView]),
            *map(_interface, [CheckView, CallView, GroupView, CallsSnapshot]),
        ]
    )


def _interface(body: type, *more: str) -> str:
    hints = typing.get_type_hints(body)
    lines = [f"  {field.name}: {_type(hints[field.name])};" for field in dataclasses.fields(body)]
    return "\n".join([f"export interface {body.__name__} {{", *lines, *more, "}\n"])


def _type(hint: typing.Any) -> str:
    if hint in SCALARS:
        return SCALARS[hint]
    if dataclasses.is_dataclass(hint):
        return typing.cast(type, hint).__name__
    match typing.get_origin(hint), typing.get_args(hint):
        case typing.Literal, values:
            return " | ".join(str(v) if isinstance(v, int) else f'"{v}"' for v in values)
        case types.UnionType, options:
            return " | ".join(map(_type, options))
        case origin, (_, value) if origin is dict:
            return f"Record<string, {_type(value)}>"
        case origin, (value,) if origin is list:
            return f"{_type(value)}[]"
    raise TypeError(f"{hint} has no TypeScript twin; use str, int, float, bool, Literal or dict.")


if __name__ == "__main__":
    print(typescript(), end="")  # noqa: T201  `make protocol` writes this to js/src/protocol.ts
