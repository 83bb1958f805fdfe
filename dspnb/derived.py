"""A signature made from an older one, made again from the newer one."""

from __future__ import annotations

from collections.abc import Sequence

from .field import Field
from .signature import Signature


def derived(old: Signature, new: Signature, signature: Signature) -> Signature | None:
    """What `signature` is to `old`, of `new`; None when it was not made from `old`.

    Fields that were added keep their place beside the fields they stood next to, and give way to
    one of `new` that has their name. Instructions that were learned stay.

    >>> old, new = Signature("ticket -> team"), Signature("ticket -> team, urgent: bool")
    >>> asked = old.prepend(Field("reasoning", role="output"))
    >>> str(derived(old, new, asked))
    'ticket -> reasoning, team, urgent: bool'
    """
    if signature.name != old.name:
        return None
    taken = {field.name for field in new.fields}
    inputs = _placed(old.inputs, new.inputs, signature.inputs, taken)
    outputs = _placed(old.outputs, new.outputs, signature.outputs, taken)
    if inputs is None or outputs is None:
        return None
    learned = signature.instructions != old.instructions
    instructions = signature.instructions if learned else new.instructions
    return Signature((*inputs, *outputs), instructions, name=new.name)


def _placed(
    old: Sequence[Field], new: Sequence[Field], derived: Sequence[Field], taken: set[str]
) -> list[Field] | None:
    """`new` with what `derived` has more than `old`; None when it does not have all of `old`."""
    rest, before = list(old), ""
    first: list[Field] = []
    last: list[Field] = []
    behind: dict[str, list[Field]] = {field.name: [] for field in new}
    for field in derived:
        if rest and field == rest[0]:
            before = rest.pop(0).name
        elif field.name not in taken:
            between = behind.get(before, last) if rest else last
            (between if before else first).append(field)
    if rest:
        return None
    return [*first, *(part for field in new for part in (field, *behind[field.name])), *last]
