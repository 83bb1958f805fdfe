"""From what stands in a magic's line to the object that it means."""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from dspnb import metrics
from dspnb.compiling import as_program
from dspnb.data import Examples, Split
from dspnb.errors import UsageError, nearest
from dspnb.example import Example, Metric, Prediction
from dspnb.kept_run import KeptRun
from dspnb.module import Module
from dspnb.optimizers import OPTIMIZERS, Optimizer, optimizer
from dspnb.report import Report
from dspnb.run import Run
from dspnb.runs import runs

from .handle import Compiled

METRICS: dict[str, Metric] = {"exact": metrics.exact(), "f1": metrics.f1()}


def value_of(text: str, namespace: Mapping[str, Any], what: str, known: Sequence[str]) -> Any:
    """What a name, or a path such as `tickets.train`, `runs[0]` or `data[:50]`, stands for.

    Nothing is called. Raises `UsageError` with the nearest of the `known` names.
    """
    try:
        return _walk(ast.parse(text, mode="eval").body, namespace)
    except KeyError:
        raise UsageError(f"There is no {what} `{text}`; {nearest(text, known)}") from None
    except AttributeError as error:
        raise UsageError(f"`{text}` is not there: {error}.") from None
    except (SyntaxError, ValueError, TypeError, IndexError):
        raise UsageError(f"`{text}` is not the name of a {what}; {nearest(text, known)}") from None


def program(text: str, namespace: Mapping[str, Any]) -> Module:
    """The program of this name; a class whose constructor needs no arguments is called."""
    value = value_of(text, namespace, "program", programs(namespace))
    if not _is_program(value):
        raise UsageError(
            f"`{text}` is not a program but {_kind(value)}; {nearest(text, programs(namespace))}"
        )
    return as_program(value)


def data(text: str, namespace: Mapping[str, Any]) -> Sequence[Example]:
    """The examples of this name."""
    value = value_of(text, namespace, "data set", datasets(namespace))
    if isinstance(value, Split):
        raise UsageError(f"`{text}` is divided; say which part, as in `{text}.train`.")
    if isinstance(value, Sequence) and value and all(isinstance(row, Example) for row in value):
        return value
    raise UsageError(
        f"`{text}` is not a data set but {_kind(value)}; make one with `%%examples {text}`."
    )


def metric(text: str, namespace: Mapping[str, Any]) -> Metric:
    """The user's function, or one of ours such as `exact` or `f1`."""
    root = text.partition(".")[0]
    scope: Mapping[str, Any] = namespace if root in namespace else METRICS
    value = value_of(text, scope, "metric", metric_names(namespace))
    if not callable(value) or isinstance(value, Module | type):
        raise UsageError(
            f"`{text}` is not a metric but {_kind(value)}; it is a function of "
            "`example` and `prediction`, as `%%metric` makes."
        )
    if value in (metrics.exact, metrics.f1):
        return METRICS[value.__name__]
    return value  # type: ignore[no-any-return]


def optimizer_of(text: str, namespace: Mapping[str, Any]) -> Optimizer:
    """A short name with parameters, or the name of an optimizer object."""
    value = namespace.get(text)
    if value is not None and not isinstance(value, type) and hasattr(value, "search"):
        return value  # type: ignore[no-any-return]
    return optimizer(text)


def programs(namespace: Mapping[str, Any]) -> list[str]:
    """Names of the user's programs."""
    return _names(namespace, _is_program)


def datasets(namespace: Mapping[str, Any]) -> list[str]:
    """Names of the user's examples, with the parts of those that are divided."""
    whole = _names(namespace, lambda value: isinstance(value, Examples))
    divided = _names(namespace, lambda value: isinstance(value, Split))
    return whole + [f"{name}.{part}" for name in divided for part in Split._fields]


def metric_names(namespace: Mapping[str, Any]) -> list[str]:
    """Names of metrics: the user's functions of (example, prediction), and ours."""
    return [*_names(namespace, _is_metric), *METRICS]


def recordings() -> list[str]:
    """Files that `--record` and `--replay` may mean: those of JSON lines beside the notebook."""
    return sorted(path.name for path in Path().glob("*.jsonl"))


def run_ids(*standing: str) -> list[str]:
    """The ids of kept runs that stand so, or of all; the newest first."""
    return [run.id for run in reversed(runs()) if not standing or run.status in standing]


def run_id(text: str, namespace: Mapping[str, Any]) -> str:
    """The id of the run that a variable holds, itself or as its program; else the text.

    An id is another each time, so that a notebook which is to run again cannot hold one.
    """
    match namespace.get(text):
        case Compiled(run=run) | (Run() | KeptRun() as run):
            return run.id
    return text


def optimizer_names(namespace: Mapping[str, Any]) -> list[str]:
    """Names that `--with` takes."""
    own = _names(namespace, lambda v: hasattr(v, "program_calls") and hasattr(v, "search"))
    return [*(name for name in own if not isinstance(namespace[name], type)), *OPTIMIZERS]


def inspectable(namespace: Mapping[str, Any]) -> list[str]:
    """Names of what `%inspect` can show."""
    kinds = (Report, Prediction, Run, KeptRun, Module)
    return _names(namespace, lambda value: isinstance(value, kinds))


def _names(namespace: Mapping[str, Any], test: Callable[[Any], bool]) -> list[str]:
    return sorted(
        name for name, value in list(namespace.items()) if not name.startswith("_") and test(value)
    )


def _is_program(value: Any) -> bool:
    if isinstance(value, type):
        return issubclass(value, Module) and value.__module__ == "__main__"
    return isinstance(value, Module)


def _is_metric(value: Any) -> bool:
    code = getattr(value, "__code__", None)
    if code is not None:
        return bool(code.co_varnames[: code.co_argcount] == ("example", "prediction"))
    return type(value) in {type(known) for known in METRICS.values()}


def _walk(node: ast.expr, namespace: Mapping[str, Any]) -> Any:
    match node:
        case ast.Name(name):
            return namespace[name]
        case ast.Attribute(owner, name) if not name.startswith("_"):
            return getattr(_walk(owner, namespace), name)
        case ast.Subscript(owner, ast.Slice(lower, upper, step)):
            ends = [None if end is None else ast.literal_eval(end) for end in (lower, upper, step)]
            return _walk(owner, namespace)[slice(*ends)]
        case ast.Subscript(owner, index):
            return _walk(owner, namespace)[ast.literal_eval(index)]
    raise ValueError


def _kind(value: Any) -> str:
    name = type(value).__name__
    return f"{'an' if name[0] in 'AEIOUaeiou' else 'a'} {name}"
