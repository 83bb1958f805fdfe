"""What people do with models that have keys, in a process of its own; run by a test.

The keys come from the environment, so that no source line that a traceback shows has them.
"""

from __future__ import annotations

import asyncio
import contextlib
import copy
import json
import logging
import os
import pickle
import pprint
import sys
import traceback
from collections.abc import Callable

from servers.offline_over_http import FAULTS, running

KEY, HEADER = os.environ["OPENAI_API_KEY"], os.environ["MARKED_HEADER"]
SENT = {"Authorization": f"Bearer {KEY}", "X-Team": HEADER}
# What a careless provider says; the first is for models that have no headers of their own.
FAULTS["echo 401"] = 401, json.dumps({"error": {"message": f"you sent {KEY}", "code": KEY}}), SENT
FAULTS["echo 500"] = 500, json.dumps({"error": {"message": f"no {SENT}", "headers": SENT}}), SENT
FAULTS["echo page"] = 502, f"<html><title>{KEY}</title>{HEADER}", SENT
KINDS = ("chat", "responses", "text")
ALL = ("echo 401", "echo 500", "echo page", "hangs up", "no json", "too long", "forbidden")

CELLS = """
%load_ext dspnb
%lm openai/offline api_base={url} temperature=0
%lm openai/offline api_base={url} --as teacher
%lm
%%signature Triage
ticket: str
->
team: Literal["billing", "post"]
---
%%module triage(ticket) -> team
team = Predict(Triage)(ticket=ticket).team
---
%%examples tickets --inputs ticket --split 50/25/25
ticket, team
my parcel is late, post
the courier lost my parcel, post
I was charged twice, billing
the charge on my card is wrong, billing
---
%%metric right
example.team == prediction.team
---
triage(ticket="where is my parcel?")
%evaluate triage --on tickets.train --metric right
%compile triage --with labeled:k=1 --train tickets.train --val tickets.val --metric right --as better --budget 50calls --wait
better
%inspect
%inspect better
%preview triage ticket=late
%save_program better better.json
%load_program better better.json
%lm openai/offline api_base={url} --record lesson.jsonl
triage(ticket="recorded")
%lm --replay lesson.jsonl
triage(ticket="recorded")
from dspnb import *
ledger
ledger.frame().to_csv("ledger.csv")
%lm openai/offline api_base={url} cache=False
server.fault = "echo 401"
triage(ticket="a wrong key")
%evaluate triage --on tickets.train --metric right
server.fault = "echo 500"
lm = LM("openai/offline", api_base={url!r}, api_key=keys[0], extra_headers={{"X-Team": keys[1]}}, retries=0)
lm
[lm, repr(lm), {{"lm": lm}}]
lm("hello")
Embedder("openai/e", api_base={url!r}, api_key=keys[0], extra_headers={{"X-Team": keys[1]}}, retries=0)("hello")
with use(lm=lm): triage(ticket="a broken provider")
%xmode Verbose
lm("hello")
with use(lm=lm): evaluate(triage, tickets.train, right, concurrency=2)
%lm openai/offline api_base=http://127.0.0.1:9/v1
triage(ticket="nobody is there")
%lm openai/offline api_key=nothing
%lm nosuch model
%%lm
---
%whos
%lm --by model,error
"""  # noqa: E501


def cells(url: str) -> list[str]:
    """The cells of a notebook: a line each, those of more lines end with dashes."""
    found, lines = [], []
    for line in CELLS.format(url=url).strip().splitlines():
        if line.startswith("%%") or lines:
            if line == "---":
                found.append("\n".join(lines))
                lines = []
            else:
                lines.append(line)
        else:
            found.append(line)
    return found


def notebook() -> None:
    """Run the cells in a shell."""
    from IPython.core.interactiveshell import InteractiveShell

    with running() as server:
        shell = InteractiveShell()
        shell.push({"server": server, "keys": Hidden()})
        for cell in cells(server.url):
            print(f"In: {cell[:60]}")
            result = shell.run_cell(cell, store_history=True)
            if result.success and result.result is not None:
                print(*shell.display_formatter.format(result.result)[0].values(), sep="\n")
        shell.magics_manager.registry["RunMagics"].session.close()


FIRST = """
import threading
from lm.session_with_keys import Hidden
from servers.offline_over_http import Server
server, keys = Server(), Hidden()
threading.Thread(target=server.serve_forever, daemon=True).start()
url = server.url
"""


def saved() -> None:
    """Run the cells in a kernel, and save the notebook with its outputs."""
    import nbclient
    import nbformat

    sources = [FIRST, *(cell.replace("'URL'", "url") for cell in cells("URL"))]
    sources = [source.replace("api_base=URL", "api_base=url") for source in sources]
    book = nbformat.v4.new_notebook(cells=list(map(nbformat.v4.new_code_cell, sources)))
    nbclient.NotebookClient(book, kernel_name="python3", allow_errors=True).execute()
    nbformat.write(book, "lesson.ipynb")


class Hidden:
    """The keys, as a user's own code keeps them out of the notebook."""

    def __getitem__(self, place: int) -> str:
        return (KEY, HEADER)[place]


def python(provider: str) -> None:
    """Call, fail, show, dump and save, without a notebook. `provider` may be one of litellm's."""
    import dspnb
    from dspnb import LM, Budget, Embedder, Predict, Recorded, Replayed, data, metrics, use

    logging.basicConfig(filename="debug.log", level=logging.DEBUG)
    program = Predict("ticket -> team: Literal['billing', 'post']")
    rows, metric = data.tickets()[:8], metrics.exact("team")

    def call(model) -> None:
        model("hello")
        model.stream("hello stream", on_text=lambda text: None)
        asyncio.run(model.acall("hello later"))
        for form in (repr, str, pprint.pformat, lambda lm: repr(vars(lm)), pickle.dumps,
                     copy.copy, copy.deepcopy, lambda lm: [copy.deepcopy(lm), lm]):  # fmt: skip
            failing(lambda form=form: print(form(model)))

    def embed(model) -> None:
        print(len(model(["a", "b"])), model, repr(vars(model)))
        failing(lambda: print(pickle.dumps(model)))

    with running() as server:
        given = {"api_base": server.url, "retries": 0}
        header = {"extra_headers": {"X-Team": HEADER}}
        own = {"api_key": KEY, **header}
        vectors = "voyage" if provider != "openai" else provider
        models = [LM(f"{provider}/offline", **given, **own, temperature=0)]
        if provider == "openai":
            models += [LM("openai/offline", kind=kind, **given, **header) for kind in KINDS]
        embedder = Embedder(f"{vectors}/embed", **given, **own)
        for model in models:
            call(model)
            with use(lm=model):
                print(dspnb.evaluate(program, rows, metric))
        embed(embedder)
        with use(lm=models[0]):
            run = dspnb.compile(program, metric=metric, train=rows, val=rows,
                                budget=Budget(calls=20), wait=True)  # fmt: skip
        print(run, run.report, run.best, *run.events(), sep="\n")
        run.best.save("program.json")
        with_model = Predict("question -> answer", lm=models[0])
        with_model.save("own.json")
        print(with_model, with_model.state)
        print(dspnb.preview(program, ticket="late"))
        recorded = Recorded(models[0], "recorded.jsonl")
        recorded("hello")
        recorded.close()
        print(recorded, Replayed("recorded.jsonl")("hello"))
        for fault in ALL:
            server.fault = fault
            for model in models:
                failing(lambda model=model: model(f"hello {server.fault}"))
                failing(lambda model=model: model.stream(f"hi {server.fault}", on_text=print))
                failing(lambda model=model: asyncio.run(model.acall(f"hey {server.fault}")))
            failing(lambda: embedder(f"text {server.fault}"))
            with use(lm=models[0]):
                failing(lambda: print(dspnb.evaluate(program, rows, metric).rows))
    for model in models:
        failing(lambda model=model: model("nobody is there"))
    failing(lambda: embedder("nobody is there"))
    print(dspnb.ledger, *dspnb.ledger)
    dspnb.ledger.frame().to_csv("ledger.csv")


def failing(what: Callable[[], object]) -> None:
    """Show an error in each way that there is, with the variables of every frame."""
    try:
        what()
    except Exception as error:
        traceback.print_exc()
        shown = traceback.TracebackException.from_exception(error, capture_locals=True)
        print(*shown.format(), repr(error), vars(error))
        logging.getLogger("session").exception("it failed")
        with contextlib.suppress(Exception):
            print(pickle.dumps(error))


if __name__ == "__main__":
    match sys.argv[1]:
        case "notebook":
            notebook()
        case "saved":
            saved()
        case provider:
            python(provider)
    print("That was all.")
