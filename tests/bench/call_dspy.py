"""The same call in DSPy, with a model that answers at once."""

from __future__ import annotations

import sys
import time
import types

import dspy

ANSWER = "[[ ## answer ## ]]\nParis\n\n[[ ## completed ## ]]"


class Instant(dspy.BaseLM):
    """A model that takes no time; answers in the shape of the OpenAI protocol."""

    def __init__(self):
        super().__init__(model="instant")

    def forward(self, prompt=None, messages=None, **kwargs):
        message = types.SimpleNamespace(content=ANSWER, role="assistant")
        choice = types.SimpleNamespace(message=message, finish_reason="stop")
        usage = {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15}
        return types.SimpleNamespace(choices=[choice], usage=usage, model="instant")


def main(demos: int, calls: int) -> None:
    """Print microseconds of CPU a call."""
    rows = [
        dspy.Example(question=f"Where is {i}?", answer=f"place {i}").with_inputs("question")
        for i in range(demos)
    ]
    dspy.configure(lm=Instant(), disable_history=True)
    program = dspy.Predict("question -> answer")
    program.demos = rows
    for i in range(20):
        program(question=f"warm {i}")
    start = time.process_time()
    for i in range(calls):
        assert program(question=f"What is the capital of France, take {i}?").answer == "Paris"
    print(1e6 * (time.process_time() - start) / calls)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
