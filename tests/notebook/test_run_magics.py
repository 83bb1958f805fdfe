import json

import pytest
from servers.offline_over_http import KEY, running

from dspnb import LM, Prediction, Report, ledger
from dspnb.run import Run

COMPILE = (
    "%compile triage --with labeled:k=4 --train tickets.train --val tickets.val --metric right "
)


def test_lm_sets_the_model_and_shows_what_it_did(cell):
    chosen = cell("%lm offline latency=0 price=(1,2)")
    assert "toy for learning" in cell.html(chosen)  # said once, when it is chosen
    cell("import dspnb\np = dspnb.Predict('question -> answer')\np(question='Why?')")

    assert isinstance(chosen, LM)
    assert cell("%lm")["main"] is chosen
    assert chosen.usage.calls == 1
    assert "toy for learning" not in cell.html(chosen)
    assert "price=(1, 2)" in cell.html(chosen) and "main" not in cell.html(chosen)
    assert repr(chosen) == "LM('offline', price=(1, 2))"


def test_bare_lm_shows_what_each_model_did_and_all_calls_by_run_and_predictor(triage):
    ledger.clear()
    triage("%lm offline --as teacher")
    run = triage(f"{COMPILE} --as better --wait")
    models = triage("%lm")

    bundle = triage.bundle(models)
    assert "main: LM('offline')" in bundle["text/plain"]
    assert f"{models['main'].usage.calls} calls" in bundle["text/plain"]
    assert "0 failed" in bundle["text/plain"]
    for shown in ("teacher", "by run", run.id, "by predictor", "team", "$</span>0"):
        assert shown in bundle["text/html"]


def test_calls_are_added_up_by_whatever_one_asks_for(triage):
    ledger.clear()
    run = triage(f"{COMPILE} --as better --wait")
    sums = triage("%lm --by run,candidate,path")

    assert [row.by["candidate"] for row in sums] == [0, 1]
    assert {(row.by["run"], row.by["path"]) for row in sums} == {(run.id, "team")}
    assert sum(row.calls for row in sums) == run.spending.usage.calls
    assert "candidate" in triage.html(sums)
    assert "did you mean `model`" in triage.error("%lm --by modle")[0]


def test_a_budget_in_dollars_of_a_model_without_a_price_is_one_line(triage):
    triage("def free(messages, **params): ...\nfree.model, free.price = 'free', None")
    triage("import dspnb\ndspnb.configure(lm=free)")

    error = triage.error(f"{COMPILE} --budget $2")
    assert error == [
        "UsageError: A budget in dollars cannot be kept: the price of `free` is not known. Give "
        "it, as in `LM(..., price=(0.15, 0.60))` (dollars for a million tokens in and out), or "
        "budget `calls` or `tokens`."
    ]


def test_a_second_model_gets_a_role(cell):
    cell("%lm offline")
    cell("%lm offline --as teacher")

    assert list(cell("%lm")) == ["main", "teacher"]


def test_evaluate_gives_a_report_with_its_interval(triage):
    report = triage("%evaluate triage --on tickets.train --metric right")

    low, high = report.interval
    assert isinstance(report, Report)
    assert 0 <= low <= report.mean <= high <= 1
    assert f"{report.mean:.3f}" in triage.html(report)


def test_a_slice_of_the_data_and_our_own_metrics_will_do(triage):
    report = triage("%evaluate triage --on tickets.train[:2] --metric exact")

    assert len(report.rows) == 2


def test_evaluate_takes_a_class_that_needs_no_arguments(triage):
    triage(
        "%%module Two\ndef __init__(self):\n    self.p = Predict(Triage)\n"
        "def forward(self, ticket):\n    return self.p(ticket=ticket)"
    )

    assert len(triage("%evaluate Two --on tickets.test --metric right").rows) == 2


def test_compile_binds_a_program_whose_use_waits_for_the_run(triage):
    run = triage(f"run = {COMPILE} --as better\nrun")

    answer = triage("better(ticket='the courier lost it')")
    assert isinstance(run, Run)
    assert isinstance(answer, Prediction)
    assert run.status == "done"
    assert triage("better.run is run")
    assert len(triage("better.state['team'].demos")) == 4


def test_compile_leaves_the_program_as_it_was(triage):
    triage(f"{COMPILE} --as better --wait")

    assert triage("triage.state['team'].demos") == ()


def test_compile_waits_when_asked_and_compares_on_held_out_data(triage):
    run = triage(f"run = {COMPILE} --test tickets.test --wait\nrun")

    assert run.over
    assert len(run.comparison.best.rows) == 2


def test_a_dry_run_only_says_what_it_would_take(triage):
    said = triage(f"{COMPILE} --dry --as never")

    assert "about 4 runs of the program, 4 model calls" in repr(said)
    assert "never" not in triage.names()


def test_a_dry_run_tells_questions_to_the_proposer_from_runs_of_the_program(triage):
    triage(
        "class Asking:\n"
        "    def search(self, task):\n        yield\n"
        "    def program_calls(self, train, val, predictors=1):\n        return {'validating': 3}\n"
        "    def proposer_calls(self, train, val, predictors=1):\n        return 5\n"
        "asking = Asking()"
    )
    said = triage(COMPILE.replace("labeled:k=4", "asking") + " --dry --as never")

    assert "runs of the program and 5 questions to the proposer" in repr(said)
    assert "asking the proposer: 5 questions" in repr(said)
    assert "questions to the proposer</th>" in said._repr_html_()
    assert "asking the proposer</td>" in said._repr_html_()


def test_a_compiled_program_can_be_evaluated_saved_and_compiled_again(triage, tmp_path):
    triage(f"{COMPILE} --as better")
    triage("%evaluate better --on tickets.test --metric right")
    triage(f"better.save({str(tmp_path / 'p.json')!r})")
    triage(COMPILE.replace("triage", "better") + "--as best --wait")

    assert len(json.loads((tmp_path / "p.json").read_text())["team"]["demos"]) == 4
    assert len(triage("best.state['team'].demos")) == 4


def test_inspect_shows_the_last_call_or_what_it_is_given(triage):
    triage("answer = triage(ticket='the courier lost my parcel')")
    triage(f"{COMPILE} --as better --wait")
    triage("report = %evaluate better --on tickets.test --metric right")

    last, answer = triage("%inspect"), triage("%inspect answer")
    assert last.calls.groups == answer.calls.groups
    assert [call.path for call in answer.calls.groups[0].calls] == ["team"]
    assert len(triage("%inspect report").calls.groups) == 2
    assert len(triage("%inspect better").calls.groups) == 2  # the run's, as it was not called yet
    assert triage("%inspect triage").calls.groups[0].calls[0].demos == 0


def test_a_prompt_is_shown_by_origin_without_calling_the_model(triage):
    triage(f"{COMPILE} --as better --wait")
    calls = triage.shell.magics_manager.registry["RunMagics"].session.models["main"].usage.calls

    seen = triage("%preview better ticket='my parcel'")
    kinds = [block.kind for message in seen.messages for block in message.blocks]
    assert kinds == ["fields", "format", "format", "instructions", *["demo"] * 8, "input", "format"]
    assert "my parcel" in str(seen)
    assert triage("%lm")["main"].usage.calls == calls


def test_a_prompt_is_given_as_text_as_markdown_or_as_a_request(triage):
    text = triage("text = %preview triage ticket='my parcel' --as text\ntext")
    markdown = triage("markdown = %preview triage --as markdown ticket='my parcel'\nmarkdown")
    request = triage("request = %preview triage ticket='my parcel' --as openai\nrequest")

    assert text.startswith("--- system ---")
    assert "| instructions |" in markdown
    assert request["model"] == "offline"
    assert "my parcel" in request["messages"][-1]["content"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("%lm gpt4", "written `provider/name`, as in `openai/gpt-4o-mini`, or `offline`"),
        ("%lm offline --as techer", "There is no role `techer`; did you mean `teacher`?"),
        ("%lm openai/x api_key=sk-1", "A key in a cell would be saved with the notebook"),
        ("%lm bedrock/x aws_secret_access_key=a", "A key in a cell would be saved"),
        ("%evaluate triag --on tickets.test --metric right", "did you mean `triage`?"),
        ("%evaluate Triage --on tickets.test --metric right", "`Triage` is not a program but a"),
        ("%evaluate triage --on tickets --metric right", "as in `tickets.train`"),
        ("%evaluate triage --on tickets.tset --metric right", "`tickets.tset` is not there"),
        ("%evaluate triage --on tickets.test --metric rihgt", "did you mean `right`?"),
        ("%evaluate triage --on tickets.test", "the following arguments are required: --metric"),
        (COMPILE.replace("labeled:k=4", "labled"), "optimizer `labled`; did you mean `labeled`?"),
        (COMPILE.replace("k=4", "kk=4"), "`labeled` has no parameter `kk`; did you mean `k`?"),
        (f"{COMPILE} --budget 5cals", "A budget is written like `500calls`"),
        (f"{COMPILE} --as 2", "`--as` takes a plain Python name; got '2'"),
        (f"{COMPILE} --teacher teacher", "No model has the role `teacher`"),
        (
            "%inspect tickets",
            "`%inspect` shows a program, a prediction, a report, a run or its comparison",
        ),
        ("%inspect triage", "has not been called in this session"),
        ("%preview triage", "needs the input `ticket`"),
        ("%preview triage tickt=1", "did you mean `ticket`?"),
        ("%preview triage ticket", "Values are given as `name=value`"),
        ("%preview", "Name a program and its inputs"),
        ("%preview --as text", "Name a program and its inputs"),
        ("%preview triage ticket=1 --as", "`--as` needs a word behind it"),
        ("%preview triage ticket=1 --as mardown", "did you mean `markdown`?"),
        ("%stop", "No run is under way"),
    ],
)
def test_a_mistake_is_one_line_with_the_cure(triage, text, said):
    before = triage.names()

    lines = triage.error(text)

    assert len(lines) == 1
    assert said in lines[0]
    assert triage.names() == before


def test_without_a_model_the_line_says_how_to_set_one(triage):
    triage("dspnb_configure = __import__('dspnb').configure(lm=None)")

    for text in (
        "triage(ticket='x')",
        "%evaluate triage --on tickets.test --metric right",
        COMPILE,
    ):
        lines = triage.error(text)
        assert len(lines) == 1
        assert "No model is set. Run `%lm offline`" in lines[0]


def test_a_metric_that_raises_is_named_with_its_line_and_the_example(triage):
    triage("%%metric bad\nwanted = example.team\nwanted == prediction.taem")

    (line,) = triage.error("%evaluate triage --on tickets.test --metric bad")
    assert "The metric `bad` raised AttributeError" in line
    assert "did you mean `team`?" in line
    assert "(line 3)" in line
    assert "for the example {" in line


def test_a_metric_that_raises_fails_a_run_at_once_and_says_so(triage):
    triage("%%metric bad\n1 / 0")

    (line,) = triage.error(COMPILE.replace("right", "bad") + " --as worse --wait")
    assert "The metric `bad` raised ZeroDivisionError" in line
    assert triage("worse.run.status") == "failed"


@pytest.mark.parametrize(
    "text", ["triage(ticket='x')", "%evaluate triage --on tickets.test --metric right"]
)
def test_a_wrong_key_is_one_line_with_the_cure_and_without_the_key(triage, monkeypatch, text):
    monkeypatch.setenv("OPENAI_API_KEY", "sk-not-the-right-one")
    with running() as server:
        triage(f"%lm openai/offline api_base={server.url}")
        lines = triage.error(text)

    assert len(lines) == 1
    assert "does not accept the key. Set the environment variable `OPENAI_API_KEY`" in lines[0]
    assert "sk-not-the-right-one" not in lines[0]


def test_inspect_says_what_came_from_the_cache_and_which_error_a_call_ended_with(cell, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    cell("from dspnb import Predict\nask = Predict('q -> a')")
    with running() as server:
        choose = f"%lm openai/offline api_base={server.url} retries=0"
        for _ in range(2):
            cell(choose)  # another model, and the same file of answers
            cell("ask(q='Why?')")
        cached = cell("%inspect")
        server.fault = "broken"
        cell.error("ask(q='How?')")
        failed = cell("%inspect")

    assert len(server.requests) == 2
    assert "(cached) [[ ## a ## ]]" in cell.bundle(cached)["text/plain"]
    assert ", from the cache" in cell.html(cached)
    told = "ServerFailed: openai/offline: the provider at"
    assert f"no outputs\n  self: {told}" in cell.bundle(failed)["text/plain"]
    assert f"<b>error:</b> {told}" in cell.html(failed)


def test_an_unreachable_server_is_one_line_with_its_address(triage, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    with running() as server:
        url = server.url
    triage(f"%lm openai/offline api_base={url}")

    (line,) = triage.error("%evaluate triage --on tickets.test --metric right")
    assert f"nobody answers at {url}. Is the address right and the server up?" in line


def test_a_run_against_a_dead_server_fails_at_once_and_says_why(triage, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    with running() as server:
        url = server.url
    triage(f"%lm openai/offline api_base={url}")

    (line,) = triage.error(f"{COMPILE} --as never --wait")
    assert f"nobody answers at {url}" in line
    assert triage("never.run.status") == "failed"


def test_magics_work_over_http_as_they_do_offline(triage, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    offline = triage("%evaluate triage --on tickets.train --metric right")
    with running() as server:
        triage(f"%lm openai/offline api_base={server.url}")
        report = triage("%evaluate triage --on tickets.train --metric right")

    assert report.scores == offline.scores
    assert triage("%lm")["main"].usage.calls == len(report.rows)
