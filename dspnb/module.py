"""Programs: plain Python objects whose predictors can be found, named and given another state."""

from __future__ import annotations

import asyncio
import copy
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from . import saving
from .context import History, current, use
from .errors import DspnbError, UsageError, listed
from .example import Example, Prediction
from .trace import Call

if TYPE_CHECKING:
    from .predict import Predict


@dataclass(frozen=True)
class Setting:
    """All that a prompt optimizer may change about one predictor."""

    instructions: str = ""
    demos: tuple[Example, ...] = ()


@dataclass(frozen=True, eq=False)
class Made:
    """The arguments that a program was made with; its copies share them."""

    args: tuple[Any, ...] = ()
    kwargs: Mapping[str, Any] = field(default_factory=dict)


State = Mapping[str, Setting]  # predictor path -> its setting


class Module:
    """Subclass, make predictors in `__init__`, and combine them in `forward`.

    A predictor's path is the attribute that holds it: `answer`, `hops.0.query`.
    """

    def __new__(cls, *args: Any, **kwargs: Any) -> Self:
        """Note the arguments: a program can be made again when its class is written anew."""
        if (args or kwargs) and cls.__init__ is object.__init__:
            raise TypeError(f"{cls.__name__}() takes no arguments")  # as Python says it itself
        module = super().__new__(cls)
        vars(module)["_made_with"] = Made(args, kwargs)
        return module

    def forward(self, **inputs: Any) -> Any:
        """What the program does: inputs in, a `Prediction` or a dict of outputs back."""
        raise UsageError(f"`{type(self).__name__}` has no `forward`; define what it does.")

    def __call__(self, *unnamed: Any, **inputs: Any) -> Prediction:
        """Run the program. The prediction carries the trace of its model calls."""
        if unnamed:
            raise UsageError(
                "A program takes its inputs by name, as in `program(question=...)`; "
                f"got {unnamed[0]!r} without one."
            )
        here = current()
        if here.trace is not None:
            return _as_prediction(self.forward(**inputs), self)
        trace: list[Call] = []
        paths = {id(predictor): path for path, predictor in self.predictors()}
        try:
            with use(trace=trace, paths=paths):
                prediction = _as_prediction(self.forward(**inputs), self)
        except DspnbError as error:
            error.trace = tuple(trace)
            self._remember(here.history, Prediction().with_trace(tuple(trace)))
            raise
        prediction = prediction.with_trace(tuple(trace))
        self._remember(here.history, prediction)
        return prediction

    async def acall(self, **inputs: Any) -> Prediction:
        """The same call for `await`, without blocking the event loop."""
        return await asyncio.to_thread(self, **inputs)

    def predictors(self) -> Iterator[tuple[str, Predict]]:
        """Every `(path, predictor)` of this program, in attribute order, each object once."""
        seen: set[int] = set()
        for path, part in self.parts():
            if part.is_predictor and id(part) not in seen:
                seen.add(id(part))
                yield path or "self", part  # type: ignore[misc]

    def parts(self, path: str = "") -> Iterator[tuple[str, Module]]:
        """This module and every module below it, as `(path, module)`."""
        yield path, self
        for name, value in vars(self).items():
            yield from below(f"{path}.{name}" if path else name, value)

    is_predictor = False

    @property
    def state(self) -> State:
        """Instructions and demos of each predictor, by path."""
        return {
            path: Setting(predictor.signature.instructions, predictor.demos)
            for path, predictor in self.predictors()
        }

    def with_state(self, state: State) -> Self:
        """A copy of this program under another state; this one is left alone.

        Predictors that `state` does not name keep what they have. Raises `UsageError` for a path
        that the program does not have.
        """
        program: Self = _copied(self, {})
        predictors = dict(program.predictors())
        if unknown := [path for path in state if path not in predictors]:
            raise UsageError(
                f"The program has no predictor {listed(unknown)}; it has {listed(predictors)}."
            )
        for path, setting in state.items():
            predictors[path].apply(setting)
        return program

    def save(self, file: str | Path) -> Path:
        """Write the state as JSON; DSPy's layout with names and types added."""
        return saving.write(file, {path: (p.signature, p.demos) for path, p in self.predictors()})

    def load(self, file: str | Path) -> Self:
        """Read a saved state into this program, in place, and return it. Runs no code.

        Raises `UsageError` that names what is wrong with the file or does not fit the program.
        """
        settings = saving.read(file, {path: p.signature for path, p in self.predictors()})
        for path, predictor in self.predictors():
            predictor.apply(Setting(*settings[path]))
        return self

    def _remember(self, history: History | None, prediction: Prediction) -> None:
        if history is not None:
            history.remember(self, prediction)

    def __repr__(self) -> str:
        inside = ", ".join(f"{path}: {p.signature}" for path, p in self.predictors())
        return f"{type(self).__name__}({inside})"


def _as_prediction(result: Any, program: Module) -> Prediction:
    if isinstance(result, Prediction):
        return result
    if isinstance(result, Mapping):
        return Prediction(**result)
    raise UsageError(
        f"`{type(program).__name__}.forward` must return a `Prediction`, as in "
        f"`return Prediction(answer=answer)`; it returned {result!r}."
    )


def below(path: str, value: Any) -> Iterator[tuple[str, Module]]:
    """Every module in a value: itself, or the items of a list, tuple or dict."""
    match value:
        case Module():
            yield from value.parts(path)
        case list() | tuple():
            for i, item in enumerate(value):
                yield from below(f"{path}.{i}", item)
        case dict():
            for key, item in value.items():
                yield from below(f"{path}.{key}", item)


def _copied(value: Any, memo: dict[int, Any]) -> Any:
    """A copy of the modules in `value` and of what holds them; everything else is shared."""
    if id(value) in memo:
        return memo[id(value)]
    if isinstance(value, Module):
        twin = memo[id(value)] = copy.copy(value)
        for name, part in vars(value).items():
            vars(twin)[name] = _copied(part, memo)
        return twin
    match value:
        case tuple():
            items = (_copied(item, memo) for item in value)
            return type(value)(*items) if hasattr(value, "_fields") else type(value)(items)
        case list() | dict():
            holder: Any = copy.copy(value)
            for key in value if isinstance(value, dict) else range(len(value)):
                holder[key] = _copied(value[key], memo)
            return holder
    return value
