import io
import json
import os
import select
import sys
import threading

import pytest
from frontends.runs import small_run

from dspnb.frontends.jsonl import write


def test_every_event_is_a_line():
    run, lines = small_run(), io.StringIO()
    write(run, lines)

    written = [json.loads(line) for line in lines.getvalue().splitlines()]
    assert written == [event.to_dict() for event in run.events()]
    assert written[0]["kind"] == "started"
    assert written[-1]["status"] == "done"


def test_a_run_that_has_ended_is_written_whole_or_from_some_event_on():
    run = small_run().wait()
    whole, rest = io.StringIO(), io.StringIO()
    write(run, whole)
    write(run, rest, since=5)

    assert whole.getvalue().splitlines()[5:] == rest.getvalue().splitlines()
    assert json.loads(rest.getvalue().splitlines()[0])["seq"] == 5


@pytest.mark.skipif(sys.platform == "win32", reason="`select` of a pipe")
def test_events_can_be_read_while_the_run_goes_on():
    go_on = threading.Event()

    def reply(prompt):
        assert go_on.wait(10)
        return "[[ ## a ## ]]\n1"

    read, written = os.pipe()
    run = small_run(reply)
    with open(read) as reader, open(written, "w") as out:
        writing = threading.Thread(target=write, args=(run, out))
        writing.start()
        readable, _, _ = select.select([read], [], [], 5)
        early = not run.over
        go_on.set()
        writing.join(10)
        out.close()
        first = json.loads(reader.readline())

    assert readable and early
    assert first["kind"] == "started"
    assert run.over


def test_a_reader_that_goes_away_ends_the_writing_and_not_the_run():
    read, written = os.pipe()
    os.close(read)
    run = small_run()
    out = open(written, "w")  # noqa: SIM115  it cannot be flushed when it is closed
    write(run, out)
    os.dup2(os.open(os.devnull, os.O_WRONLY), written)
    out.close()

    assert run.wait().status == "done"
