"""The benchmarks' programs and metrics in DSPy, and the way back."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import dspy

from dspnb.data.benchmark import Benchmark
from dspnb.data.benchmarks import claim_recall, pii, two_hops
from dspnb.example import Example, Prediction, Score
from dspnb.module import State
from dspnb.signature import Signature


def program(benchmark: Benchmark) -> dspy.Module:
    """The benchmark's program, as DSPy would have it written."""
    if benchmark.name in MODULES:
        return MODULES[benchmark.name]()
    (signature,) = benchmark.signatures.values()
    return dspy.Predict(as_signature(signature))


def is_program(benchmark: Benchmark, module: Any) -> bool:
    """Whether a module is the benchmark's program, rather than a part of it or a proposer."""
    if benchmark.name in MODULES:
        return isinstance(module, MODULES[benchmark.name])
    (signature,) = benchmark.signatures.values()
    wanted = {one.name for one in signature.outputs}
    return isinstance(module, dspy.Predict) and set(module.signature.output_fields) == wanted


def as_signature(signature: Signature) -> type[dspy.Signature]:
    """The same instructions, fields and types."""
    space: dict[str, Any] = {"__doc__": signature.instructions, "__annotations__": {}}
    for one in signature.fields:
        space["__annotations__"][one.name] = one.type
        kind = dspy.InputField if one.role == "input" else dspy.OutputField
        space[one.name] = kind(desc=one.desc or "")
    made: type[dspy.Signature] = type(dspy.Signature)("Task", (dspy.Signature,), space)
    return made


class TwoHops(dspy.Module):
    """Search twice, the second time knowing what was found, then answer."""

    def __init__(self) -> None:
        super().__init__()
        self.query = dspy.Predict(as_signature(two_hops.QUERY))
        self.answer = dspy.Predict(as_signature(two_hops.ANSWER))

    def forward(self, question: str) -> dspy.Prediction:
        notes = "none"
        for _ in range(two_hops.HOPS):
            query = self.query(question=question, notes=notes).query
            notes = two_hops._noted(notes, query)
        return dspy.Prediction(answer=self.answer(question=question, notes=notes).answer)


class Pii(dspy.Module):
    """Take out what is private, then pass the rest on."""

    def __init__(self) -> None:
        super().__init__()
        self.redact = dspy.Predict(as_signature(pii.REDACT))
        self.brief = dspy.Predict(as_signature(pii.BRIEF))

    def forward(self, request: str) -> dspy.Prediction:
        redacted = self.redact(request=request).redacted
        return dspy.Prediction(redacted=redacted, brief=self.brief(redacted=redacted).brief)


class ClaimRecall(dspy.Module):
    """Look names up, then those that turn up, and pick passages."""

    def __init__(self) -> None:
        super().__init__()
        self.names = dspy.Predict(as_signature(claim_recall.NAMES))
        self.follow = dspy.Predict(as_signature(claim_recall.FOLLOW))
        self.variants = dspy.Predict(as_signature(claim_recall.VARIANTS))
        self.pick = dspy.Predict(as_signature(claim_recall.PICK))

    def forward(self, claim: str) -> dspy.Prediction:
        names = self.names(claim=claim).names
        found = claim_recall._looked_up(names)
        if not found:
            found = claim_recall._looked_up(self.variants(claim=claim, names=names).variants)
        further = self.follow(claim=claim, passages=claim_recall._shown(found)).further
        found = claim_recall._together(found, claim_recall._looked_up(further))
        passages = claim_recall._shown(found)
        return dspy.Prediction(titles=self.pick(claim=claim, passages=passages).titles)


MODULES: Mapping[str, Callable[[], dspy.Module]] = {
    "claim_recall": ClaimRecall,
    "pii": Pii,
    "two_hops": TwoHops,
}


# -- examples and metrics ------------------------------------------------------------------


def as_examples(examples: Iterable[Example]) -> list[dspy.Example]:
    """The same examples."""
    return [dspy.Example(**one).with_inputs(*one.input_names) for one in examples]


@dataclasses.dataclass(frozen=True)
class Metric:
    """The benchmark's metric, a number; with `feedback` a prediction, as GEPA wants it."""

    benchmark: Benchmark
    feedback: bool = False

    def __call__(
        self,
        gold: dspy.Example,
        given: dspy.Prediction,
        trace: Any = None,
        pred_name: str | None = None,
        pred_trace: Any = None,
    ) -> Any:
        score = self._score(gold, given)
        if not self.feedback:
            return score.value
        # As ours tells it: of the predictor that is asked about, then of the whole.
        said = [score.about.get(pred_name or "", ""), score.feedback]
        return dspy.Prediction(score=score.value, feedback="\n".join(filter(None, said)))

    def _score(self, gold: dspy.Example, given: dspy.Prediction) -> Score:
        example = Example(**dict(gold.items())).with_inputs(*gold.inputs().keys())
        return self.benchmark.metric(example, Prediction(**dict(given.items())))


# -- the way back --------------------------------------------------------------------------


def state_of(benchmark: Benchmark, module: dspy.Module) -> State:
    """Instructions and demos of a DSPy program, as a state of ours."""
    own = benchmark.program().state
    theirs = [predictor for _, predictor in module.named_predictors()]
    return {
        path: dataclasses.replace(
            setting,
            instructions=predictor.signature.instructions,
            demos=tuple(Example(**dict(demo.items())) for demo in predictor.demos),
        )
        for (path, setting), predictor in zip(own.items(), theirs, strict=True)
    }
