"""Record prompts of ours and of the real DSPy, for the tests of what the simulated model reads.

Run by the Python of an environment that has dspy, with the project in `PYTHONPATH`. The answers are
kept by their digests: to record again is to say that they may change.
"""

from __future__ import annotations

import contextlib
import itertools
import sys
import warnings
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

warnings.simplefilter("ignore")
sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parent.parent / "bench/study")]

import dspy  # noqa: E402
from dspy_model import Model  # noqa: E402
from recorded import Recorded, digest, save  # noqa: E402

import dspnb  # noqa: E402
from dspnb import Budget, adapters, data, optimizers, use  # noqa: E402
from dspnb.data.benchmark import Benchmark  # noqa: E402
from dspnb.module import Setting  # noqa: E402
from dspnb.simulation import Simulated  # noqa: E402

Turns = tuple[tuple[str, str], ...]
ASKED = 2  # last turns of each start that are kept
QUESTIONS = 2  # of each optimizer
OURS = {
    "chat": adapters.ChatAdapter(),
    "json": adapters.JSONAdapter(),
    "xml": adapters.XMLAdapter(),
    "compact": adapters.CompactAdapter(),
}
THEIRS = {"chat": dspy.ChatAdapter(), "json": dspy.JSONAdapter()}
HEARD: list[tuple[Turns, bool]] = []  # prompts, and whether they are of the program


class Listening(Simulated):
    """A simulated model that keeps its prompts."""

    def text(self, messages: Any, sample: int = 0) -> str:
        """What it answers, as text."""
        turns = tuple((one.role, one.content) for one in messages)
        HEARD.append((turns, self.is_of_the_program(messages)))
        return super().text(messages, sample)


@contextlib.contextmanager
def keeping(
    rows: list[Recorded], benchmark: str, library: str, layout: str, source: str = "program"
) -> Iterator[None]:
    """Keep what any model is asked inside."""
    HEARD.clear()
    yield
    starts: dict[Turns, list[str]] = {}
    for turns, own in HEARD:
        if own == (source == "program"):
            asked = starts.setdefault(turns[:-1], [])
            if turns[-1][1] not in asked and len(asked) < ASKED:
                asked.append(turns[-1][1])
    found = [
        Recorded(benchmark, library, layout, source, before, tuple(asked))
        for before, asked in starts.items()
    ]
    rows += found if source == "program" else found[-QUESTIONS:]


def taught(benchmark: Benchmark) -> dspnb.Module:
    """A program whose predictors are told a right rule and a wrong one, with two demos."""
    program = benchmark.program()
    example, other = benchmark.examples(2, seed=5)
    contrary = dspnb.Example(**{**other, **{name: example[name] for name in benchmark.labels}})
    state = {}
    for path, predictor in program.predictors():
        rules = [rule for rule in benchmark.rules if rule.path in ("", path)]
        told = [*rules[:1], *(rule for rule in rules if rule.wrong)][:2]
        names = {one.name for one in predictor.signature.fields}
        text = " ".join([predictor.signature.instructions, *(rule.texts[0] for rule in told)])
        demos = (example, contrary) if names - {"reasoning"} <= set(example) else ()
        state[path] = Setting(text, demos)
    return program.with_state(state)


def of_dspy(predictor: Any, signature: dspnb.Signature) -> Any:
    """The same predictor in DSPy."""
    fields = {
        one.name: (one.type, dspy.InputField() if one.role == "input" else dspy.OutputField())
        for one in signature.fields
    }
    made = dspy.Predict(dspy.make_signature(fields, predictor.signature.instructions))
    made.demos = [dspy.Example(**demo) for demo in predictor.demos]
    return made


def of_programs(rows: list[Recorded]) -> None:
    """Prompts of programs: of one in all layouts, of the others in turn."""
    ours, theirs = itertools.cycle(OURS), itertools.cycle(THEIRS)
    for name, benchmark in data.BENCHMARKS.items():
        every = name == "negation"
        program, model = taught(benchmark), Listening(benchmark)
        calls = []
        for layout in OURS if every else [next(ours)]:
            with (
                keeping(rows, name, "dspnb", layout),
                use(lm=model, adapter=OURS[layout]),
            ):
                for example in benchmark.examples(ASKED, seed=9):
                    calls += program(**example.inputs).trace
        by_path = dict(program.predictors())
        for layout in THEIRS if every else [next(theirs)]:
            with (
                keeping(rows, name, "dspy", layout),
                dspy.context(lm=Model(model), adapter=THEIRS[layout]),
            ):
                for call in calls:
                    of_dspy(by_path[call.path], call.signature)(**call.inputs)


def of_our_optimizers(rows: list[Recorded]) -> None:
    """Questions of ours to a proposer."""
    for name, optimizer in {
        "GEPA": optimizers.GEPA(max_metric_calls=150),
        "COPRO": optimizers.COPRO(breadth=3, depth=2),
        "MIPRO": optimizers.MIPROv2(auto=None, num_candidates=3, num_trials=3, minibatch=False),
        "SIMBA": optimizers.SIMBA(bsize=8, num_candidates=3, max_steps=2, max_demos=1),
        "InferRules": optimizers.InferRules(num_candidates=2),
    }.items():
        for of in ("negation", "two_hops"):
            benchmark = data.benchmark(of)
            train, val, _ = benchmark.sets(20, 20)
            model = Listening(benchmark)
            with keeping(rows, of, "dspnb", "chat", name), use(lm=model):
                dspnb.compile(
                    benchmark.program(),
                    optimizer,
                    metric=benchmark.metric,
                    train=train,
                    val=val,
                    budget=Budget(calls=2000),
                    proposer=model,
                ).wait()


def of_their_optimizers(rows: list[Recorded]) -> None:
    """Questions of DSPy's."""
    benchmark = data.benchmark("negation")
    (predictor,) = (one for _, one in benchmark.program().predictors())

    def metric(example: Any, prediction: Any, trace: Any = None) -> float:
        return float(example.label == prediction.label)

    rows_ = [dspy.Example(**one).with_inputs(*one.inputs) for one in benchmark.examples(16)]
    for name in ("COPRO", "MIPROv2", "SIMBA", "InferRules"):
        model = Model(Listening(benchmark))
        with keeping(rows, "negation", "dspy", "chat", name), dspy.context(lm=model):
            dspy.configure(lm=model)
            program = of_dspy(predictor, predictor.signature)
            match name:
                case "COPRO":
                    dspy.COPRO(prompt_model=model, metric=metric, breadth=3, depth=2).compile(
                        program, trainset=rows_, eval_kwargs={"num_threads": 1}
                    )
                case "MIPROv2":
                    dspy.MIPROv2(
                        metric, model, model, auto=None, num_candidates=3, num_threads=1
                    ).compile(program, trainset=rows_, valset=rows_, num_trials=3, minibatch=False)
                case "SIMBA":
                    dspy.SIMBA(
                        metric=metric, bsize=8, num_candidates=3, max_steps=2, max_demos=1,
                        num_threads=1,
                    ).compile(program, trainset=rows_)  # fmt: skip
                case _:
                    dspy.InferRules(metric=metric, num_candidates=2, num_threads=1).compile(
                        program, trainset=rows_, valset=rows_
                    )


def main() -> None:
    """Record everything."""
    rows: list[Recorded] = []
    of_programs(rows)
    of_our_optimizers(rows)
    of_their_optimizers(rows)
    save(replace(row, digests=tuple(map(digest, row.answers()))) for row in rows)


if __name__ == "__main__":
    main()
