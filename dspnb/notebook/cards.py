"""HTML for each kind of object: tables and foldable lists that read well with no CSS at all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from dspnb.adapters.kinds import optional
from dspnb.data import Split
from dspnb.example import Example, Score
from dspnb.example import Prediction as Outputs
from dspnb.lm import LM, Completion, Model, Recorded, Replayed, Usage
from dspnb.lm.ledger import Calls
from dspnb.lm.money import money
from dspnb.lm.sums import Sums
from dspnb.report import Report, Row
from dspnb.signature import REQUIRED, Field, Signature
from dspnb.trace import Attempt, Call, Check, cost
from dspnb.types import ToolCalls

from .markup import code, fold, kept, table
from .shown import fields, shown, tool_calls
from .text import esc, short, spending

MOST_ROWS = 20


def signature(value: Signature) -> str:
    """A card: the name, the instructions, the fields."""
    title = f"<b>{esc(value.name)}</b>: " if value.name else ""
    return f"<p>{title}{kept(value.instructions)}</p>{signature_fields(value)}"


def signature_fields(value: Signature) -> str:
    """Fields with their types, constraints, defaults and descriptions."""
    heads = ["", "field", "type", "default", "description"]
    return table(heads, map(_field_row, value.fields))


def example(value: Example) -> str:
    """Its fields, inputs marked."""
    inputs = value.input_names
    return table(
        ["field", "", "value"],
        (
            [f"<b>{esc(name)}</b>", "input" if name in inputs else "", shown(content)]
            for name, content in value.items()
        ),
    )


def examples(value: Sequence[Example]) -> str:
    """The first rows as a table."""
    first = value[:10]
    names = list(dict.fromkeys(name for row in value[:MOST_ROWS] for name in row))
    inputs = value[0].input_names if value else ()
    heads = [f"{name} (input)" if name in inputs else name for name in names]
    rows = ([shown(row[n], 200) if n in row else "" for n in names] for row in first)
    count = "1 example" if len(value) == 1 else f"{len(value)} examples"
    more = ", the first 10 shown" if len(value) > len(first) else ""
    return f"<p>{count}{more}</p>{table(heads, rows)}"


def split(value: Split) -> str:
    """The size of each part, and its rows folded."""
    return "".join(
        fold(f"<b>{name}</b>: {len(part)} examples", examples(part))
        for name, part in zip(Split._fields, value, strict=True)
    )


def prediction(value: Outputs) -> str:
    """Its outputs, what they took, and folded: other samples, and why it was asked again."""
    rows = ([f"<b>{esc(name)}</b>", shown(content)] for name, content in value.items())
    parts = [table(["output", "value"], rows), _took(value)]
    if len(value.completions) > 1:
        samples = map(_sample_row, value.completions)
        names = list(value)
        parts.append(fold(f"{len(value.completions)} samples", table(names, samples)))
    if again := [*map(_attempt_row, value.attempts), *map(_rejected_row, _rejected(value))]:
        count = f"{len(again)} answer{'s' * (len(again) != 1)} not used"
        parts.append(fold(count, table(["because", "answer"], again)))
    if value.checks:
        met = sum(check.held for check in value.checks)
        number = len(value.checks)
        summary = f"{number} constraint{'s' * (number != 1)} not met at first, {met} met in the end"
        heads = ["constraint", "", "", "asked again"]
        parts.append(fold(summary, table(heads, map(_check_row, value.checks))))
    return "".join(parts)


def score(value: Score) -> str:
    """The number, its parts, and what the metric says of it."""
    feedback = f"<p>{kept(value.told)}</p>" if value.told else ""
    parts = fields(value.parts) if value.parts else ""
    return f"<p>score <b>{value.value:.3f}</b></p>{parts}{feedback}"


def report(value: Report) -> str:
    """The mean with its interval, then the rows: failures first, then the lowest scores."""
    low, high = value.interval
    failed = f", <b>{len(value.errors)} failed</b>" if value.errors else ""
    cost = spending(value.cost, value.unpriced)
    metric = f" · {esc(value.metric)}" if value.metric else ""
    head = (
        f"<p><b>{value.mean:.3f}</b> (95% interval {low:.3f} to {high:.3f}) on "
        f"{len(value.rows)} examples{failed}{cost}{metric}</p>"
    )
    rows = sorted(value.rows, key=lambda row: (not row.error, row.score.value))[:MOST_ROWS]
    heads = ["score", "inputs", "prediction", "labels", "feedback"]
    summary = f"{len(rows)} of {len(value.rows)} rows, lowest first"
    return head + _constraints(value) + fold(summary, table(heads, map(_report_row, rows)))


def _constraints(value: Report) -> str:
    """How often each constraint of the program was not met; nothing when all always were."""
    if not value.checks:
        return ""
    often = sorted(value.checks.items(), key=lambda item: -item[1][0])
    number = sum(missed for _, (missed, _) in often)
    met = sum(met for _, (_, met) in often)
    rows = ([esc(message), str(missed), str(met)] for message, (missed, met) in often[:MOST_ROWS])
    summary = f"constraints: {number} times not met at first, {met} times met in the end"
    return fold(summary, table(["constraint", "not met at first", "met in the end"], rows))


def completion(value: Completion) -> str:
    """A model's answer as it came: what it thought, what it said, which tools it calls."""
    facts = [value.model, f"{value.tokens_in} tokens in, {value.tokens_out} out"]
    facts += ["from the cache"] if value.cached else [money(value.dollars)]
    facts += [f"ended by {value.finish}"] if value.finish not in ("", "stop") else []
    parts = [f"<p>{esc(' · '.join(filter(None, facts)))}</p>"]
    if value.reasoning:
        parts.append(fold("reasoning", f"<p>{kept(value.reasoning)}</p>"))
    parts.append(_answered(value))
    if len(value.samples) > 1:
        parts.append(fold(f"{len(value.samples)} samples", "".join(map(_answered, value.samples))))
    return "".join(parts)


def _answered(value: Completion) -> str:
    called = tool_calls(ToolCalls(value.tool_calls)) if value.tool_calls else ""
    return (code(value.text) if value.text or not called else "") + called


def model(value: Model) -> str:
    """A model's name, parameters and use so far; the offline one says what it is at first."""
    toy = isinstance(value, LM) and value.model == "offline" and value.usage == Usage()
    note = (
        "<p>The offline model is a toy for learning and testing: it learns from the demos in its "
        "prompt, by nearest neighbours over words, and knows no answers. It needs no key and no "
        "network, and answers alike on every machine.</p>"
    )
    return models({"": value}) + (note if toy else "")


def models(value: Mapping[str, Model]) -> str:
    """The models of a session with what they did so far."""
    return table(
        [
            "role",
            "model",
            "parameters",
            "calls",
            "cached",
            "failed",
            "tokens in",
            "tokens out",
            "cost",
        ],
        (
            [
                esc(role),
                _model_name(lm),
                esc(", ".join(f"{k}={v!r}" for k, v in _set(lm).items())),
                f"{lm.usage.calls:,}",
                f"{lm.usage.cached:,}",
                f"{lm.usage.failed:,}",
                f"{lm.usage.tokens_in:,}",
                f"{lm.usage.tokens_out:,}",
                esc(money(lm.usage.dollars, lm.usage.unpriced)),
            ]
            for role, lm in value.items()
        ),
    )


def _model_name(lm: Model) -> str:
    name = f"<b>{esc(lm.model)}</b>"
    match lm:
        case Recorded():
            return f"{name}, recorded in {esc(lm.file.name)}"
        case Replayed():
            return f"{name}, replayed from {esc(lm.file.name)}"
        case _:
            return name


def _set(lm: Model) -> dict[str, Any]:
    """What was set of a model beside its name."""
    inside = lm.lm if isinstance(lm, Recorded) else lm
    return {**(inside.own if isinstance(inside, LM) else {}), **lm.params}


def sums(value: Sums) -> str:
    """Calls of a ledger added up, what each row has in common first."""
    heads, *rows = value.cells()
    return table(heads, ([esc(cell) for cell in row] for row in rows))


def calls(value: Calls) -> str:
    """Calls of a ledger by model, and folded by run and by predictor."""
    return sums(value.sum("model")) + breakdown(value)


def breakdown(value: Calls) -> str:
    """Calls of a ledger by run and by predictor, folded; nothing when there are none."""
    by_run, by_path = value.sum("run", "model"), value.sum("path", "model")
    return "".join(
        fold(summary, sums(rows))
        for summary, rows in (("by run", by_run), ("by predictor", by_path))
        if rows
    )


def _field_row(field: Field) -> list[str]:
    if field.default is not REQUIRED:
        default = f"<code>{esc(short(repr(field.default), 80))}</code>"
    else:
        default = "optional" if field.role == "output" and optional(field) else ""
    return [
        "in" if field.role == "input" else "out",
        f"<b>{esc(field.name)}</b>",
        f"<code>{esc(field.type_name)}</code>",
        default,
        esc(field.desc),
    ]


def _took(value: Outputs) -> str:
    calls = value.trace
    if not calls:
        return ""
    tokens = sum(call.tokens_in + call.tokens_out for call in calls)
    count = "1 call" if len(calls) == 1 else f"{len(calls)} calls"
    return f"<p>{count}, {tokens} tokens{spending(*cost(calls))}</p>"


def _sample_row(sample: Outputs) -> list[str]:
    return [shown(content, 200) for content in sample.values()]


def _rejected(value: Outputs) -> list[Call]:
    return [call for call in value.trace if call.rejected]


def _attempt_row(attempt: Attempt) -> list[str]:
    return [esc(attempt.error), code(attempt.text) if attempt.text else ""]


def _rejected_row(call: Call) -> list[str]:
    return [esc(call.rejected), _pairs(call.outputs, 200)]


def _check_row(check: Check) -> list[str]:
    held = "met in the end" if check.held else "<b>not met</b>"
    return [esc(check.message), check.kind, held, _times(check.tries)]


def _times(number: int) -> str:
    return {1: "once", 2: "twice"}.get(number, f"{number} times")


def _report_row(row: Row) -> list[str]:
    inputs = row.example.inputs
    outputs: Mapping[str, Any] = row.prediction or {}
    return [
        f"{row.score.value:.2f}",
        _pairs(inputs, 200),
        esc(row.error) if row.error else _pairs(outputs, 100),
        _pairs(row.example.labels, 100),
        "" if row.error else esc(short(row.score.told, 200)),
    ]


def _pairs(values: Mapping[str, Any], limit: int) -> str:
    return "<br>".join(f"<b>{esc(k)}</b> {shown(v, limit)}" for k, v in values.items())
