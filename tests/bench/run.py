"""dspnb beside the real DSPy: a process each, in turn, and the ratio within each round."""

from __future__ import annotations

import argparse
import functools
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from subprocess import PIPE
from typing import Any, Literal, TypeVar

from server import Server, reset
from table import Line, Target, heading, written

HERE = Path(__file__).parent
SHELL = "from IPython.core.interactiveshell import InteractiveShell as S; s = S.instance()"
BARE = SHELL
LOADED = f"{SHELL}; assert s.run_cell('import dspnb\\n%load_ext dspnb').success"
WITH_DSPY = f"{SHELL}; assert s.run_cell('import dspy').success"

LOADS = {  # (in flight, latency in seconds) -> the least efficiency
    (32, 0.2): 0.97,
    (32, 0.05): 0.9,
    (128, 0.05): 0.75,
    (512, 0.2): 0.75,
}
LOADS_OF_DSPY = ((32, 0.05), (128, 0.05))  # the others take minutes
MANY = 7  # rounds of what takes a second

Framework = Literal["dspnb", "dspy"]
Figures = dict[str, Any]
T = TypeVar("T")
Pair = tuple[list[T], list[T]]  # dspnb's and dspy's, one a round

SIZES: dict[Framework, tuple[int, ...]] = {
    "dspnb": (1000, 10_000, 50_000),
    "dspy": (1000, 4000, 16_000),
}


class Failed(Exception):
    """A script ended with an error; the message says which and how."""


@dataclass(frozen=True)
class Bench:
    """What is measured with, and how much."""

    pythons: dict[Framework, str]
    url: str  # of the server
    rounds: int
    quick: bool

    def calls(self, usual: int) -> int:
        """A tenth when it has to be quick."""
        return usual // 10 if self.quick else usual

    def beside(self, script: str, *arguments: object, rounds: int = 3) -> Pair[Figures]:
        """What a script tells of both sides, one a round."""
        return self.each_round(lambda side: self.measured(side, script, *arguments), rounds)

    def each_round(self, measure: Callable[[Framework], T], rounds: int = 3) -> Pair[T]:
        """Both sides in turn."""
        done = [(measure("dspnb"), measure("dspy")) for _ in range(min(rounds, self.rounds))]
        return [ours for ours, _ in done], [theirs for _, theirs in done]

    def measured(
        self, side: Framework, script: str, *arguments: object, **settings: Any
    ) -> Figures:
        """What a script tells of one side, with the server at its quickest."""
        reset(self.url, latency=0)
        told: Figures = self.run(side, script, side, self.url, *arguments, **settings)
        return told

    def run(
        self,
        side: Framework,
        script: str,
        *arguments: object,
        folder: str | None = None,
        patience: float = 1800.0,
    ) -> Any:
        """The last line that a script prints. Caches are in `folder`, or in a fresh one.

        A script that has told all and does not end within `patience` seconds is killed.
        """
        command = [self.pythons[side], str(HERE / script), *map(str, arguments)]
        with tempfile.TemporaryDirectory() as fresh:
            env = _environment(folder or fresh)
            process = subprocess.Popen(command, stdout=PIPE, stderr=PIPE, text=True, env=env)
            try:
                told, said = process.communicate(timeout=patience)
                failed = process.returncode != 0
            except subprocess.TimeoutExpired:
                process.kill()
                told, said = process.communicate()
                failed = not told
        if failed:
            raise Failed(f"`{' '.join(command)}` failed:\n{said}")
        return json.loads(told.splitlines()[-1])


def main() -> None:
    """Measure, and print a table."""
    given = _given()
    lines: list[Line] = []
    broken: list[str] = []
    with Server() as server:
        bench = Bench(
            {"dspnb": given.dspnb, "dspy": given.dspy},
            server.url,
            2 if given.quick else given.rounds,
            given.quick,
        )
        about = _about(bench)
        print(about, heading(), sep="\n\n", flush=True)
        for name in given.only:
            try:
                for line in BENCHES[name](bench):
                    print(line.markdown(), flush=True)
                    lines.append(line)
            except Failed as failed:
                print(failed, file=sys.stderr, flush=True)
                broken.append(name)
    if given.out:
        given.out.write_text(written(lines, about, as_json=given.out.suffix == ".json"))
    if broken:
        sys.exit(f"Not measured to the end: {', '.join(broken)}.")


def imports(bench: Bench) -> Iterator[Line]:
    """CPU seconds of importing, over a bare IPython of the same environment."""

    def measure(side: Framework) -> float:
        python = bench.pythons[side]
        return _cpu(python, LOADED if side == "dspnb" else WITH_DSPY) - _cpu(python, BARE)

    measure("dspnb"), measure("dspy")  # not counted: files come into the cache
    ours, theirs = bench.each_round(measure, MANY)
    what = "import and %load_ext over bare IPython, CPU s (dspy: import)"
    yield Line(what, ours, theirs, Target("ratio", most=0.2))


def pure(bench: Bench) -> Iterator[Line]:
    """What dspnb does in a call beside the call: the model answers at once."""
    for script, arguments, what, most in (
        ("call", [0], "one call, instant model, CPU µs", 0.25),
        ("call", [16], "one call with 16 demos, instant model, CPU µs", 0.1),
        ("parse", [], "reading five typed outputs, CPU µs", 0.35),
        ("render", [16], "writing a prompt with 16 demos, CPU µs", 0.1),
    ):
        run = functools.partial(_pure, bench, script, (*arguments, bench.calls(1000)))
        ours, theirs = bench.each_round(run, MANY)
        yield Line(what, ours, theirs, Target("ratio", most=most))


def _pure(bench: Bench, script: str, arguments: tuple[int, ...], side: Framework) -> float:
    cpu: float = bench.run(side, f"{script}_{side}.py", *arguments)
    return cpu


def lone(bench: Bench) -> Iterator[Line]:
    """Predictions one after the other."""
    ours, theirs = bench.beside("lone.py", bench.calls(2000), rounds=MANY)
    for name, most in (("cpu", 0.25), ("wall", 0.4)):
        what = f"one Predict over HTTP, uncached, {NAMES[name]} µs"
        yield Line(what, _each(ours, name), _each(theirs, name), Target("ratio", most=most))
    yield Line("the server in it, CPU µs", _each(ours, "server"), _each(theirs, "server"))


def load(bench: Bench) -> Iterator[Line]:
    """Evaluations of 2,000 examples with many calls in flight."""
    for (concurrency, latency), least in LOADS.items():
        count = max(bench.calls(2000), 2 * concurrency)
        arguments = count, concurrency, latency
        when = f"evaluate, {count:,} examples, {concurrency} in flight, {1000 * latency:g} ms"
        sides: list[tuple[Framework, str]] = [("dspnb", "predict"), ("dspnb", "module")]
        if (concurrency, latency) in LOADS_OF_DSPY:
            sides.append(("dspy", "predict"))
        rounds = [
            [bench.measured(side, "load.py", kind, *arguments) for side, kind in sides]
            for _ in range(min(3, bench.rounds))
        ]
        bare, module, *theirs = ([*column] for column in zip(*rounds, strict=True))
        its = theirs[0] if theirs else []
        for kind, ours in (("", bare), (" of a module", module)):
            yield Line(
                f"{when}{kind}: efficiency",
                _each(ours, "efficiency"),
                _each(its, "efficiency"),
                Target("dspnb", least=least),
            )
            yield Line(
                f"{when}{kind}: CPU µs a call",
                _each(ours, "cpu"),
                _each(its, "cpu"),
                Target("ratio", most=0.25) if its else None,
            )
        yield Line(f"{when}: most in flight", _each(bare, "peak"), _each(its, "peak"))
        yield Line(
            f"{when}: share of right answers, the least",
            sorted(_each([*bare, *module], "right"))[:1],
            sorted(_each(its, "right"))[:1],
            Target("dspnb", least=1.0),
        )


def flat(bench: Bench) -> Iterator[Line]:
    """The cost of an example does not grow with the number of examples."""
    for kind, what in (("silent", "no call"), ("cached", "calls answered from memory")):
        ours, theirs = (_by_size(bench, side, kind) for side in SIZES)
        for count in sorted({*ours, *theirs}):
            what_here = f"evaluate, {what}, {count:,} examples: CPU µs each"
            yield Line(what_here, ours.get(count, ()), theirs.get(count, ()))
        what_here = f"evaluate, {what}: one of the most over one of the fewest"
        yield Line(what_here, _growth(ours), _growth(theirs), Target("dspnb", most=1.25))


def _by_size(bench: Bench, side: Framework, kind: str) -> dict[int, list[float]]:
    """CPU of an example by how many there are, one a round."""
    counts = [bench.calls(size) for size in SIZES[side]]
    costs: dict[int, list[float]] = {count: [] for count in counts}
    for _ in range(min(3, bench.rounds)):
        for count in counts:
            costs[count].append(bench.measured(side, "flat.py", kind, count)["cpu"])
    return costs


def _growth(costs: dict[int, list[float]]) -> list[float]:
    """The cost among the most examples, in units of that among the fewest."""
    fewest, most = costs[min(costs)], costs[max(costs)]
    return [b / a for a, b in zip(fewest, most, strict=True)]


def kept(bench: Bench) -> Iterator[Line]:
    """Memory of what a report keeps, and of what nobody does."""
    count = bench.calls(10_000)
    ours, theirs = bench.beside("kept.py", count, rounds=1)
    what = f"evaluate, {count:,} examples, report kept: bytes a call"
    yield Line(f"{what}, all", _each(ours, "bytes"), _each(theirs, "bytes"))
    yield Line(
        f"{what}, beside its text",
        _each(ours, "beside"),
        _each(theirs, "beside"),
        Target("dspnb", most=4000),
    )


def bounded(bench: Bench) -> Iterator[Line]:
    """What is remembered of calls has a bound."""
    count = bench.calls(200_000)
    ours = bench.measured("dspnb", "bounded.py", count)
    what = f"{count:,} lone calls: bytes of growth a call after {3 * count // 5:,}"
    target = None if bench.quick else Target("dspnb", most=20)  # the bound is at 100,000 calls
    yield Line(what, [ours["growth"]], target=target)


def hits(bench: Bench) -> Iterator[Line]:
    """What a cache knows, in memory and in a file."""
    count = bench.calls(1000)
    ours, theirs = bench.beside("hits.py", "memory", count, rounds=MANY)
    yield _hit(f"a hit in memory, {count:,} prompts", ours, theirs, most=0.06)

    def in_file(side: Framework) -> Figures:
        with tempfile.TemporaryDirectory() as folder:
            bench.measured(side, "hits.py", "fill", count, folder=folder)
            return bench.measured(side, "hits.py", "file", count, folder=folder)

    ours, theirs = bench.each_round(in_file)
    yield _hit(f"a hit in a file, fresh process, {count:,} prompts", ours, theirs, most=0.1)


def _hit(what: str, ours: list[Figures], theirs: list[Figures], *, most: float) -> Line:
    asked = [any(told["asked"] for told in side) for side in (ours, theirs)]
    who = " and ".join(side for side, it in zip(SIZES, asked, strict=True) if it)
    return Line(
        f"{what}: CPU µs",
        [] if asked[0] else _each(ours, "cpu"),
        [] if asked[1] else _each(theirs, "cpu"),
        Target("ratio", most=most),
        f"{who} asked the server" if who else "",
    )


def stream(bench: Bench) -> Iterator[Line]:
    """An answer in many pieces."""
    ours, theirs = bench.beside("stream.py", bench.calls(100))
    for name, most in (("cpu", 0.1), ("wall", 0.15)):
        what = f"an answer of 200 words, streamed, {NAMES[name]} ms"
        yield Line(what, _each(ours, name), _each(theirs, name), Target("ratio", most=most))


def interrupt(bench: Bench) -> Iterator[Line]:
    """The interrupt with many calls in flight."""
    for concurrency in (128,) if bench.quick else (128, 32):
        when = f"interrupted, {concurrency} in flight"
        stay = functools.partial(_interrupted, bench, concurrency, "stay")
        ours, theirs = bench.each_round(stay)
        for name, what, most in (
            ("back", "ms until control is back", 100),
            ("at_once", "requests at the server then", None),
            ("running", "requests at the server 200 ms later", 0),
            ("begun", "requests begun in between", 0),
            ("next", "ms of the next call", 50),
        ):
            target = None if most is None else Target("dspnb", most=most)
            yield Line(f"{when}: {what}", _each(ours, name), _each(theirs, name), target)
        leave = functools.partial(_interrupted, bench, concurrency, "leave")
        ours, theirs = bench.each_round(leave)
        what = f"{when}: ms until the process is gone"
        yield Line(what, _each(ours, "gone"), _each(theirs, "gone"), Target("dspnb", most=1000))


def _interrupted(bench: Bench, concurrency: int, then: str, side: Framework) -> Figures:
    """Answers take 2 s. A process that is not gone after 30 is killed."""
    told = bench.measured(side, "interrupt.py", concurrency, 2.0, then, patience=30.0)
    return {**told, "gone": 1000 * (time.monotonic() - told["sent"])}


def search(bench: Bench) -> Iterator[Line]:
    """A whole random search with a model that answers at once; dspnb keeps all of it on disk."""
    sizes = 50, 300, 4 if bench.quick else 16
    ours, theirs = bench.each_round(lambda side: bench.run(side, f"search_{side}.py", *sizes), 3)
    what = "random search, instant model: CPU µs a run of the program"
    yield Line(what, _each(ours, "cpu"), _each(theirs, "cpu"), Target("ratio", most=0.15))


def scored(bench: Bench) -> Iterator[Line]:
    """The memory of a run of many scored examples."""
    count = bench.calls(100_000)
    told = bench.run("dspnb", "search_dspnb.py", 50, count // 11, 8)
    what = f"a run of {told['runs']:,} scored examples: megabytes of growth"
    yield Line(what, [told["megabytes"]], target=Target("dspnb", most=200))


def killed(bench: Bench) -> Iterator[Line]:
    """Searches killed at random moments."""
    told = bench.run("dspnb", "killed.py", bench.calls(100))
    what = f"{told['kills']} searches killed and resumed"
    alike = 100 * told["alike"] / told["kills"]
    target = Target("dspnb", least=100)
    yield Line(f"{what}: % that end like an undisturbed one", [alike], target=target)
    twice = f"{what}: the most calls paid twice, of {told['allowed']} in flight"
    yield Line(twice, [told["most_twice"]], target=Target("dspnb", most=told["allowed"]))


def transport(bench: Bench) -> Iterator[Line]:
    """The HTTP client of dspnb beside others that its Python has."""
    clients = bench.run("dspnb", "transport.py")["clients"]
    for in_flight in (1, 128):
        count = bench.calls(5000)
        rounds = [
            {client: _client(bench, client, count, in_flight) for client in clients}
            for _ in range(bench.rounds)
        ]
        ours = [told["ours"]["cpu"] for told in rounds] if "ours" in clients else []
        for client in clients:
            if client != "ours":
                theirs = [told[client]["cpu"] for told in rounds]
                what = f"one request, {in_flight} in flight, own client beside {client}: CPU µs"
                target = Target("ratio", most=0.7) if client == "aiohttp" else None
                yield Line(what, ours, theirs, target)


def _client(bench: Bench, client: str, count: int, in_flight: int) -> Figures:
    reset(bench.url, latency=0)
    told: Figures = bench.run("dspnb", "transport.py", client, bench.url, count, in_flight)
    return told


def honesty(bench: Bench) -> Iterator[Line]:
    """What searches say in 1,920 simulated worlds, beside what is true there; dspnb only."""
    count = bench.calls(960)
    kinds = {"headroom": "searches with headroom", "nothing": "searches with nothing to gain"}
    with ThreadPoolExecutor() as pool:
        told = pool.map(lambda kind: bench.run("dspnb", "honesty.py", kind, count), kinds)
        for kind, figures in zip(kinds, told, strict=True):
            for name, what, target in HONESTY:
                yield Line(f"{count:,} {kinds[kind]}: {what}", [figures[name]], target=target)


def study(bench: Bench) -> Iterator[Line]:
    """A sample of the study of optimizers, run again on both sides, beside what is kept of it."""
    told = {side: bench.run(side, "study/again.py", side) for side in bench.pythons}
    kept = {_cell(line): line for line in _raw()}
    known = [line for line in told["dspy"] if _cell(line) in kept]
    alike = [_found(line) == _found(kept[_cell(line)]) for line in known]
    what = f"{len(known)} of DSPy's searches run again: % that end as those that are kept"
    yield Line(what, [], [100 * sum(alike) / len(known)] if known else [])
    gains = {
        (side, optimizer): _gained([one for one in lines if one["optimizer"] == optimizer])
        for side, lines in told.items()
        for optimizer in sorted({one["optimizer"] for one in lines})
    }
    what = "true gain within 500 runs of the program, points,"
    for (side, optimizer), gain in gains.items():
        if side == "dspy":
            yield Line(f"{what} Race beside {optimizer}", [gains["dspnb", "Race"]], [gain])
            if own := gains.get(("dspnb", optimizer)):
                yield Line(f"{what} {optimizer} beside DSPy's", [own], [gain])


def _raw() -> Iterator[Figures]:
    for path in sorted((HERE / "study" / "raw").glob("dspy-*.jsonl")):
        yield from map(json.loads, path.read_text().splitlines())


def _cell(line: Figures) -> tuple[Any, ...]:
    return tuple(line[name] for name in ("grid", "optimizer", "budget", "benchmark", "seed"))


def _found(line: Figures) -> tuple[Any, ...]:
    return tuple(line[name] for name in ("best", "program_calls", "proposer_tokens", "curve"))


def _gained(lines: list[Figures]) -> float:
    """Points, on average; of a search that failed none."""
    return 100 * statistics.fmean((line["best"] or line["base"]) - line["base"] for line in lines)


HELD = Target("dspnb", least=93, most=97)  # percent
# Most figures are of 11 sets of held-out examples for each search; `own` is of the search's own.
HONESTY: tuple[tuple[str, str, Target | None], ...] = (
    ("bias", "held-out mean over the truth, points", Target("dspnb", least=-0.5, most=0.5)),
    ("own_bias", "the same in the runs themselves", Target("dspnb", least=-0.5, most=0.5)),
    ("means", "95% intervals of it that hold the truth, %", HELD),
    ("own_means", "the same in the runs themselves", HELD),
    ("differences", "95% intervals of the paired difference that do, %", HELD),
    ("own_differences", "the same in the runs themselves", HELD),
    ("worse", "returned and truly worse by over a point, %", Target("dspnb", most=2)),
    ("own_worse", "the same in the runs themselves", Target("dspnb", most=2)),
    ("worse_alone", "worse if the held-out examples alone decided, %", None),
    ("worse_without", "worse without the rule, %", None),
    ("gain", "true gain of what is returned, points", None),
    ("gain_alone", "gain if the held-out examples alone decided, points", None),
    ("gain_without", "gain without the rule, points", None),
    ("optimism", "validation over held-out mean, points", None),
    ("flattered", "held-out mean of what is returned over the truth, points", None),
)


BENCHES: dict[str, Callable[[Bench], Iterator[Line]]] = {
    function.__name__: function
    for function in (
        imports, pure, lone, load, flat, kept, bounded, hits, stream, interrupt, search, scored,
        killed, honesty, study, transport
    )
}  # fmt: skip
NAMES = {"cpu": "CPU", "wall": "wall"}


def _given() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--dspnb", required=True, help="a Python that has what dspnb needs")
    parser.add_argument("--dspy", required=True, help="a Python that has dspy and IPython")
    parser.add_argument("--rounds", type=int, default=7, help="at most; long ones have 3 or 1")
    parser.add_argument("--only", help=f"of {','.join(BENCHES)}")
    parser.add_argument("--quick", action="store_true", help="a tenth of the calls, two rounds")
    parser.add_argument("--out", type=Path, help="a file for the table: .json or Markdown")
    given = parser.parse_args()
    given.only = given.only.split(",") if given.only else list(BENCHES)
    if unknown := set(given.only) - set(BENCHES):
        parser.error(f"unknown: {', '.join(sorted(unknown))}; there are {', '.join(BENCHES)}")
    return given


def _about(bench: Bench) -> str:
    """What is compared, on what, and how to read it."""
    versions = "; ".join(
        " ".join(subprocess.check_output([python, "-c", _VERSIONS, side], text=True).split())
        for side, python in bench.pythons.items()
    )
    quick = "Quick: a tenth of the calls. " if bench.quick else ""
    return (
        f"{versions}; {os.cpu_count()} cores. {quick}A figure is the median of its rounds "
        "[least, most], the ratio the median of the ratios within a round."
    )


_VERSIONS = """\
import importlib.metadata, importlib.util, platform, sys
print(sys.argv[1], importlib.metadata.version(sys.argv[1]), "on Python", platform.python_version())
if importlib.util.find_spec("uvloop"):
    print("with uvloop")
"""


def _environment(folder: str) -> dict[str, str]:
    """The dspnb beside this file; caches in a folder of their own; nothing from the network."""
    return os.environ | {
        "PYTHONPATH": str(HERE.parent.parent),
        "DSPNB_HOME": folder,
        "DSPY_CACHEDIR": folder,
        "LITELLM_LOCAL_MODEL_COST_MAP": "True",
        "NO_PROXY": "127.0.0.1",
    }


def _each(told: list[Figures], name: str) -> list[float]:
    return [figures[name] for figures in told]


def _cpu(python: str, code: str) -> float:
    """CPU seconds of a whole process, user and system."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    with tempfile.TemporaryDirectory() as fresh:
        command, env = [python, "-c", code], _environment(fresh)
        subprocess.run(command, check=True, capture_output=True, env=env)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


if __name__ == "__main__":
    main()
