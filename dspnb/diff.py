"""What differs between two programs, states, signatures or saved files."""

from __future__ import annotations

import difflib
import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

from . import saving
from .errors import UsageError
from .example import Example
from .jsonable import to_json
from .module import Module, Setting, State
from .provenance import Provenance
from .saving import SavedField
from .signature import Signature


@dataclass(frozen=True)
class Piece:
    """Some words of a text, and which side has them."""

    kind: Literal["same", "removed", "added"]
    text: str


@dataclass(frozen=True)
class PredictorDiff:
    """What differs in one predictor. A side that lacks it has None for its instructions."""

    path: str
    before: str | None  # the instructions
    after: str | None
    demos_removed: tuple[Example, ...] = ()
    demos_added: tuple[Example, ...] = ()
    demos_kept: tuple[Example, ...] = ()
    reordered: bool = False  # the demos that were kept stand in another order
    fields_removed: tuple[SavedField, ...] = ()
    fields_added: tuple[SavedField, ...] = ()
    fields_changed: tuple[tuple[SavedField, SavedField], ...] = ()
    params: tuple[tuple[str, Any, Any], ...] = ()  # name, before, after; None when not given

    @cached_property
    def pieces(self) -> tuple[Piece, ...]:
        """The instructions of both sides in one text, word by word."""
        return tuple(_pieces(_words(self.before or ""), _words(self.after or "")))

    def __bool__(self) -> bool:
        return (
            self.before != self.after
            or self.reordered
            or any((self.demos_removed, self.demos_added, self.params))
            or any((self.fields_removed, self.fields_added, self.fields_changed))
        )

    def __str__(self) -> str:
        return "\n".join(_lines(self))


@dataclass(frozen=True, repr=False)
class Diff:
    """What differs, by predictor path; true when anything does. Its text has `-` and `+` lines."""

    predictors: Mapping[str, PredictorDiff]  # those that differ
    scores: tuple[Provenance, Provenance] | None = None  # when both sides know theirs

    def __bool__(self) -> bool:
        return bool(self.predictors)

    def __str__(self) -> str:
        if not self:
            return "no difference"
        scores = [f"  score\n-   {self.scores[0]}\n+   {self.scores[1]}"] if self.scores else []
        return "\n".join([*map(str, self.predictors.values()), *scores])

    __repr__ = __str__


Comparable = Module | Signature | State | str | Path


def diff(before: Comparable, after: Comparable) -> Diff:
    """Compare two programs, states or signatures, or what a file has saved of one.

    What only one side knows is left out: a state has no fields, and a file of DSPy's no types.
    Raises `UsageError` for anything else, and for a file that is not a saved program.

    >>> print(diff(Signature("q -> a", "Be brief."), Signature("q -> a: int", "Be very brief.")))
      self
        instructions
    -     Be brief.
    +     Be very brief.
        fields
    -     output a: str
    +     output a: int
    """
    (old, old_score), (new, new_score) = _side(before), _side(after)
    paths = [*old, *(path for path in new if path not in old)]
    compared = {path: _compare(path, old.get(path), new.get(path)) for path in paths}
    scores = (old_score, new_score) if old_score and new_score else None
    return Diff({path: found for path, found in compared.items() if found}, scores)


@dataclass(frozen=True)
class _Part:
    """One predictor of a side, whatever that is."""

    instructions: str
    demos: tuple[tuple[str, Example], ...] = ()  # each with its JSON, by which it is compared
    fields: Mapping[str, SavedField] | None = None
    params: Mapping[str, Any] | None = None


def _side(thing: Comparable) -> tuple[dict[str, _Part], Provenance | None]:
    match thing:
        case Module():
            parts = {path: _part(p.signature, p.demos, p.params) for path, p in thing.predictors()}
            return parts, thing.provenance
        case Signature():
            return {saving.FLAT: _part(thing)}, None
        case str() | Path():
            saved = saving.read(thing)
            return {path: _saved(entry) for path, entry in saved.predictors.items()}, (
                saved.provenance
            )
        case Mapping() if all(isinstance(setting, Setting) for setting in thing.values()):
            return {path: _Part(s.instructions, _demos(s.demos)) for path, s in thing.items()}, None
    raise UsageError(
        f"`diff` compares programs, states, signatures and the paths of saved files; got {thing!r}."
    )


def _part(
    signature: Signature,
    demos: tuple[Example, ...] = (),
    params: Mapping[str, Any] | None = None,
) -> _Part:
    types = {field.name: field.type for field in signature.fields}
    fields = {
        field.name: SavedField("", field.name, field.type_name, field.desc, field.role)
        for field in signature.fields
    }
    return _Part(signature.instructions, _demos(demos, types), fields, params)


def _saved(entry: saving.Entry) -> _Part:
    named = entry.fields is not None and all(field.name for field in entry.fields)
    fields = {field.name: field for field in entry.fields or ()} if named else None
    demos = tuple(Example(**demo) for demo in entry.demos)
    return _Part(entry.instructions, _demos(demos), fields, entry.params)


def _demos(
    demos: Iterable[Example], types: Mapping[str, Any] | None = None
) -> tuple[tuple[str, Example], ...]:
    return tuple((_json(demo, types or {}), demo) for demo in demos)


def _json(demo: Example, types: Mapping[str, Any]) -> str:
    plain = {name: to_json(value, types.get(name, Any)) for name, value in demo.items()}
    return json.dumps(plain, ensure_ascii=False, sort_keys=True)


def _compare(path: str, old: _Part | None, new: _Part | None) -> PredictorDiff:
    before, after = old or _Part("", (), {}, {}), new or _Part("", (), {}, {})
    removed, kept = _parted(before.demos, after.demos)
    added, still = _parted(after.demos, before.demos)
    names = (before.fields or {}, after.fields or {})
    gone, fresh, changed = _fields(*names) if None not in (before.fields, after.fields) else _NONE
    return PredictorDiff(
        path,
        old.instructions if old else None,
        new.instructions if new else None,
        tuple(demo for _, demo in removed),
        tuple(demo for _, demo in added),
        tuple(demo for _, demo in still),
        [row for row, _ in kept] != [row for row, _ in still],
        gone,
        fresh,
        changed,
        _params(before.params, after.params),
    )


_Rows = Sequence[tuple[str, Example]]


def _parted(demos: _Rows, others: _Rows) -> tuple[_Rows, _Rows]:
    """The demos that the others lack, and those that both have."""
    left = Counter(row for row, _ in others)
    lacking: list[tuple[str, Example]] = []
    shared: list[tuple[str, Example]] = []
    for row, demo in demos:
        (shared if left[row] > 0 else lacking).append((row, demo))
        left[row] -= 1
    return lacking, shared


_Fields = tuple[
    tuple[SavedField, ...], tuple[SavedField, ...], tuple[tuple[SavedField, SavedField], ...]
]
_NONE: _Fields = ((), (), ())


def _fields(before: Mapping[str, SavedField], after: Mapping[str, SavedField]) -> _Fields:
    both = [(field, after[name]) for name, field in before.items() if name in after]
    return (
        tuple(field for name, field in before.items() if name not in after),
        tuple(field for name, field in after.items() if name not in before),
        tuple((old, new) for old, new in both if not _alike(old, new)),
    )


def _alike(old: SavedField, new: SavedField) -> bool:
    known = ((old.type_name, new.type_name), (old.role, new.role))  # "" when a file does not say
    return old.desc == new.desc and all(a == b or not a or not b for a, b in known)


def _params(
    before: Mapping[str, Any] | None, after: Mapping[str, Any] | None
) -> tuple[tuple[str, Any, Any], ...]:
    if before is None or after is None:
        return ()
    pairs = ((name, before.get(name), after.get(name)) for name in {**before, **after})
    return tuple((name, old, new) for name, old, new in pairs if old != new)


def _words(text: str) -> list[str]:
    return re.findall(r"\S+\s*|\s+", text)


def _pieces(before: list[str], after: list[str]) -> Iterator[Piece]:
    matcher = difflib.SequenceMatcher(None, before, after, autojunk=False)
    for kind, i, i_end, j, j_end in matcher.get_opcodes():
        if kind == "equal":
            yield Piece("same", "".join(before[i:i_end]))
            continue
        if i < i_end:
            yield Piece("removed", "".join(before[i:i_end]))
        if j < j_end:
            yield Piece("added", "".join(after[j:j_end]))


def _lines(found: PredictorDiff) -> Iterator[str]:
    side = {(True, False): "-", (False, True): "+"}
    yield f"{side.get((found.after is None, found.before is None), ' ')} {found.path}"
    if found.before != found.after:
        yield "    instructions"
        yield from _text_lines(found.before or "", found.after or "")
    removed, added, kept = found.demos_removed, found.demos_added, found.demos_kept
    if removed or added or found.reordered:
        order = ", in another order" if found.reordered else ""
        yield f"    demos: {len(removed)} removed, {len(added)} added, {len(kept)} kept{order}"
        yield from _signed(map(_demo_line, removed), map(_demo_line, added))
    if found.fields_removed or found.fields_added or found.fields_changed:
        yield "    fields"
        for old, new in found.fields_changed:
            yield from _signed([_field_line(old)], [_field_line(new)])
        yield from _signed(
            map(_field_line, found.fields_removed), map(_field_line, found.fields_added)
        )
    if found.params:
        yield "    params"
    for name, old, new in found.params:
        yield from _signed(
            [f"{name}={old!r}"] if old is not None else [],
            [f"{name}={new!r}"] if new is not None else [],
        )


def _text_lines(before: str, after: str) -> Iterator[str]:
    lines = difflib.unified_diff(before.splitlines(), after.splitlines(), lineterm="", n=2)
    for line in list(lines)[3:]:
        yield "      ..." if line.startswith("@@") else f"{line[0]}     {line[1:]}".rstrip()


def _signed(removed: Iterable[str], added: Iterable[str]) -> Iterator[str]:
    yield from (f"-     {line}" for line in removed)
    yield from (f"+     {line}" for line in added)


def _demo_line(demo: Example, limit: int = 160) -> str:
    text = json.dumps(to_json(dict(demo)), ensure_ascii=False)
    return text if len(text) <= limit else f"{text[:limit]}…"


def _field_line(field: SavedField) -> str:
    typed = f"{field.role} {field.name}: {field.type_name or 'unknown'}".lstrip()
    return f"{typed}  # {field.desc}" if field.desc else typed
