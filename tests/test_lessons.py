"""A lesson that was recorded with a model runs alike without it."""

import runpy
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from servers.offline_over_http import KEY, running

from dspnb import (
    LM,
    ChainOfThought,
    Predict,
    Recorded,
    Replayed,
    compile,
    data,
    evaluate,
    metrics,
    split,
    use,
)
from dspnb.errors import NotRecorded
from dspnb.optimizers import BootstrapFewShotWithRandomSearch

ROOT = Path(__file__).parent.parent
TEAM = (
    "ticket -> team: Literal['logistics', 'finance', 'hardware', 'software', 'identity', "
    "'aftersales', 'sales', 'trust']"
)
TICKETS = split(data.tickets()[:60], "40/30/30")


@pytest.fixture(scope="module")
def server():
    with running() as made:
        yield made


def hosted(server):
    return LM("openai/offline", api_base=server.url, api_key=KEY, temperature=0)


def lesson(lm, concurrency):
    """What a lesson shows: an answer, a report, a compiled program."""
    program = Predict(TEAM)
    with use(lm=lm):
        answer = program(ticket="i was charged twice for one lamp")
        report = evaluate(program, TICKETS.val, metrics.exact("team"), concurrency=concurrency)
        run = compile(
            program,
            BootstrapFewShotWithRandomSearch(num_candidate_programs=2, max_labeled_demos=4),
            metric=metrics.exact("team"),
            train=TICKETS.train,
            val=TICKETS.val,
            test=TICKETS.test,
            concurrency=concurrency,
            wait=True,
        )
    rows = [(row.prediction, row.score) for row in report.rows]
    tokens = lm.usage.tokens_in, lm.usage.tokens_out, lm.usage.calls, lm.usage.cached
    return answer, rows, run.best.state, run.report.mean, run.comparison.best.mean, tokens


def test_a_lesson_is_recorded_from_a_provider_and_replays_alike_with_any_number_of_threads(
    server, tmp_path
):
    files = [tmp_path / "a.jsonl", tmp_path / "b.jsonl"]
    recorded = []
    for file, concurrency in zip(files, (16, 2), strict=True):
        lm = Recorded(hosted(server), file)
        recorded.append(lesson(lm, concurrency))
        lm.close()
    asked = len(server.requests)

    assert recorded[0] == recorded[1]
    assert files[0].read_bytes() == files[1].read_bytes()
    assert KEY not in files[0].read_text() and server.url not in files[0].read_text()
    for concurrency in (1, 32):
        assert lesson(Replayed(files[0]), concurrency) == recorded[0]
    assert len(server.requests) == asked


def test_a_lesson_needs_no_litellm_and_no_network(server, tmp_path):
    code = """
import socket, sys
sys.modules["litellm"] = None
def no_network(*args, **kwargs):
    raise OSError("there is no network")
socket.socket.connect = socket.create_connection = socket.getaddrinfo = no_network
import dspnb
dspnb.configure(lm=dspnb.Replayed(sys.argv[1], model="openai/offline"))
print(dspnb.ChainOfThought("question -> answer")(question="Why is it late?").answer)
"""
    file = tmp_path / "lesson.jsonl"
    with use(lm=Recorded(hosted(server), file)):
        answer = ChainOfThought("question -> answer")(question="Why is it late?").answer

    environment = {"PATH": "/usr/bin", "PYTHONPATH": ":".join(filter(None, sys.path))}
    done = subprocess.run(
        [sys.executable, "-c", code, str(file)], capture_output=True, text=True, env=environment
    )
    assert (done.stdout.strip(), done.stderr) == (answer, "")


@pytest.mark.parametrize("concurrency", [1, 32])
def test_a_step_that_the_lesson_does_not_have_ends_it_with_what_is_different(tmp_path, concurrency):
    file = tmp_path / "lesson.jsonl"
    program, exact = Predict(TEAM), metrics.exact("team")
    with use(lm=Recorded(LM("offline"), file)):
        evaluate(program, TICKETS.val, exact)

    changed = Predict(program.signature.with_instructions("Choose the team."))
    with use(lm=Replayed(file)), pytest.raises(NotRecorded, match="message 1, line") as caught:
        evaluate(changed, TICKETS.val, exact, concurrency=concurrency)
    assert "asked:    Choose the team." in str(caught.value)


CELLS = [
    "%load_ext dspnb",
    "%lm MODEL",
    '%%signature Triage\n"Route a ticket."\nticket: str\n->\nteam: Literal["billing", "post"]',
    "%%module triage(ticket) -> team\nteam = Predict(Triage)(ticket=ticket).team",
    "%%examples tickets --inputs ticket --split 50/25/25\nticket, team\n"
    "my parcel is late, post\nthe courier lost my parcel, post\nwhere is my parcel, post\n"
    "parcel left in the rain, post\nI was charged twice, billing\n"
    "the charge is wrong, billing\nrefund the charge, billing\nwhy this charge, billing\n",
    "%%metric right\nexample.team == prediction.team",
    "triage(ticket='the courier was late')",
    "%evaluate triage --on tickets.train --metric right",
    "%compile triage --train tickets.train --val tickets.val --test tickets.test "
    "--metric right --as better --wait",
    "better(ticket='charged for a parcel')",
    "%evaluate better --on tickets.test --metric right",
    "better.state",
]


def executed(model, folder):
    """What a person sees under each cell, but for that of `%lm`, and the live view of the run."""
    cells = [nbformat.v4.new_code_cell(text.replace("MODEL", model)) for text in CELLS]
    runpy.run_path(str(ROOT / "example_notebooks" / "run_demo.py"))["run"](
        nbformat.v4.new_notebook(cells=cells), folder
    )
    return [
        [output.get("data", {}).get(kind) for output in cell.outputs]
        for cell in cells
        if not cell.source.startswith(("%lm", "%compile"))
        for kind in ("text/plain", "text/html")
    ]


@pytest.mark.kernels
def test_a_notebook_shows_the_same_when_it_is_replayed(tmp_path, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    recorded = executed("offline temperature=0 --record lesson.jsonl", tmp_path)
    first = (tmp_path / "lesson.jsonl").read_bytes()
    replayed = executed("offline temperature=0 --replay lesson.jsonl", tmp_path)
    (tmp_path / "lesson.jsonl").unlink()
    executed("offline temperature=0 --record lesson.jsonl", tmp_path)

    assert replayed == recorded
    assert "post" in str(recorded)
    assert (tmp_path / "lesson.jsonl").read_bytes() == first  # it was put in order at the end
