"""A search as a process of its own, which can be killed at any moment and go on.

It searches to the end and prints what it found as JSON. The model writes one byte
before and one after each call into a file, which outlives the process.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import random
import re
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from dspnb import (
    BootstrapFewShot,
    BootstrapFewShotWithRandomSearch,
    Example,
    LabeledFewShot,
    Module,
    Predict,
    Signature,
    compile,
    use,
)
from dspnb.lm.base import Completion
from dspnb.module import Setting
from dspnb.optimizers import Chain, Complete, Evaluate, Lead, Train, Validate
from dspnb.store.states import state_json

COLORS = ("red", "green", "blue", "white")
CONCURRENCY = 6
ROOT = Path(__file__).parent.parent
_SEARCH = "print(json.dumps(killing.search(sys.argv[1], sys.argv[2])))"


class Counting:
    """A model whose answers depend on the prompt alone, right more often with more demos."""

    def __init__(self, file, model="counting"):
        self.file, self.model = file, model
        self.fingerprint = model  # whatever a test makes of it

    def __call__(self, messages, *, rollout=0, **params):
        self.note(b"<")
        text = "\0".join(message.content for message in messages)
        luck = int.from_bytes(hashlib.sha256(f"{rollout}{text}".encode()).digest()[:2]) % 100
        self.pause(luck)
        asked = messages[-1].content
        if "better" in asked:
            answer = f"[[ ## better ## ]]\nSay the colour, {luck}."
        elif "color" in asked and (things := re.findall(r"thing (\d+)", asked)):
            thing = int(things[-1])
            right = luck < 25 + 5 * len(messages)
            answer = f"[[ ## color ## ]]\n{COLORS[thing % 4] if right else 'none'}"
        else:
            answer = f"[[ ## draft ## ]]\ndraft {luck}"
        self.note(b">")
        return Completion(answer, self.model, tokens_in=len(text) // 4, tokens_out=4, dollars=0.001)

    def pause(self, luck):
        time.sleep(0.001 + luck / 20_000)

    def note(self, byte):
        file = os.open(self.file, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        os.write(file, byte)
        os.close(file)


class Painter(Module):
    """Two calls a run."""

    def __init__(self):
        self.draft = Predict("thing -> draft")
        self.paint = Predict("thing, draft -> color")

    def forward(self, thing):
        return self.paint(thing=thing, draft=self.draft(thing=thing).draft)


@dataclass(frozen=True)
class Rewriting:
    """Asks the proposer for instructions, and tries two of them at a time."""

    def search(self, task):
        state = task.state
        for _ in range(3):
            ask = Complete(Signature("draft -> better"), {"draft": state["paint"].instructions})
            first, second = yield ask, ask
            tried = [{**state, "paint": Setting(one.better)} for one in (first, second)]
            few = task.rng.sample(list(task.train), 4)
            yield tuple(Evaluate(each, few, rollout=1) for each in tried)
            reports = yield tuple(Validate(each, state) for each in tried)
            state = max(zip(tried, reports, strict=True), key=lambda pair: pair[1].mean)[0]
        return state

    def program_calls(self, train, val, predictors=1):
        return 3 * (8 + 2 * val)


@dataclass(frozen=True)
class Sampling:
    """Validates in part and says who leads; one question in three cannot be read."""

    samples = True

    def search(self, task):
        state, mean = task.state, 0.0
        for i in range(4):
            draft = {"draft": f"{i} {state['paint'].instructions}"}
            asks = [
                Complete(Signature("draft -> better"), draft, temperature=t) for t in (0.5, 0.9)
            ]
            unreadable = Complete(Signature("draft -> worse: int"), draft)
            *said, nothing = yield (*asks, unreadable)
            assert nothing is None
            tried = [{**state, "paint": Setting(one.better)} for one in said]
            some = tuple(task.rng.sample(range(len(task.val)), 6))
            asks = tuple(Validate(each, state, places=some) for each in (state, *tried))
            reports = yield asks
            best = max(zip((state, *tried), reports, strict=True), key=lambda pair: pair[1].mean)
            if best[1].mean >= mean:
                state, mean = best[0], best[1].mean
                yield Lead(state, mean)
        return state

    def program_calls(self, train, val, predictors=1):
        return 4 * 3 * 6


@dataclass(frozen=True)
class Tuning:
    """Trains a model on what went well."""

    def search(self, task):
        report = yield Evaluate(task.state, task.train)
        trained = yield Train([row for row in report.rows if row.score.value])
        yield Validate(task.state, task.state, "trained", trained.role)
        return task.state

    def program_calls(self, train, val, predictors=1):
        return train + val


@dataclass(frozen=True)
class Trainer:
    """Trains a model by its name."""

    file: str
    fingerprint = "trainer"

    def train(self, rows, checkpoint):
        for _ in range(10):
            checkpoint()
            time.sleep(0.005)
        return f"tuned-{len(rows)}"

    def model(self, name):
        return Counting(self.file, name)


OPTIMIZERS = {
    "labeled": LabeledFewShot(8),
    "bootstrap": BootstrapFewShot(3, 8, max_rounds=2),
    "bootstrap-rs": BootstrapFewShotWithRandomSearch(2, 6, num_candidate_programs=3),
    "chain": Chain(BootstrapFewShot(2, 2), LabeledFewShot(6)),
    "rewriting": Rewriting(),
    "sampling": Sampling(),
    "tuning": Tuning(),
}


def right(example, prediction):
    return prediction.color == example.color


def examples(start, count):
    return [
        Example(thing=f"thing {i}", color=COLORS[i % 4]).with_inputs("thing")
        for i in range(start, start + count)
    ]


def search(name, file):
    """All of it, as JSON can hold it; what does not depend on the session."""
    with use(lm=Counting(file)):
        run = compile(
            Painter(),
            OPTIMIZERS[name],
            metric=right,
            train=examples(0, 12),
            val=examples(100, 16),
            test=examples(200, 16),
            trainer=Trainer(file),
            seed=3,
            concurrency=CONCURRENCY,
            wait=True,
        )
    return {
        "run": run.id,
        "outcome": {
            "status": run.status,
            "candidates": [
                [state_json(c.state), c.role, c.report and c.report.scores, c.places]
                for c in run.candidates
            ],
            "best": run.best_candidate.id,
            "returned": run.returned.id,
            "held out": [run.comparison.baseline.scores, run.comparison.best.scores],
        },
        "calls": run.spending.usage.calls,  # of all sessions
        "said": [e.body.message for e in run.log.since(0) if e.body.kind == "warned"],
        "resumed": any(e.body.kind == "resumed" for e in run.log.since(0)),
    }


class Searching:
    """The same search in processes that share a store."""

    def __init__(self, folder: Path, name: str, home: Path | None = None):
        folder.mkdir(parents=True, exist_ok=True)
        self.folder, self.name, self.file = folder, name, folder / "calls"
        self.home = home or folder

    @property
    def calls(self):
        """How many calls were begun, and how many of them ended."""
        noted = self.file.read_bytes() if self.file.exists() else b""
        return noted.count(b"<"), noted.count(b">")

    def begin(self, *first):
        """Start the process; `first` are statements that it does before all else."""
        paths = os.pathsep.join([str(ROOT), str(ROOT / "tests")])
        env = {**os.environ, "DSPNB_HOME": str(self.home), "PYTHONPATH": paths}
        code = "\n".join([*first, "import json, sys, killing", _SEARCH])
        command = [sys.executable, "-c", code, self.name, str(self.file)]
        return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=env)

    def until(self, process, calls):
        """Wait until so many calls were begun by all processes, or this one has ended."""
        while process.poll() is None and self.calls[0] < calls:
            time.sleep(0.002)
        return process

    def finish(self, *first):
        """What it finds."""
        return self.end(self.begin(*first))

    def end(self, process):
        """What a process finds."""
        told, _ = process.communicate(timeout=120)
        assert process.returncode == 0
        return json.loads(told.splitlines()[-1])

    def kill(self, after, jitter):
        """Kill it once so many calls were begun; whether it was still there."""
        process = self.until(self.begin(), after)
        time.sleep(jitter)
        there = process.poll() is None
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(signal.SIGKILL)
        process.communicate()
        return there


@dataclass(frozen=True)
class Killed:
    """One kill, and what came of the search afterwards."""

    after: int  # calls that were begun
    same: bool  # whether the end is that of an undisturbed search
    twice: int  # calls that were paid for twice
    in_flight: int  # calls begun and not answered at the kill
    resumed: bool  # whether the same run went on


def kill_and_resume(
    folder: Path, name: str, whole: dict, total: int, luck: random.Random
) -> Killed:
    """Kill a search at a moment that luck chooses, and let it go on to its end."""
    searching = Searching(folder, name)
    after, jitter = luck.randint(0, total), luck.uniform(0, 0.01)
    there = searching.kill(after, jitter)
    begun, ended = searching.calls
    found = searching.finish()
    return Killed(
        after,
        found["outcome"] == whole["outcome"],
        searching.calls[0] - total,
        begun - ended,
        there,
    )
