"""Programs: plain Python objects whose predictors can be found, named and given another state."""

from __future__ import annotations

import copy
import functools
import inspect
import warnings
from collections.abc import Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, cast

from . import saving
from .adapters import Adapter
from .batch import inputs_of, run_all
from .context import current
from .errors import LoadWarning, UsageError, listed
from .example import Example, Prediction
from .frame import Backtrack
from .lm.base import LanguageModel
from .pool import in_thread, wait_for
from .provenance import Provenance
from .streaming import Stream
from .under_way import UnderWay

if TYPE_CHECKING:
    from .predict import Predict


@dataclass(frozen=True)
class Setting:
    """All that a prompt optimizer may change about one predictor."""

    instructions: str = ""
    demos: tuple[Example, ...] = ()


@dataclass(frozen=True, eq=False)
class Arguments:
    """What a program was made with; its copies share them."""

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
        vars(module)["_made_with"] = Arguments(args, kwargs)
        return module

    def __setattr__(self, name: str, value: Any) -> None:
        if name in _METHODS:
            raise UsageError(
                f"A part cannot be called `{name}`: every program has a `{name}` already. "
                f"Call it `{name}_`."
            )
        super().__setattr__(name, value)

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
        if self.is_async:
            return wait_for(lambda: self.acall(**inputs))
        with UnderWay(self) as call:
            while call.prediction is None:
                try:
                    call.prediction = _as_prediction(self.forward(**inputs), self)
                except Backtrack as failed:
                    call.go_back(failed)
        return call.result

    async def acall(self, **inputs: Any) -> Prediction:
        """The same call for `await`; what is not written as `async` waits in a thread."""
        if not (self.is_async or _can_be_awaited(cast(Hashable, type(self)))):
            return await in_thread(lambda: self(**inputs))
        forward = getattr(self, "aforward", self.forward)
        with UnderWay(self) as call:
            while call.prediction is None:
                try:
                    call.prediction = _as_prediction(await forward(**inputs), self)
                except Backtrack as failed:
                    call.go_back(failed)
        return call.result

    @property
    def is_async(self) -> bool:
        """Whether `forward` is an `async def`, or there is only an `aforward`."""
        return _is_async(cast(Hashable, type(self)))

    def batch(
        self,
        examples: Iterable[Mapping[str, Any]],
        *,
        concurrency: int = 16,
        return_errors: bool = False,
    ) -> list[Any]:
        """Run the program on each example, at most `concurrency` at a time, in their order.

        An example is an `Example`, of which the inputs are taken, or a dict of inputs. When some
        fail, `BatchError` is raised after all are done and holds the results; with
        `return_errors` the exceptions stand in their places instead. After an error that would fail
        every call, such as a wrong key, no further one is begun.
        """
        jobs = [functools.partial(self, **inputs_of(example)) for example in examples]
        return run_all(jobs, concurrency, return_errors=return_errors, alike=True)

    def stream(self, **inputs: Any) -> Stream:
        """Run the program, and iterate over the texts of its fields as they arrive.

        `for chunk in program.stream(...)`, or `async for`; `.prediction` is the whole in the end.
        Leaving the loop early ends the call.
        """
        return Stream(self, inputs)

    def set_lm(self, lm: LanguageModel | None) -> None:
        """Give every predictor this model for its own; None gives them back the context's."""
        for _, predictor in self.predictors():
            predictor.lm = lm

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
        for name, value in self._held().items():
            yield from below(f"{path}.{name}" if path else name, value)

    def _held(self) -> Mapping[str, Any]:
        """What the parts of this module are found in, by name."""
        return vars(self)

    def _own_code(self) -> str:
        """The code that it was made of, when that is not the code of its class."""
        return ""

    is_predictor = False
    only_asks = False  # a call is nothing but what its predictors do; set by a class for itself
    adapter: Adapter | None = None  # of the program's own, instead of the context's

    @property
    def state(self) -> State:
        """Instructions and demos of each predictor, by path."""
        return {
            path: Setting(predictor.signature.instructions, predictor.demos)
            for path, predictor in self.predictors()
        }

    _provenance: Provenance | None = None

    @property
    def provenance(self) -> Provenance | None:
        """Where the state comes from; None unless a run or a file has said so."""
        return self._root._provenance

    def with_state(self, state: State, *, provenance: Provenance | None = None) -> Self:
        """A copy of this program under another state; this one is left alone.

        Predictors that `state` does not name keep what they have. The copy forgets where the old
        state came from. Raises `UsageError` for a path that the program does not have.
        """
        program: Self = _copied(self, {})
        predictors = dict(program.predictors())
        if unknown := [path for path in state if path not in predictors]:
            raise UsageError(
                f"The program has no predictor {listed(unknown)}; it has {listed(predictors)}."
            )
        for path, setting in state.items():
            predictors[path].apply(setting)
        program._comes_from(provenance)
        return program

    def save(self, file: str | Path) -> Path:
        """Write the state as JSON; DSPy's layout with names and types added.

        The parameters and models of predictors are written too, but no key, address or header.
        """
        paths = {id(predictor): path for path, predictor in reversed([*_dspy_paths(self._root)])}
        predictors = {paths.get(id(p), path): p for path, p in self.predictors()}
        adapter = self._root.adapter or current().adapter
        return saving.write(file, predictors, adapter=adapter, provenance=self.provenance)

    def load(self, file: str | Path, *, strict: bool = True) -> Self:
        """Read a saved state into this program, in place, and return it. Runs no code.

        Predictors are matched by path and fields by name. An adapter other than the context's is
        kept as the program's own. Raises `UsageError` that names all that
        does not fit, and changes nothing; with `strict=False` a `LoadWarning` names it, and what
        fits is taken over.
        """
        saved = saving.read(file)
        predictors = dict(self.predictors())
        fitting, problems = saving.fit(saved, predictors)
        adapter, unmade = _adapter_of(saved)
        problems += unmade
        if problems:
            told = "".join(f"\n- {problem}" for problem in problems)
            if strict:
                raise UsageError(
                    f"`{file}` does not fit this program:{told}\n"
                    "Take over what fits with `load(file, strict=False)`."
                )
            warnings.warn(LoadWarning(f"`{file}` fits this program in part:{told}"), stacklevel=2)
        for path, found in fitting.items():
            predictor = predictors[path]
            predictor.apply(Setting(found.instructions, found.demos))
            predictor.params, predictor.lm = found.params, found.lm
        self._root.adapter = adapter
        self._comes_from(None if problems else saved.provenance)
        return self

    @property
    def _root(self) -> Module:
        """The program itself; another one for what stands in for a program."""
        return next(self.parts())[1]

    def _comes_from(self, provenance: Provenance | None) -> None:
        for _, part in self.parts():
            part._provenance = None  # what a part knew of its state is no longer true either
        self._root._provenance = provenance

    def __repr__(self) -> str:
        inside = ", ".join(f"{path}: {p.signature}" for path, p in self.predictors())
        return f"{type(self).__name__}({inside})"


_METHODS = (
    frozenset(vars(Module))
    - {"adapter", "forward", "is_predictor", "only_asks"}
    - {name for name in vars(Module) if name.startswith("_")}
)


@functools.lru_cache(maxsize=1024)
def _is_async(kind: Any) -> bool:
    if inspect.iscoroutinefunction(kind.forward):
        return True
    return hasattr(kind, "aforward") and kind.forward is Module.forward


@functools.lru_cache(maxsize=1024)
def _can_be_awaited(kind: Any) -> bool:
    """Whether its calls are written as `async`; a `forward` of a subclass goes before that."""
    for class_ in kind.__mro__:
        if "aforward" in vars(class_):
            return True
        if "forward" in vars(class_):
            return inspect.iscoroutinefunction(kind.forward)
    return False


def _adapter_of(saved: saving.Saved) -> tuple[Adapter | None, tuple[str, ...]]:
    """The adapter of a file, unless it is the context's; and what is wrong with it."""
    if saved.adapter in (None, saving.adapter_entry(current().adapter)):
        return None, ()
    try:
        return saving.adapter_from(saved.adapter), ()
    except ValueError as error:
        return None, (f"its adapter {error}",)


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


def _dspy_paths(value: Any, path: str = "") -> Iterator[tuple[str, Module]]:
    """Every predictor in a value, by its path as DSPy writes it: `hops[0].tools['sum']`."""
    match value:
        case Module(is_predictor=True):
            yield path or "self", value
        case Module():
            for name, part in value._held().items():
                yield from _dspy_paths(part, f"{path}.{name}" if path else name)
        case list() | tuple():
            for i, item in enumerate(value):
                yield from _dspy_paths(item, f"{path}[{i}]")
        case dict():
            for key, item in value.items():
                yield from _dspy_paths(item, f"{path}['{key}']")


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
