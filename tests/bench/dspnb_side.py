"""What the benches ask of dspnb. `dspy_side.py` does the same things with the real DSPy."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from measuring import question

from dspnb import LM, Example, Module, Predict, Prediction, Report, configure, evaluate, metrics
from dspnb.notebook.session import Recent


def connect(url: str, *, cache: bool = False) -> None:
    """Use the model at this address."""
    lm = LM("openai/bench-model", api_base=url, api_key="k", cache=cache)
    configure(lm=lm, history=Recent())


def predict() -> Module:
    """The plainest program."""
    return Predict("question -> answer")


class Answer(Module):
    """A program as a user writes it."""

    def __init__(self) -> None:
        self.answer = Predict("question -> answer")

    def forward(self, question: str) -> Prediction:
        return self.answer(question=question)


class Silent(Module):
    """A program that asks no model."""

    def forward(self, question: str) -> Prediction:
        return Prediction(answer="Paris")


def examples(count: int, *, distinct: int | None = None) -> list[Example]:
    """As many as asked for, with as many different questions."""
    return [
        Example(question=question(i % (distinct or count)), answer="Paris").with_inputs("question")
        for i in range(count)
    ]


def score(program: Module, data: Sequence[Example], concurrency: int) -> Report:
    """Evaluate."""
    return evaluate(program, data, metrics.exact("answer"), concurrency=concurrency)


def right(report: Report) -> float:
    """The share of the examples that were answered, and rightly."""
    return report.mean


def text_kept(report: Report) -> int:
    """Bytes of text in the calls of a report: what was asked last, and what came back."""
    calls = [call for row in report.rows for call in row.trace]
    return sum(len(call.messages[-1].content) + len(call.completion.text) for call in calls)


def stream(program: Module, questions: Iterable[str]) -> list[str]:
    """The answers, read piece by piece."""
    return [
        "".join(chunk.text for chunk in program.stream(question=question)) for question in questions
    ]
