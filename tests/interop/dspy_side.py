"""What the real DSPy saves and loads; run by the Python of the environment that has it.

`save FOLDER` writes the programs below as DSPy does. `load FOLDER` reads files into fresh programs
and prints their states as JSON. With `dspnb` after the folder, DSPy is replaced by dspnb, so that
the same lines make the same programs in both.
"""

from __future__ import annotations

import datetime
import enum
import json
import sys
from pathlib import Path
from typing import Any, Literal

import pydantic

# Programs with a model of their own: the kind of model, by the program's name.
KINDS = {"model": "chat", "responses": "responses", "text": "text"}


class City(pydantic.BaseModel):
    """A value of a class of one's own."""

    name: str
    lakes: list[str] = []


class Size(enum.Enum):
    """A value of a fixed set."""

    BIG = "big"


def programs(lib: Any) -> dict[str, Any]:
    """Fresh programs by name, in either library."""

    class Typed(lib.Signature):
        "Find the city."

        userID: str = lib.InputField()
        GPTModel2x: str = lib.InputField(desc="what was asked")
        since: datetime.date = lib.InputField()
        city: City = lib.OutputField()
        maybe: int | None = lib.OutputField(desc="a guess")
        size: Size = lib.OutputField()
        mood: Literal["good", "bad"] = lib.OutputField()

    class Nested(lib.Module):
        def __init__(self) -> None:
            super().__init__()
            self.one = lib.Predict("q -> a")
            self.hops = [lib.ChainOfThought("q, notes: list[str] -> query") for _ in range(2)]
            self.tools = {"sum it": lib.Predict("notes: list[str] -> summary: str, score: float")}
            self.shared = self.one

    class Outer(lib.Module):
        def __init__(self) -> None:
            super().__init__()
            self.inner = Nested()
            self.last = lib.ChainOfThought(Typed)

    return {
        "flat": lib.Predict("question -> answer"),
        "typed": lib.Predict(Typed),
        "thought": lib.ChainOfThought("question -> answer"),
        "nested": Nested(),
        "outer": Outer(),
        **{name: lib.Predict("question -> answer") for name in KINDS},
    }


def demos(lib: Any, signature: list[str]) -> list[Any]:
    """A labelled and a bootstrapped demo, and one with gaps, for fields of these names."""
    values = {
        "since": datetime.date(2024, 5, 1),
        "city": City(name="Ulm", lakes=["Ä", "b"]),
        "maybe": None,
        "size": Size.BIG,
        "mood": "good",
        "notes": ["x", "y"],
        "score": 0.5,
    }
    row = {name: values.get(name, f"{name} “1”\n2") for name in signature}
    first = dict(list(row.items())[:2])
    return [lib.Example(**row), lib.Example(augmented=True, **row), lib.Example(**first, label=3)]


def predictors(program: Any) -> dict[str, Any]:
    """Path -> predictor."""
    if hasattr(program, "named_predictors"):
        return dict(program.named_predictors())
    return dict(program.predictors())


def field_names(signature: Any) -> list[str]:
    """In order, in either library."""
    fields = signature.fields
    return list(fields) if isinstance(fields, dict) else [field.name for field in fields]


def plain(value: Any) -> Any:
    """For `json`, the same for what both libraries hold."""
    if isinstance(value, pydantic.BaseModel):
        return value.model_dump(mode="json")
    if isinstance(value, enum.Enum):
        return value.value
    return str(value)


def change(lib: Any, name: str, program: Any) -> None:
    """Give every predictor instructions and demos; some programs a model."""
    for i, predictor in enumerate(predictors(program).values()):
        text = f"Do {i} things:\n\n- “ünï” {name}"
        predictor.signature = predictor.signature.with_instructions(text)
        rows = demos(lib, field_names(predictor.signature))
        predictor.demos = rows if lib.__name__ == "dspy" else tuple(rows)
        if name in KINDS:
            words = ("model_type", "num_retries") if lib.__name__ == "dspy" else ("kind", "retries")
            own = dict(zip(words, (KINDS[name], 7), strict=True))
            predictor.lm = lib.LM(
                "openai/gpt-4o-mini",
                temperature=0.3,
                max_tokens=99,
                cache=False,
                timeout=20.0,
                **own,
            )


def state(program: Any) -> list[Any]:
    """Instructions, demos and model of each predictor, in order."""
    return [
        {
            "instructions": predictor.signature.instructions,
            "demos": [dict(demo.items()) for demo in predictor.demos],
            "lm": _model(predictor.lm),
        }
        for predictor in predictors(program).values()
    ]


def _model(lm: Any) -> Any:
    if lm is None:
        return None
    if hasattr(lm, "kwargs"):  # DSPy's
        params, own = dict(lm.kwargs), [lm.model_type, lm.num_retries, lm.kwargs["timeout"]]
        del params["timeout"]
    else:
        params, own = lm.params, [lm.kind, lm.retries, lm.timeout]
    return [lm.model, *own, {name: value for name, value in params.items() if value is not None}]


def main(action: str, folder: Path, library: str = "dspy") -> None:
    """Save or load all programs; print their states."""
    lib = __import__(library)
    states = {}
    for name, program in programs(lib).items():
        file = folder / f"{name}.json"
        if action == "save":
            change(lib, name, program)
            program.save(str(file))
        else:
            program.load(str(file))
        states[name] = state(program)
    sys.stdout.write(json.dumps(states, default=plain))


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), *sys.argv[3:])
