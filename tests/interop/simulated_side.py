"""What the real DSPy gets from a simulated model; run by the Python of the environment that has it.

`simulated_side.py URL FILE` asks over HTTP with a `dspy.LM`, `simulated_side.py - FILE` asks a
simulated model in this process; the answers are printed as JSON. The file holds the rows to ask.
"""

from __future__ import annotations

import json
import sys
import warnings
from pathlib import Path
from typing import Any, Literal

import dspy

sys.path.insert(0, str(Path(__file__).parent.parent / "bench/study"))


def model(url: str) -> Any:
    """The model at a URL, or in this process."""
    if url != "-":
        return dspy.LM(
            "openai/simulated", api_base=url, api_key="any", cache=False, temperature=0.0
        )
    from dspy_model import Model

    from dspnb import data
    from dspnb.simulation import Simulated

    return Model(Simulated(data.benchmark("negation")))


class Follows(dspy.Signature):
    "Does the hypothesis follow from the premise?"

    premise: str = dspy.InputField()
    hypothesis: str = dspy.InputField()
    label: Literal["entailment", "neutral", "contradiction"] = dspy.OutputField()


def main(url: str, file: str) -> None:
    """Print what programs answer, in two layouts, with and without a reasoning and a demo."""
    warnings.simplefilter("ignore")
    rows = json.loads(Path(file).read_text())
    answers = []
    for adapter in (dspy.ChatAdapter(), dspy.JSONAdapter()):
        with dspy.context(lm=model(url), adapter=adapter):
            for program in (dspy.Predict(Follows), dspy.ChainOfThought(Follows)):
                for _, predictor in program.named_predictors():
                    predictor.demos = [dspy.Example(**rows[0])]
                for row in rows[1:]:
                    given = {name: row[name] for name in ("premise", "hypothesis")}
                    answers.append(program(**given).label)
    sys.stdout.write(json.dumps(answers))


if __name__ == "__main__":
    main(*sys.argv[1:])
