"""The inspector as script-free HTML and as text."""

from __future__ import annotations

from .protocol import (
    BlockView,
    CallsSnapshot,
    CallView,
    CheckView,
    FieldView,
    MessageView,
    ToolCallView,
)
from .text import attribute, esc, short, spending

MOST_GROUPS = 20  # the widget shows more; this is for readers without it


def calls_text(calls: CallsSnapshot) -> str:
    """One line a call."""
    lines = [calls.title]
    for group in calls.groups:
        score = "" if group.score is None else f" [{group.score:.3f}]"
        lines.append(f"{group.title}{score}")
        lines += [f"  {call.path}: {short(_ended(call, calls), 100)}" for call in group.calls]
    return "\n".join(lines)


def calls_html(calls: CallsSnapshot) -> str:
    """Each call folded: its fields, its prompt by origin, its raw answer."""
    parts = [f"<p><b>{esc(calls.title)}</b></p>"]
    for group in calls.groups[:MOST_GROUPS]:
        score = "" if group.score is None else f" · score {group.score:.3f}"
        error = f" · {esc(group.error)}" if group.error else ""
        inner = "".join([*map(_check, group.checks), *(_call(c, calls) for c in group.calls)])
        parts.append(
            f"<details{' open' if len(calls.groups) == 1 else ''}>"
            f"<summary>{esc(group.title)}{score}{error}</summary>{inner}</details>"
        )
    left = len(calls.groups) - MOST_GROUPS + calls.omitted
    if left > 0:
        parts.append(f"<p>… and {left} more</p>")
    return "".join(parts)


def _ended(call: CallView, calls: CallsSnapshot) -> str:
    """The answer, or why there is none that is used."""
    return call.error or f"{'(cached) ' * call.cached}{_answer(call, calls)}"


def _call(call: CallView, calls: CallsSnapshot) -> str:
    facts = f"{call.tokens_in} + {call.tokens_out} tokens, {call.seconds:.2f} s"
    if not call.sent:
        facts = "not sent"
    cost = spending(call.dollars)
    cached = ", from the cache" if call.cached else ""
    prompt = "".join(_message(message, calls) for message in call.messages)
    attempts = "".join(
        f"<p><b>asked again because:</b> {esc(attempt.error)} ({esc(attempt.adapter)} layout)</p>"
        f"<pre>{esc(calls.texts[attempt.text])}</pre>"
        for attempt in call.attempts
    )
    error = f"<p><b>error:</b> {esc(call.error)}</p>" if call.error else ""
    if call.rejected:
        error += f"<p><b>not used, because:</b> {esc(call.rejected)}</p>"
    answer = _answer(call, calls)
    raw = f"<p><b>raw answer</b></p><pre>{esc(answer)}</pre>" if answer else ""
    return (
        f"<p><code>{esc(call.path)}</code> {esc(call.signature)} · {facts}{cost}{cached}</p>"
        f"{_fields([*call.inputs, *call.outputs], calls)}{error}{attempts}"
        f"{_folded('parameters', call.params, calls)}"
        f"<details{'' if call.sent else ' open'}><summary>prompt</summary>{prompt}</details>"
        f"{_folded('reasoning', call.reasoning, calls)}{raw}{_tools(call.tool_calls, calls)}"
    )


def _check(check: CheckView) -> str:
    held = "met in the end" if check.held else "<b>not met</b>"
    tries = f"asked again {check.tries} time{'s' * (check.tries != 1)}"
    return f"<p>{check.kind}: {esc(check.message)} · {tries}, {held}</p>"


def _message(message: MessageView, calls: CallsSnapshot) -> str:
    blocks = (
        f"<p><b>{message.role}</b> · {block.kind} · {block.tokens} tokens</p>"
        f"<pre>{esc(calls.texts[block.text])}</pre>{_attached(block)}"
        for block in message.blocks
    )
    return "".join([*blocks, _tools(message.tool_calls, calls)])


def _attached(block: BlockView) -> str:
    if not block.picture:
        return f"<p>{esc(block.attached)}</p>" if block.attached else ""
    words = attribute(block.attached)
    return f'<p><img src="{attribute(block.picture)}" alt="{words}" style="max-height:240px"></p>'


def _tools(wanted: list[ToolCallView], calls: CallsSnapshot) -> str:
    return "".join(
        f"<p>calls <code>{esc(call.name)}</code></p><pre>{esc(calls.texts[call.args])}</pre>"
        for call in wanted
    )


def _folded(name: str, text: int | None, calls: CallsSnapshot) -> str:
    if text is None:
        return ""
    return f"<details><summary>{name}</summary><pre>{esc(calls.texts[text])}</pre></details>"


def _fields(fields: list[FieldView], calls: CallsSnapshot) -> str:
    if not fields:
        return ""
    rows = "".join(
        f"<tr><td><b>{esc(field.name)}</b></td><td><code>{esc(field.type)}</code></td>"
        f'<td style="text-align:left;white-space:pre-wrap">{esc(calls.texts[field.text])}</td></tr>'
        for field in fields
    )
    return f"<table><tbody>{rows}</tbody></table>"


def _answer(call: CallView, calls: CallsSnapshot) -> str:
    return "" if call.answer is None else calls.texts[call.answer]
