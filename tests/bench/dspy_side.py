"""What the benches ask of the real DSPy, as `dspnb_side.py` does of dspnb."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from typing import Any

import dspy
from measuring import question


def connect(url: str, *, cache: bool = False) -> None:
    """Use the model at this address, under a name in DSPy's list of prices: its faster case."""
    dspy.configure(lm=dspy.LM("openai/gpt-4o-mini", api_base=url, api_key="k", cache=cache))


def predict() -> dspy.Module:
    """The plainest program."""
    return dspy.Predict("question -> answer")


class Answer(dspy.Module):
    """A program as a user writes it."""

    def __init__(self) -> None:
        super().__init__()
        self.answer = dspy.Predict("question -> answer")

    def forward(self, question: str) -> dspy.Prediction:
        return self.answer(question=question)


class Silent(dspy.Module):
    """A program that asks no model."""

    def forward(self, question: str) -> dspy.Prediction:
        return dspy.Prediction(answer="Paris")


def examples(count: int, *, distinct: int | None = None) -> list[dspy.Example]:
    """As many as asked for, with as many different questions."""
    rows = (
        {"question": question(i % (distinct or count)), "answer": "Paris"} for i in range(count)
    )
    return [dspy.Example(row).with_inputs("question") for row in rows]


def _right(example: dspy.Example, prediction: dspy.Prediction, trace: object = None) -> bool:
    return example.answer == prediction.answer


def score(program: dspy.Module, data: Sequence[dspy.Example], concurrency: int) -> Any:
    """Evaluate."""
    run = dspy.Evaluate(
        devset=list(data), metric=_right, num_threads=concurrency, display_progress=False
    )
    return run(program)


def right(result: Any) -> float:
    """The share of the examples that were answered, and rightly."""
    return result.score / 100


def text_kept(result: Any) -> int:
    """Bytes of text in the calls that the model remembers: asked last, and what came back."""
    calls = dspy.settings.lm.history
    return sum(len(call["messages"][-1]["content"]) + len(call["outputs"][0]) for call in calls)


def stream(program: dspy.Module, questions: Iterable[str]) -> list[str]:
    """The answers, read piece by piece on one event loop: its faster case."""
    return asyncio.run(_streamed(program, questions))


async def _streamed(program: dspy.Module, questions: Iterable[str]) -> list[str]:
    listener = dspy.streaming.StreamListener(signature_field_name="answer", allow_reuse=True)
    streaming = dspy.streamify(program, stream_listeners=[listener])
    answers = []
    for asked in questions:
        parts = [part async for part in streaming(question=asked)]
        chunks = [part for part in parts if isinstance(part, dspy.streaming.StreamResponse)]
        answers.append("".join(chunk.chunk for chunk in chunks))
    return answers
