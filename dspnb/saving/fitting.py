"""What of a file fits a program, and everything that does not."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from dspnb.errors import listed, nearest
from dspnb.example import Example
from dspnb.jsonable import from_json
from dspnb.lm import LanguageModel
from dspnb.predictor import Predictor
from dspnb.signature import Field, Signature

from .models import harmless, model_from
from .predictor import FLAT, label
from .reading import Entry, Saved, SavedField


@dataclass(frozen=True)
class Fitting:
    """What a predictor has once a file is loaded."""

    instructions: str
    demos: tuple[Example, ...]
    params: dict[str, Any]
    lm: LanguageModel | None


def fit(
    saved: Saved, predictors: Mapping[str, Predictor]
) -> tuple[dict[str, Fitting], tuple[str, ...]]:
    """What fits these predictors, by path, and a sentence for each thing that does not."""
    entries = {_path(path, entry, predictors): entry for path, entry in saved.predictors.items()}
    if not entries.keys() & predictors.keys():
        holds, needs = listed(entries), listed(predictors) or "none"
        return {}, (f"it holds another program: its predictors are {holds}, this one's {needs}",)
    fitting, problems = {}, []
    for path in sorted(entries.keys() - predictors):
        problems += [f"`{path}` is not in the program; {_nearest(path, predictors)}"]
    for path in sorted(predictors.keys() - entries):
        problems += [f"`{path}` is not in the file; {_nearest(path, entries)}"]
    for path, predictor in predictors.items():
        if path in entries:
            found, wrong = _fit(entries[path], predictor)
            problems += [f"`{path}`: {words}" for words in wrong]
            if found is not None:
                fitting[path] = found
    return fitting, tuple(problems)


def _path(path: str, entry: Entry, known: Iterable[str]) -> str:
    """Where an entry belongs: a chain of thought of old was a predictor, or held a `_predict`."""
    if not entry.old or path in known:
        return path
    now = re.sub(r"(^|\.)_predict$", r"\1predict", path)
    if now not in known:
        now = "predict" if path == FLAT else f"{path}.predict"
    return now if now in known else path


def _fit(entry: Entry, predictor: Predictor) -> tuple[Fitting | None, list[str]]:
    gone, problems = _compare(entry.fields, predictor.signature)
    if entry.fields and len(gone) == len(entry.fields):
        return None, [f"no field of the file's is left: {listed(gone)}"]
    demos, bad = _demos(entry, predictor.signature, gone)
    params, refused = _params(entry, predictor)
    lm, unmade = _lm(entry, predictor)
    found = Fitting(entry.instructions, demos, params, lm)
    return found, [*problems, *bad, *refused, *unmade]


def _params(entry: Entry, predictor: Predictor) -> tuple[dict[str, Any], list[str]]:
    """The file's parameters, and those of the program's own that no file holds."""
    if entry.params is None:
        return dict(predictor.params), []
    safe, own = harmless(entry.params), harmless(predictor.params)
    kept = {name: value for name, value in predictor.params.items() if name not in own}
    refused = [name for name in entry.params if name not in safe]
    told = [f"its parameter {listed(refused)} is not taken from a file"] if refused else []
    return {**kept, **safe}, told


def _lm(entry: Entry, predictor: Predictor) -> tuple[LanguageModel | None, list[str]]:
    """The file's model, else the program's own."""
    if entry.lm is None:
        return predictor.lm, []
    try:
        return model_from(entry.lm), []
    except ValueError as error:
        return predictor.lm, [f"its model {error}"]


def _compare(
    saved: tuple[SavedField, ...] | None, signature: Signature
) -> tuple[list[str], list[str]]:
    """The names of fields that are gone, and what is wrong.

    A field without a name, in a file of DSPy's, is matched by its place and checked by its label.
    """
    if saved is None:
        return [], []
    names = [field.name for field in signature.fields]
    roles = {field.name: field.role for field in signature.fields}
    seen, gone, problems = set(), [], []
    for i, field in enumerate(saved):
        here = names[i] if i < len(names) else ""
        if field.name in names:
            seen.add(field.name)
            if field.role not in ("", roles[field.name]):
                problems.append(f"the field `{field.name}` was an {field.role}, it is no longer")
        elif field.name:
            gone.append(field.name)
        elif here and field.label.casefold().startswith(label(here).casefold()):
            seen.add(here)
        elif here:
            seen.add(here)
            problems.append(
                f"field {i + 1} is labelled {field.label!r} in the file; here it is `{here}`"
            )
        else:
            problems.append(f"the field labelled {field.label!r} is gone")
    new = [name for name in names if name not in seen]
    problems += [f"the field `{name}` is gone; {nearest(name, new or names)}" for name in gone]
    return gone, [*problems, *(f"the field `{name}` is new" for name in new)]


def _demos(
    entry: Entry, signature: Signature, gone: list[str]
) -> tuple[tuple[Example, ...], list[str]]:
    """The demos that still fit, without what is gone; and a sentence about those that do not."""
    known = {field.name: field for field in signature.fields}
    kept, poor = [], []
    bad: dict[str, list[str]] = defaultdict(list)  # field -> what is wrong, demo by demo
    for i, demo in enumerate(entry.demos):
        left = {name: v for name, v in _renamed(demo, entry, known).items() if name not in gone}
        values, wrong = _values(left, known, {name for n, name in entry.as_is if n == i})
        for name, words in wrong.items():
            bad[name].append(words)
        if wrong:
            continue
        if len(left) < len(demo) and not _teaches(signature, left):
            poor.append(f"demo {i + 1}")
        else:
            kept.append(Example(**values))
    problems = [_about(name, words, entry, known[name]) for name, words in bad.items()]
    if poor:
        problems.append(f"{', '.join(poor)}: no input or no output is left")
    return tuple(kept), problems


def _values(
    demo: Mapping[str, Any], known: Mapping[str, Field], as_is: Container[str]
) -> tuple[dict[str, Any], dict[str, str]]:
    """The values as the types of their fields; and by field, what is wrong with the others."""
    values, wrong = {}, {}
    for name, value in demo.items():
        try:
            typed = name in known and name not in as_is
            values[name] = from_json(value, known[name].type) if typed else value
        except ValueError as error:
            wrong[name] = f"{value!r} {error}"
    return values, wrong


def _renamed(
    demo: Mapping[str, Any], entry: Entry, known: Mapping[str, Field]
) -> Mapping[str, Any]:
    """DSPy's first chains of thought called their reasoning `rationale`."""
    if not entry.old or "rationale" in known:
        return demo
    return {"reasoning" if name == "rationale" else name: value for name, value in demo.items()}


def _teaches(signature: Signature, values: Mapping[str, Any]) -> bool:
    sides = (signature.inputs, signature.outputs)
    return all(any(field.name in values for field in side) for side in sides)


def _about(name: str, words: list[str], entry: Entry, field: Field) -> str:
    before = {saved.name: saved.type_name for saved in entry.fields or ()}.get(name, "")
    change = f" (it was `{before}`)" if before not in ("", field.type_name) else ""
    demos = f"{len(words)} demos do" if len(words) > 1 else "1 demo does"
    return f"the field `{name}`{change}: {demos} not fit, as {words[0]}"


def _nearest(path: str, known: Iterable[str]) -> str:
    return nearest(path, known).rstrip(".")
