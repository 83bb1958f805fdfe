"""HTML for each kind of object: tables and foldable lists that read well with no CSS at all."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from dspnb.adapters.values import to_text
from dspnb.data import Split
from dspnb.evaluate import Report, Row
from dspnb.example import Example
from dspnb.example import Prediction as Outputs
from dspnb.lm import LM, Completion
from dspnb.module import Module
from dspnb.predict import Predict
from dspnb.signature import REQUIRED, Field, Signature

from .text import esc, short

MOST_ROWS = 20
LEFT = "text-align:left"


def signature(value: Signature) -> str:
    """A card: the name, the instructions, the fields."""
    title = f"<b>{esc(value.name)}</b>: " if value.name else ""
    return (
        f"<p>{title}{esc(value.instructions)}</p>"
        f"{_table(['', 'field', 'type', 'description'], map(_field_row, value.fields))}"
    )


def program(value: Module) -> str:
    """A diagram: every predictor with its fields; instructions and demos fold out."""
    from .handle import Compiled

    if isinstance(value, Compiled):
        if not value.run.over:
            return f"<p>{esc(value)}</p>"
        value = value.program
    kind = getattr(value, "_name", "") or type(value).__name__
    parts = "".join(_predictor(path, part) for path, part in value.predictors())
    return f"<p><b>{esc(kind)}</b></p>{parts or '<p>no predictors</p>'}"


def example(value: Example) -> str:
    """Its fields, inputs marked."""
    inputs = value.input_names
    return _table(
        ["field", "", "value"],
        (
            [f"<b>{esc(name)}</b>", "input" if name in inputs else "", _text(content)]
            for name, content in value.items()
        ),
    )


def examples(value: Sequence[Example]) -> str:
    """The first rows as a table."""
    names = list(dict.fromkeys(name for row in value[:MOST_ROWS] for name in row))
    inputs = value[0].input_names if value else ()
    heads = [f"{name} (input)" if name in inputs else name for name in names]
    rows = ([esc(short(row[n], 200)) if n in row else "" for n in names] for row in value[:10])
    more = f"<p>{len(value)} examples{', the first 10 shown' if len(value) > 10 else ''}</p>"
    return f"{more}{_table(heads, rows)}"


def split(value: Split) -> str:
    """The size of each part, and its rows folded."""
    return "".join(
        f"<details><summary><b>{name}</b>: {len(part)} examples</summary>{examples(part)}</details>"
        for name, part in zip(Split._fields, value, strict=True)
    )


def prediction(value: Outputs) -> str:
    """Its outputs, and in a line what they took."""
    rows = ([f"<b>{esc(name)}</b>", _text(content)] for name, content in value.items())
    calls = value.trace
    tokens = sum(call.tokens_in + call.tokens_out for call in calls)
    again = f", {len(value.attempts)} answered anew" if value.attempts else ""
    count = "1 call" if len(calls) == 1 else f"{len(calls)} calls"
    took = f"<p>{count}, {tokens} tokens{again}</p>" if calls else ""
    return f"{_table(['output', 'value'], rows)}{took}"


def report(value: Report) -> str:
    """The mean with its interval, then the rows: failures first, then the lowest scores."""
    low, high = value.interval
    failed = f", <b>{len(value.errors)} failed</b>" if value.errors else ""
    cost = f", ${value.cost:.4f}" if value.cost else ""
    metric = f" · {esc(value.metric)}" if value.metric else ""
    head = (
        f"<p><b>{value.mean:.3f}</b> (95% interval {low:.3f} to {high:.3f}) on "
        f"{len(value.rows)} examples{failed}{cost}{metric}</p>"
    )
    rows = sorted(value.rows, key=lambda row: (not row.error, row.score.value))[:MOST_ROWS]
    table = _table(["score", "inputs", "prediction", "labels", "feedback"], map(_report_row, rows))
    shown = f"{len(rows)} of {len(value.rows)} rows, lowest first"
    return f"{head}<details><summary>{shown}</summary>{table}</details>"


def completion(value: Completion) -> str:
    """A model's answer as it came."""
    return f"<pre>{esc(value.text)}</pre>"


def model(value: LM) -> str:
    """A model's name, parameters and use so far; the offline one says what it is."""
    return models({"main": value})


def models(value: Mapping[str, LM]) -> str:
    """The models of a session with what they did so far."""
    table = _table(
        [
            "role",
            "model",
            "parameters",
            "calls",
            "cached",
            "tokens in",
            "tokens out",
            "dollars",
        ],
        (
            [
                esc(role),
                f"<b>{esc(lm.model)}</b>",
                esc(", ".join(f"{k}={v!r}" for k, v in lm.params.items())),
                str(lm.usage.calls),
                str(lm.usage.cached),
                str(lm.usage.tokens_in),
                str(lm.usage.tokens_out),
                f"{lm.usage.dollars:.4f}",
            ]
            for role, lm in value.items()
        ),
    )
    toy = any(lm.model == "offline" for lm in value.values())
    note = (
        "<p>The offline model is a toy for learning and testing: it learns from the demos in its "
        "prompt, by nearest neighbours over words, and knows no answers. It needs no key and no "
        "network, and answers alike on every machine.</p>"
    )
    return table + (note if toy else "")


def _field_row(field: Field) -> list[str]:
    default = "" if field.default is REQUIRED else f" = {esc(repr(field.default))}"
    mark = "in" if field.role == "input" else "out"
    return [
        mark,
        f"<b>{esc(field.name)}</b>",
        f"<code>{esc(field.type_name)}{default}</code>",
        esc(field.desc),
    ]


def _predictor(path: str, part: Predict) -> str:
    demos = examples(part.demos) if part.demos else ""
    return (
        f"<details><summary><code>{esc(path)}</code>: {esc(part.signature)}"
        f"{f' · {len(part.demos)} demos' if part.demos else ''}</summary>"
        f"<p>{esc(part.signature.instructions)}</p>{demos}</details>"
    )


def _report_row(row: Row) -> list[str]:
    inputs = row.example.inputs
    outputs: Mapping[str, Any] = row.prediction or {}
    return [
        f"{row.score.value:.2f}",
        _pairs(inputs, 200),
        esc(row.error) if row.error else _pairs(outputs, 100),
        _pairs(row.example.labels, 100),
        "" if row.error else esc(short(row.score.feedback, 200)),
    ]


def _pairs(values: Mapping[str, Any], limit: int) -> str:
    return "<br>".join(
        f"<b>{esc(k)}</b> {esc(short(to_text(v), limit))}" for k, v in values.items()
    )


def _text(value: Any) -> str:
    return f'<span style="white-space:pre-wrap">{esc(to_text(value))}</span>'


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    head = "".join(f'<th style="{LEFT}">{esc(name)}</th>' for name in heads)
    body = "".join(f"<tr>{''.join(map(_cell, row))}</tr>" for row in rows)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def _cell(content: str) -> str:
    return f'<td style="{LEFT}">{content}</td>'
