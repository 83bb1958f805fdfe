"""The embedded model: a small learner in context, for learning and testing without a key.

It reads the prompt as any model does. Demos are its labelled evidence, by nearest neighbours; cues
in the instructions are weaker evidence; without either it guesses. It knows no answers. An answer
that was not accepted is not given again while there is another.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import math
import random
import re
import sys
import threading
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence

from dspnb.cancellation import Cancelled, cancellation

from . import signs
from .base import Completion, Feature, Message, estimate_tokens, pieces
from .layouts import LEFT_OUT, Prompt, Wanted, read, write
from .neighbours import Neighbours, features, index, words
from .notation import Many, Notation
from .patient import OnText
from .plainest import plainest
from .prices import Price
from .request import Request

NUMBER = re.compile(r"[+-]?\d+(?:\.\d+)?")

CUE = 0.08  # what a cue word in the instructions weighs, beside similarities to demos of 0..1
SHARPNESS = 3.0  # near demos count much more than far ones
TURNS = 8  # how many other values of a JSON type are tried


class Offline:
    """Answers from the prompt alone; the same prompt always gets the same answer.

    `latency` is how long each answer takes, in seconds, so that a run can be watched. Another
    `rollout` may give another answer, the more often the less sure the model is.
    """

    supports: frozenset[Feature] = frozenset()
    price = Price(0.0, 0.0)

    def __init__(self, latency: float = 0.0) -> None:
        self.latency = latency

    def complete(self, request: Request, on_text: OnText | None = None) -> Completion:
        """Answer each output field that the prompt describes, by its type; `n` times if asked to.

        With `on_text` word by word, the latency spread over the words; of several the first.
        """
        start = time.perf_counter()
        messages, n = request.messages, request.params.get("n") or 1
        rollouts = range(n * request.rollout, n * request.rollout + n)
        text, *others = (_answer(messages, rollout) for rollout in rollouts)
        parts = pieces(text) if on_text else []
        if on_text is None:
            _pause(self.latency)
        for part in parts:
            _pause(self.latency / len(parts))
            assert on_text is not None
            on_text(part)
        first = _completion(messages, [text, *others], start)
        if not others:
            return first
        twins = (first.changed(text=text, tokens_in=0, tokens_out=0) for text in others)
        return first.changed(samples=(first, *twins))


def _pause(seconds: float) -> None:
    """Sleep, until the call is called off."""
    if not seconds:
        return
    scope = cancellation.get()
    if scope is None:
        time.sleep(seconds)
        return
    ended = threading.Event()
    with scope.watching(ended.set):
        if ended.wait(seconds):
            raise Cancelled


def _completion(messages: Sequence[Message], texts: Sequence[str], start: float) -> Completion:
    """The first of some texts, with the tokens of all."""
    return Completion(
        text=texts[0],
        model="offline",
        tokens_in=sum(estimate_tokens(message.content) for message in messages),
        tokens_out=sum(map(estimate_tokens, texts)),
        dollars=0.0,
        seconds=time.perf_counter() - start,
        finish="stop",
    )


def _answer(messages: Sequence[Message], rollout: int) -> str:
    prompt = read(messages)
    if prompt is None:
        return _chat(messages)
    near, noise = _Near(prompt), _noise(messages, rollout)
    answers = {
        field.name: _chosen(_candidates(field, prompt, near, noise), field, prompt)
        for field in prompt.wanted
        if not _is_reasoning(field)
    }
    for field in prompt.wanted:
        if _is_reasoning(field):
            answers[field.name] = near.reasons(answers)
    return write(prompt, answers)


def _is_reasoning(field: Wanted) -> bool:
    return field.kind == "text" and field.name in ("reasoning", "rationale")


def _noise(messages: Sequence[Message], rollout: int) -> random.Random | None:
    """Where another rollout takes its chances from; None for the first, which takes none."""
    if not rollout:
        return None
    content = "\0".join(message.content for message in messages)
    return random.Random(f"{rollout} {_digest(content)}")


def _digest(text: str) -> int:
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "big")


def _chosen(candidates: Iterable[str], field: Wanted, prompt: Prompt) -> str:
    """The first candidate that was not rejected already; the first of all when all were."""
    rejected = {outputs.get(field.name) for outputs in prompt.rejected}
    first = None
    for candidate in candidates:
        if candidate.strip() not in rejected:
            return candidate
        first = candidate if first is None else first
    assert first is not None
    return first


class _Near:
    """The demos of a prompt, by how like its inputs they are."""

    def __init__(self, prompt: Prompt) -> None:
        self.prompt = prompt
        self.index: Neighbours = index(tuple(text for text, _ in prompt.demos))
        self.weights = self.index.similarities(prompt.query)

    def votes(self, field: str) -> dict[str, float]:
        """Answer -> how much the demos speak for it."""
        votes: dict[str, float] = defaultdict(float)
        for weight, (_, outputs) in zip(self.weights, self.prompt.demos, strict=True):
            answer = outputs.get(field, LEFT_OUT)
            if answer != LEFT_OUT:
                votes[answer] += weight**SHARPNESS
        return votes

    def known(self, field: str) -> list[tuple[float, str]]:
        """The similarities and answers of the demos that have one, most similar first."""
        known = [
            (weight, outputs[field])
            for weight, (_, outputs) in zip(self.weights, self.prompt.demos, strict=True)
            if outputs.get(field, LEFT_OUT) != LEFT_OUT
        ]
        return sorted(known, reverse=True)

    def reasons(self, answers: Mapping[str, str]) -> str:
        """What the answers rest on, in a sentence."""
        chosen = ", ".join(f"{name} {value!r}" for name, value in answers.items())
        if not any(self.weights):
            return f"No example is like this one, so {chosen} is a guess from the instructions."
        best = max(range(len(self.weights)), key=self.weights.__getitem__)
        shared = self.index.shared(self.prompt.query, best)
        because = f" They share {', '.join(shared)}." if shared else ""
        return f"Example {best + 1} is the most similar.{because} That speaks for {chosen}."


# -- candidates for an answer, the best one first ---------------------------------------


def _candidates(
    field: Wanted, prompt: Prompt, near: _Near, noise: random.Random | None
) -> Iterator[str]:
    match field.kind:
        case "choice":
            yield from _choices(field, prompt, near, noise)
        case "int" | "float":
            yield from _numbers(field, prompt, near)
        case "json":
            yield from _structures(field, prompt, near)
        case "text" if field.like:
            yield from _alike(field, prompt, near)
        case "text":
            yield from _fitting(_texts(field, prompt, near), field.limits)


def _choices(field: Wanted, prompt: Prompt, near: _Near, noise: random.Random | None) -> list[str]:
    choices = list(field.choices)
    votes = near.votes(field.name)
    cues = _cues(f"{field.desc}\n{prompt.instructions}", choices)
    asked = set(words(prompt.query))
    scores = {
        choice: votes.get(choice, 0.0) ** (1 / SHARPNESS) + CUE * len(asked & cues[choice])
        for choice in choices
    }
    if noise:
        scores = {
            choice: score - 0.05 * math.log(-math.log(noise.random() or 0.5))
            for choice, score in scores.items()
        }
    if not any(scores.values()):  # nothing to go by: a guess, the same each time
        first = _digest(prompt.query + field.name) % len(choices)
        return choices[first:] + choices[:first]
    return sorted(choices, key=lambda choice: -scores[choice])


def _cues(text: str, choices: Sequence[str]) -> dict[str, set[str]]:
    """Choice -> the words of the clauses that name it, and of its own name."""
    cues = {choice: set(words(choice)) for choice in choices}
    for clause in re.split(r"[\n;.]", text):
        named = [c for c in choices if re.search(rf"\b{re.escape(c)}\b", clause, re.IGNORECASE)]
        if len(named) == 1:
            cues[named[0]] |= set(words(clause))
    return cues


def _numbers(field: Wanted, prompt: Prompt, near: _Near) -> Iterator[str]:
    """The mean of the demos' numbers, or one of the inputs; then others, and those beside it."""
    known = [
        (weight**SHARPNESS, found[0])
        for weight, text in near.known(field.name)
        if (found := _numbers_in(text))
    ]
    total = sum(weight for weight, _ in known)
    asked = _numbers_in(prompt.query)
    best = sum(weight * number for weight, number in known) / total if total else [*asked, 0.0][0]
    others = [best, *(number for _, number in known), *asked]
    beside = (best + step for i in range(1, 100) for step in (i, -i))
    for number in itertools.chain(others, beside):
        value = _within(field.limits, number)
        yield str(round(value)) if field.kind == "int" else f"{value:g}"


def _numbers_in(text: str) -> list[float]:
    return [value for found in NUMBER.findall(text) if math.isfinite(value := float(found))]


def _within(limits: Mapping[str, float], value: float) -> float:
    """The value, or the nearest one within the limits."""
    above, below = limits.get("above", -math.inf), limits.get("below", math.inf)
    if not above < value < below:
        inner = above + 1 if value <= above else below - 1
        value = inner if above < inner < below else (above + below) / 2
    value = max(value, limits.get("at least", value))
    return min(value, limits.get("at most", value))


def _fitting(texts: Iterable[str], limits: Mapping[str, float]) -> Iterator[str]:
    """The texts that are not too long; the last one, cut, when all are."""
    most = int(limits.get("at most", sys.maxsize))
    fitted, text = False, ""
    for text in texts:
        if len(text) <= most:
            fitted = True
            yield text
    if not fitted:
        yield text[:most]


def _texts(field: Wanted, prompt: Prompt, near: _Near) -> Iterator[str]:
    """A short span of the inputs, of the length that demos have; a very similar demo's answer."""
    if "instruction" in field.name:
        yield from (signs.instructions(prompt.query, most) for most in (12, 8, 4))
    known = near.known(field.name)
    for similarity, text in known:
        if similarity > 0.6:
            yield text
    sentences = [s.strip() for s in re.split(r"(?<=[.!?])\s+|\n+", prompt.query) if s.strip()]
    topic = features(f"{field.name} {field.desc} {prompt.instructions}")
    sentences.sort(key=lambda s: -sum(topic[name] for name in features(s)))
    lengths = [
        len(outputs[field.name].split()) for _, outputs in prompt.demos if outputs.get(field.name)
    ]
    most = max(1, round(sum(lengths) / len(lengths))) if lengths else 25
    spans = [sentence.split()[:most] for sentence in sentences]
    for span in spans:
        yield " ".join(span)
    yield from (text for _, text in known)
    for span in spans:
        while len(span) > 1:
            span = span[: len(span) // 2]
            yield " ".join(span)
    yield "unknown"


def _alike(field: Wanted, prompt: Prompt, near: _Near) -> Iterator[str]:
    """What stands in the inputs in the form that is wanted, or in a demo; else the example."""
    form = re.sub(r"\d", r"\\d", re.escape(field.like))
    yield from re.findall(rf"(?<!\d){form}(?!\d)", prompt.query)
    yield from (text for _, text in near.known(field.name))
    yield field.like


def _structures(field: Wanted, prompt: Prompt, near: _Near) -> Iterator[str]:
    """JSON: the most similar demo's value, else the plainest one that the type allows."""
    yield from (text for _, text in near.known(field.name) if text)
    assert field.shape is not None
    numbers = _numbers_in(prompt.query)
    for turn in range(TURNS):
        value = plainest(field.shape, prompt.query, numbers, turn)
        match field.shape.type, value:
            case Many(item), list():
                least, most = (int(field.limits.get(f"at {word}", 0)) for word in ("least", "most"))
                one = Notation(item, field.shape.definitions)
                value += [plainest(one, prompt.query, numbers, i) for i in range(len(value), least)]
                value = value[: most or None]
        yield json.dumps(value, ensure_ascii=False)


def _chat(messages: Sequence[Message]) -> str:
    asked = " ".join(messages[-1].content.split())[:80]
    return (
        "I am dspnb's offline model, a toy for learning and testing: I answer the fields of a "
        f"signature from the examples in its prompt. You wrote: {asked!r}."
    )
