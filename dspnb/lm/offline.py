"""The embedded model: a small learner in context, for learning and testing without a key.

It reads the prompt as any model does. Demos are its labelled evidence, by nearest neighbours; cues
in the instructions are weaker evidence; without either it guesses. It knows no answers.
"""

from __future__ import annotations

import hashlib
import json
import math
import random
import re
import time
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from .base import Completion, Message, estimate_tokens
from .neighbours import Neighbours, features, index, words

HEADER = re.compile(r"^\[\[ ## (\w+) ## \]\][ \t]*", re.MULTILINE)
FIELD = re.compile(r"^\d+\. `(\w+)` \((.+?)\)(?:: (.*))?$", re.MULTILINE)
NOTE = re.compile(r"^\{(\w+)\}        # note: (.*)$", re.MULTILINE)
NUMBER = re.compile(r"[+-]?\d+(?:\.\d+)?")

CUE = 0.08  # what a cue word in the instructions weighs, beside similarities to demos of 0..1
SHARPNESS = 3.0  # near demos count much more than far ones


class Offline:
    """Answers from the prompt alone; the same prompt always gets the same answer.

    `latency` is how long each answer takes, in seconds, so that a run can be watched. Another
    `rollout` may give another answer, the more often the less sure the model is.
    """

    def __init__(self, latency: float = 0.0) -> None:
        self.latency = latency

    def complete(
        self, messages: Sequence[Message], *, rollout: int, params: Mapping[str, object]
    ) -> Completion:
        """Answer each output field that the prompt describes, by its type."""
        start = time.perf_counter()
        if self.latency:
            time.sleep(self.latency)
        prompt = _read(messages)
        text = _write(prompt, _noise(messages, rollout)) if prompt else _chat(messages)
        return Completion(
            text=text,
            model="offline",
            tokens_in=sum(estimate_tokens(message.content) for message in messages),
            tokens_out=estimate_tokens(text),
            seconds=time.perf_counter() - start,
        )


# -- reading the prompt ----------------------------------------------------------------


@dataclass(frozen=True)
class _Wanted:
    """An output field, as the prompt describes it."""

    name: str
    type: str
    desc: str
    note: str

    @property
    def choices(self) -> list[str]:
        if self.note.startswith("one of: "):
            return self.note.removeprefix("one of: ").split("; ")
        return ["True", "False"] if self.type == "bool" else []


@dataclass(frozen=True)
class _Prompt:
    wanted: list[_Wanted]
    instructions: str
    demos: list[tuple[str, dict[str, str]]]  # the text of the inputs, the outputs
    inputs: dict[str, str]

    @property
    def query(self) -> str:
        return "\n".join(self.inputs.values())


def _read(messages: Sequence[Message]) -> _Prompt | None:
    """The parts of a prompt in the chat layout; None when it is something else."""
    system = "\n\n".join(m.content for m in messages if m.role == "system")
    described, _, outputs = system.partition("Output fields:")
    notes = dict(NOTE.findall(system))
    wanted = [
        _Wanted(name, type_, desc, notes.get(name, ""))
        for name, type_, desc in FIELD.findall(outputs)
    ]
    given = {name for name, *_ in FIELD.findall(described)}
    turns = [(message.role, _sections(message.content)) for message in messages]
    asked = [i for i, (role, found) in enumerate(turns) if role == "user" and given & set(found)]
    if not wanted or not asked:
        return None
    demos = [
        ("\n".join(turns[i][1].values()), turns[i + 1][1])
        for i in asked[:-1]
        if turns[i + 1][0] == "assistant"
    ]
    inputs = {name: text for name, text in turns[asked[-1]][1].items() if name in given}
    return _Prompt(wanted, system.partition("Your task:")[2].strip(), demos, inputs)


def _sections(text: str) -> dict[str, str]:
    _, *parts = HEADER.split(text.partition("\n\nAnswer with `[[ ##")[0])
    return {name: body.strip() for name, body in zip(parts[::2], parts[1::2], strict=True)}


def _noise(messages: Sequence[Message], rollout: int) -> random.Random | None:
    """Where another rollout takes its chances from; None for the first, which takes none."""
    if not rollout:
        return None
    content = "\0".join(message.content for message in messages)
    return random.Random(f"{rollout} {_digest(content)}")


def _digest(text: str) -> int:
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "big")


# -- answering -------------------------------------------------------------------------


def _write(prompt: _Prompt, noise: random.Random | None) -> str:
    """Every wanted field under its header."""
    near = _Near(prompt)
    answers = {
        field.name: _answer(field, prompt, near, noise)
        for field in prompt.wanted
        if not _is_reasoning(field)
    }
    for field in prompt.wanted:
        if _is_reasoning(field):
            answers[field.name] = near.reasons(answers)
    sections = [f"[[ ## {field.name} ## ]]\n{answers[field.name]}" for field in prompt.wanted]
    return "\n\n".join([*sections, "[[ ## completed ## ]]"])


def _is_reasoning(field: _Wanted) -> bool:
    return field.type == "str" and (field.name in ("reasoning", "rationale"))


class _Near:
    """The demos of a prompt, by how like its inputs they are."""

    def __init__(self, prompt: _Prompt) -> None:
        self.prompt = prompt
        self.index: Neighbours = index(tuple(text for text, _ in prompt.demos))
        self.weights = self.index.similarities(prompt.query)

    def votes(self, field: str) -> dict[str, float]:
        """Answer -> how much the demos speak for it."""
        votes: dict[str, float] = defaultdict(float)
        for weight, (_, outputs) in zip(self.weights, self.prompt.demos, strict=True):
            answer = outputs.get(field, "(left out)")
            if answer != "(left out)":
                votes[answer] += weight**SHARPNESS
        return votes

    def nearest(self, field: str) -> tuple[float, str]:
        """The similarity and the answer of the most similar demo that has one."""
        known = [
            (weight, outputs[field])
            for weight, (_, outputs) in zip(self.weights, self.prompt.demos, strict=True)
            if outputs.get(field, "(left out)") != "(left out)"
        ]
        return max(known, default=(0.0, ""))

    def reasons(self, answers: Mapping[str, str]) -> str:
        """What the answers rest on, in a sentence."""
        chosen = ", ".join(f"{name} {value!r}" for name, value in answers.items())
        if not any(self.weights):
            return f"No example is like this one, so {chosen} is a guess from the instructions."
        best = max(range(len(self.weights)), key=self.weights.__getitem__)
        shared = self.index.shared(self.prompt.query, best)
        because = f" They share {', '.join(shared)}." if shared else ""
        return f"Example {best + 1} is the most similar.{because} That speaks for {chosen}."


def _answer(field: _Wanted, prompt: _Prompt, near: _Near, noise: random.Random | None) -> str:
    if field.choices:
        return _choice(field, prompt, near, noise)
    if field.type in ("int", "float"):
        return _number(field, prompt, near)
    if field.note.startswith("JSON"):
        return _structure(field, prompt, near)
    if "instruction" in field.name:
        return _instructions(prompt)
    return _text(field, prompt, near)


def _choice(field: _Wanted, prompt: _Prompt, near: _Near, noise: random.Random | None) -> str:
    votes = near.votes(field.name)
    cues = _cues(f"{field.desc}\n{prompt.instructions}", field.choices)
    asked = set(words(prompt.query))
    scores = {
        choice: votes.get(choice, 0.0) ** (1 / SHARPNESS) + CUE * len(asked & cues[choice])
        for choice in field.choices
    }
    if noise:
        scores = {
            choice: score - 0.05 * math.log(-math.log(noise.random() or 0.5))
            for choice, score in scores.items()
        }
    if not any(scores.values()):  # nothing to go by: a guess, the same each time
        return field.choices[_digest(prompt.query + field.name) % len(field.choices)]
    return max(field.choices, key=lambda choice: scores[choice])


def _cues(text: str, choices: Sequence[str]) -> dict[str, set[str]]:
    """Choice -> the words of the clauses that name it, and of its own name."""
    cues = {choice: set(words(choice)) for choice in choices}
    for clause in re.split(r"[\n;.]", text):
        named = [c for c in choices if re.search(rf"\b{re.escape(c)}\b", clause, re.IGNORECASE)]
        if len(named) == 1:
            cues[named[0]] |= set(words(clause))
    return cues


def _number(field: _Wanted, prompt: _Prompt, near: _Near) -> str:
    known = [
        (weight**SHARPNESS, float(found[0]))
        for weight, (_, outputs) in zip(near.weights, prompt.demos, strict=True)
        if (found := NUMBER.findall(outputs.get(field.name, "")))
    ]
    total = sum(weight for weight, _ in known)
    if total:
        value = sum(weight * number for weight, number in known) / total
    else:
        value = float(next(iter(NUMBER.findall(prompt.query)), 0))
    return str(round(value)) if field.type == "int" else f"{value:g}"


def _text(field: _Wanted, prompt: _Prompt, near: _Near) -> str:
    """A short span of the inputs, of the length that demos have; a very similar demo's answer."""
    similarity, known = near.nearest(field.name)
    if similarity > 0.6:
        return known
    sentences = [s.strip() for s in re.split(r"(?<=[.!?])\s+|\n+", prompt.query) if s.strip()]
    if not sentences:
        return known or "unknown"
    topic = features(f"{field.name} {field.desc} {prompt.instructions}")
    span = max(sentences, key=lambda s: sum(topic[name] for name in features(s)))
    lengths = [
        len(outputs[field.name].split()) for _, outputs in prompt.demos if outputs.get(field.name)
    ]
    most = max(1, round(sum(lengths) / len(lengths))) if lengths else 25
    return " ".join(span.split()[:most])


def _structure(field: _Wanted, prompt: _Prompt, near: _Near) -> str:
    """JSON: the most similar demo's value, else the plainest one that the schema allows."""
    _, known = near.nearest(field.name)
    if known:
        return known
    schema = json.loads(field.note.partition(": ")[2])
    return json.dumps(_plainest(schema, schema, prompt), ensure_ascii=False)


def _plainest(schema: dict[str, object], root: dict[str, object], prompt: _Prompt) -> object:
    match schema:
        case {"$ref": str(name)}:
            definitions = root.get("$defs")
            assert isinstance(definitions, dict)
            return _plainest(definitions[name.rsplit("/", 1)[1]], root, prompt)
        case {"enum": [first, *_]} | {"const": first}:
            return first
        case {"anyOf": [dict(first), *_]}:
            return _plainest(first, root, prompt)
        case {"type": "object", "properties": dict(properties)}:
            return {name: _plainest(part, root, prompt) for name, part in properties.items()}
        case {"type": "object"}:
            return {}
        case {"type": "array", "items": {"type": "string"}}:
            return words(prompt.query)[:3]
        case {"type": "array"}:
            return []
        case {"type": "integer" | "number"}:
            return float(next(iter(NUMBER.findall(prompt.query)), 0)) // 1
        case {"type": "boolean"}:
            return False
        case {"type": "null"}:
            return None
    return " ".join(prompt.query.split()[:8])


# -- writing instructions --------------------------------------------------------------


def _instructions(prompt: _Prompt) -> str:
    """What tells the labels apart in the examples that the inputs show."""
    by_label: dict[str, Counter[str]] = defaultdict(Counter)
    for text, label in _records(prompt.query):
        by_label[label].update(set(words(text)))
    if len(by_label) < 2:
        return " ".join(prompt.query.split()[:40])
    everywhere = sum(by_label.values(), Counter())
    lines = []
    for label, counts in sorted(by_label.items()):
        telling = sorted(counts, key=lambda w: (-(counts[w] ** 2) / everywhere[w], w))[:12]
        lines.append(f"{label}: {', '.join(telling)}")
    return "Decide by these signs.\n" + "\n".join(lines)


def _records(text: str) -> list[tuple[str, str]]:
    """(text, label) of each example in a listing: blocks of `name: value` lines."""
    blocks = [
        dict(re.findall(r"^\W*(\w+)\W{1,4}[:=]?\s*(\S.*?)[\"',]*$", block, re.MULTILINE))
        for block in re.split(r"\n\s*\n", text)
    ]
    blocks = [block for block in blocks if len(block) > 1]
    values: dict[str, Counter[str]] = defaultdict(Counter)
    for block in blocks:
        for name, value in block.items():
            values[name][value] += 1
    labels = [
        name for name, seen in values.items() if 1 < len(seen) <= max(2, sum(seen.values()) // 2)
    ]
    if not labels:
        return []
    label = min(labels, key=lambda name: sum(map(len, values[name])) / len(values[name]))
    return [
        (" ".join(value for name, value in block.items() if name != label), block[label])
        for block in blocks
        if label in block
    ]


def _chat(messages: Sequence[Message]) -> str:
    asked = " ".join(messages[-1].content.split())[:80]
    return (
        "I am dspnb's offline model, a toy for learning and testing: I answer the fields of a "
        f"signature from the examples in its prompt. You wrote: {asked!r}."
    )
