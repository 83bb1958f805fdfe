"""What differs between two programs, word by word."""

from __future__ import annotations

from collections.abc import Iterable

from dspnb.diff import Diff, Piece, PredictorDiff
from dspnb.saving import SavedField

from .cards import examples
from .markup import fold, table
from .text import esc, short

PRE = "white-space:pre-wrap"


def diff(value: Diff) -> str:
    """Each predictor that differs: instructions, demos, fields, parameters; then the scores."""
    if not value:
        return "<p>no difference</p>"
    parts = [
        fold(_title(each), _predictor(each), opened=True) for each in value.predictors.values()
    ]
    if value.scores:
        before, after = value.scores
        parts.append(table(["", "score"], [["before", esc(before)], ["after", esc(after)]]))
    return "".join(parts)


def _title(found: PredictorDiff) -> str:
    path = f"<code>{esc(found.path)}</code>"
    if found.before is None:
        return f"{path} is only in the second"
    return f"{path} is only in the first" if found.after is None else path


def _predictor(found: PredictorDiff) -> str:
    parts = []
    if found.before != found.after:
        parts.append(f'<p style="{PRE}">{"".join(map(_piece, found.pieces))}</p>')
    removed, added, kept = found.demos_removed, found.demos_added, found.demos_kept
    if removed or added or found.reordered:
        order = ", in another order" if found.reordered else ""
        said = f"{len(removed)} removed, {len(added)} added, {len(kept)} kept{order}"
        parts.append(f"<p>demos: {said}</p>")
    parts += [fold("<del>demos removed</del>", examples(removed))] if removed else []
    parts += [fold("<ins>demos added</ins>", examples(added))] if added else []
    if fields := [*_fields(found)]:
        parts.append(table(["fields", "", ""], fields))
    if found.params:
        rows = ([f"<b>{esc(name)}</b>", _old(a), _new(b)] for name, a, b in found.params)
        parts.append(table(["parameters", "", ""], rows))
    return "".join(parts)


def _piece(piece: Piece) -> str:
    match piece.kind:
        case "removed":
            return f"<del>{esc(piece.text)}</del>"
        case "added":
            return f"<ins>{esc(piece.text)}</ins>"
    return esc(piece.text)


def _fields(found: PredictorDiff) -> Iterable[list[str]]:
    for old, new in found.fields_changed:
        yield [f"<b>{esc(old.name)}</b>", f"<del>{_field(old)}</del>", f"<ins>{_field(new)}</ins>"]
    for field in found.fields_removed:
        yield [f"<b>{esc(field.name)}</b>", f"<del>{_field(field)}</del>", ""]
    for field in found.fields_added:
        yield [f"<b>{esc(field.name)}</b>", "", f"<ins>{_field(field)}</ins>"]


def _field(field: SavedField) -> str:
    typed = esc(f"{field.role} {field.type_name or 'of unknown type'}".strip())
    return f"{typed}, {esc(field.desc)}" if field.desc else typed


def _old(value: object) -> str:
    return "" if value is None else f"<del>{esc(short(repr(value)))}</del>"


def _new(value: object) -> str:
    return "" if value is None else f"<ins>{esc(short(repr(value)))}</ins>"
