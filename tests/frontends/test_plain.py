import io
import re
import threading

from frontends.runs import ROWS, right, small_run

from dspnb import Predict, Race, compile, use
from dspnb.errors import WrongKey
from dspnb.frontends.plain import watch
from dspnb.testing import Scripted


def lines_of(text):
    """The lines without their times."""
    return [re.fullmatch(r"\[\d+:\d\d\] (.*)", line)[1] for line in text.splitlines()]


def test_a_log_tells_candidates_scores_the_comparison_and_the_end():
    run, text = small_run(val=None), io.StringIO()
    watch(run, text)

    lines = lines_of(text.getvalue())
    told = [line for line in lines if not re.match("about|spent|held|note: With", line)]
    assert told == [
        "LabeledFewShot on 4 train / 2 val / 6 test",
        "running",
        "note: No validation set was given: 2 of the 6 training examples validate instead.",
        "#0 as it is",
        "#0 1.000 [0.342, 1.000] on 2 val",
        "#1 final from #0: self: 2 demos",
        "#1 1.000 [0.342, 1.000] on 2 val",
        "#0 1.000 [0.610, 1.000] on 6 test",
        "done",
    ]
    assert any(line.startswith("held out: 1.00 on 6; nothing beat") for line in lines)
    spent = next(line for line in lines if line.startswith("spent"))
    assert "expected" in spent
    assert "\r" not in text.getvalue() and "\x1b" not in text.getvalue()


def test_a_run_that_has_ended_is_told_with_the_times_that_it_had():
    run, text = small_run().wait(), io.StringIO()
    watch(run, text)

    assert lines_of(text.getvalue())[-1] == "done"
    assert "runs;" not in text.getvalue()  # no progress: it is over


def test_progress_is_a_line_now_and_then_and_not_twice_the_same():
    said, go_on = [], threading.Event()

    class Seen(io.StringIO):
        def write(self, line):
            if "of about" in line:
                said.append(line)
                go_on.set()
            return super().write(line)

    def reply(prompt):
        assert go_on.wait(10)
        return "[[ ## a ## ]]\n1"

    watch(small_run(reply), Seen(), every=0.01)

    assert re.search(r"0 of about \d+ runs; 0 calls, 0 tokens\n", said[0])
    assert len(said) == len({line.partition("]")[2] for line in said})


def test_a_short_run_has_no_line_of_progress():
    text = io.StringIO()
    watch(small_run(), text)

    assert "of about" not in text.getvalue()


def test_a_failed_run_says_why_and_raises_nothing():
    def broken(prompt):
        raise WrongKey("no such key", model="x")

    text = io.StringIO()
    watch(small_run(broken), text)

    assert lines_of(text.getvalue())[-1].startswith("failed: ")


def test_a_stream_that_lacks_letters_still_gets_every_line():
    def broken(prompt):
        raise WrongKey("Überlastet", model="x")

    raw = io.BytesIO()
    out = io.TextIOWrapper(raw, encoding="ascii")
    watch(small_run(broken), out)

    assert r"\xdcberlastet" in raw.getvalue().decode("ascii").splitlines()[-1]


def test_a_reader_that_goes_away_ends_the_watching_and_not_the_run():
    class Gone(io.StringIO):
        def flush(self):
            raise BrokenPipeError

    run = small_run()
    watch(run, Gone())

    assert run.wait().status == "done"


def test_of_a_search_that_validates_in_part_it_tells_who_leads_and_not_each_few_scores():
    text = io.StringIO()
    with use(lm=Scripted(lambda prompt: "[[ ## a ## ]]\n2")):
        watch(compile(Predict("q -> a"), Race(), metric=right, train=ROWS[:6], val=ROWS[6:]), text)

    lines = lines_of(text.getvalue())
    assert "#0 leads: 0.000 expected" in lines
    assert [line for line in lines if re.search(r"on [1-7] val", line)] == []
