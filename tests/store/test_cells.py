"""Scored examples by their keys, and the answers inside of those that are not scored yet."""

import contextlib
import sqlite3
import threading

import pytest

from dspnb import Example, Prediction, Score, Signature
from dspnb.lm.base import Completion
from dspnb.lm.usage import Usage
from dspnb.report import Report, Row
from dspnb.store import KeptRows, Store
from dspnb.trace import Call

SIGNATURE = Signature("q -> a")
SIGNATURES = {"self": SIGNATURE}
KEYS = [bytes([i]) * 16 for i in range(4)]
TOOK = Usage(2, 1, 30, 4, 0.5, 1, 1)


@pytest.fixture
def file(tmp_path):
    return tmp_path / "runs.sqlite"


@pytest.fixture
def store(file):
    made = Store(file)
    yield made
    made.close()


def row_of(i, value=0.5, error=""):
    example = Example(q=f"q{i}", a="y").with_inputs("q")
    call = Call("self", SIGNATURE, {"q": f"q{i}"}, {"a": "x"}, (), Completion("x", "m"))
    prediction = None if error else Prediction(a="x").with_trace((call,))
    return Row(example, prediction, Score(value, error), error, (call,), 0.25)


def filled(store):
    rows = [row_of(i) for i in range(len(KEYS))]
    for key, row in zip(KEYS, rows, strict=True):
        store.cells.keep(key, "run-1", row, TOOK)
    return rows


def change(file, text, *values):
    with contextlib.closing(sqlite3.connect(file)) as connection:
        connection.execute(text, values)
        connection.commit()


def kept_rows(store, rows, keys=KEYS):
    examples, scores = [row.example for row in rows], [row.score.value for row in rows]
    return KeptRows(store.cells, keys, examples, SIGNATURES, scores, {})


def test_rows_are_found_again_by_another_session(store, file):
    rows = filled(store)
    store.close()
    again = Store(file)

    assert again.cells.find([*KEYS, b"?" * 16]).keys() == set(KEYS)
    examples = [row.example for row in rows]
    assert list(again.cells.rows(KEYS, examples, SIGNATURES)) == rows
    assert list(again.cells.rows(KEYS, [None] * 4, SIGNATURES)) == rows
    assert again.cells.usage("run-1") == Usage(8, 4, 120, 16, 2.0, 4, 4)
    assert again.cells.usage("run-2") == Usage()
    assert again.cells.took(KEYS[:2]) == (2, Usage(4, 2, 60, 8, 1.0, 2, 2), 0.5)
    assert again.cells.took([]) == (0, Usage(), 0.0)


def test_the_row_that_was_first_stays(store):
    filled(store)
    store.cells.keep(KEYS[0], "run-2", row_of(0, 1.0))

    assert store.cells.find(KEYS)[KEYS[0]].value == 0.5


def test_thousands_of_keys_are_found_at_once(store):
    keys = [i.to_bytes(16) for i in range(2500)]
    for key in keys[:1200]:
        store.cells.keep(key, "r", row_of(0))

    assert store.cells.find(keys).keys() == set(keys[:1200])
    assert store.cells.took(keys)[0] == 1200


def test_what_rows_share_is_written_once_and_by_threads_too(store, file):
    shared = row_of(0)

    def keep(thread):
        for i in range(20):
            store.cells.keep(bytes([thread, i]) * 8, "r", shared)

    threads = [threading.Thread(target=keep, args=(i,)) for i in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    with contextlib.closing(sqlite3.connect(file)) as connection:
        assert connection.execute("SELECT count(*) FROM texts").fetchone() == (2,)
    rows = Store(file).cells.rows([bytes([7, 19]) * 8], [None], SIGNATURES)
    assert list(rows) == [shared]


def test_an_error_with_half_a_surrogate_pair_is_kept(store):
    store.cells.keep(KEYS[0], "r", row_of(0, 0.0, "ParseError: \ud83d"))

    assert store.cells.find(KEYS)[KEYS[0]].error == "ParseError: \\ud83d"
    (row,) = store.cells.rows(KEYS[:1], [None], SIGNATURES)
    assert row.error == "ParseError: \ud83d"


DAMAGE = [
    ("body", ""), ("body", "{"), ("body", b"\xff\xfe"), ("body", "[" * 100_000), ("body", 7),
    ("value", "a lot"), ("value", float("inf")), ("value", b"\x00"), ("error", 7), ("error", b"x"),
]  # fmt: skip


@pytest.mark.parametrize(("column", "value"), DAMAGE, ids=range(len(DAMAGE)))
def test_a_damaged_cell_makes_room_for_another_and_what_it_took_is_not_forgotten(
    store, file, column, value
):
    rows = filled(store)
    change(file, f"UPDATE cells SET {column} = ? WHERE key = ?", value, KEYS[1])

    found = store.cells.find(KEYS)
    if column == "error" and isinstance(value, int):
        assert found[KEYS[1]].error == "7"  # SQLite makes it a text
        return
    if value == 7 and column == "body":  # JSON, but no row
        found.pop(KEYS[1])
        store.cells.set_aside([KEYS[1]])
    assert found.keys() == {KEYS[0], KEYS[2], KEYS[3]}
    store.cells.keep(KEYS[1], "run-1", rows[1], TOOK)
    assert store.cells.find(KEYS).keys() == set(KEYS)
    assert store.cells.usage("run-1").calls == 2 * 5
    assert store.trouble == ""


def test_a_row_that_cannot_be_read_any_more_says_so_and_keeps_its_score(store, file):
    rows = filled(store)
    change(file, "UPDATE cells SET body = '{}' WHERE key = ?", KEYS[1])
    change(file, "DELETE FROM cells WHERE key = ?", KEYS[2])
    report = Report(kept_rows(store, rows), "right")

    assert report.rows[0] == rows[0]
    assert report.rows[1].error.startswith("Row 1 cannot be read any more: it is damaged")
    assert report.rows[2].error.startswith("Row 2 cannot be read any more: it was deleted")
    assert report.rows[2].example == rows[2].example
    assert [row.score.value for row in report.rows] == report.scores == [0.5] * 4


def test_a_text_that_is_missing_or_garbage_is_named(store, file):
    rows = filled(store)
    store.close()
    change(file, "DELETE FROM texts WHERE text LIKE '%instructions%'")

    (row,) = Store(file).cells.rows(KEYS[:1], [rows[0].example], SIGNATURES)
    assert isinstance(row, ValueError)
    assert "the text " in str(row)
    assert " is missing" in str(row)


def test_rows_that_went_to_memory_are_read_with_those_in_the_file(store, file):
    rows = filled(store)
    file.unlink()
    key = b"5" * 16
    store.cells.keep(key, "run-1", row_of(9), TOOK)

    examples = [None] * 5
    assert list(store.cells.rows([*KEYS, key], examples, SIGNATURES)) == [*rows, row_of(9)]
    assert store.cells.usage("run-1").calls == 10
    assert store.cells.took([*KEYS, key])[0] == 5


# -- answers ---------------------------------------------------------------------------


def test_answers_are_found_by_the_next_session_of_their_run(store, file):
    answers = store.answers("run-1")
    completion = Completion("half \ud83d", "m", tokens_in=3, tokens_out=2, dollars=0.5)
    answers.write(answers.statement(b"k", completion), answers.statement(b"l", completion))
    answers.write(answers.dropping(b"l"))

    again = Store(file).answers("run-1")
    assert again.any
    assert (again.find(b"k"), again.find(b"l")) == (completion, None)
    assert again.usage == Usage(1, 0, 3, 2, 0.5)
    assert not store.answers("run-2").any
    assert answers.statement(b"m", Completion("a", logprobs=object())) is None


ANSWERS = [
    "", "{", "null", "7", '{"text": 1}', '{"tool_calls": 5, "text": ""}', "[" * 99_999, b"\xff",
]  # fmt: skip


@pytest.mark.parametrize("text", ANSWERS, ids=range(len(ANSWERS)))
def test_a_damaged_answer_is_asked_for_again(store, file, text):
    answers = store.answers("run-1")
    answers.write(
        answers.statement(b"k", Completion("a")), answers.statement(b"l", Completion("b"))
    )
    change(file, "UPDATE answers SET completion = ? WHERE key = ?", text, b"k")

    again = store.answers("run-1")
    assert (again.find(b"k"), again.find(b"l")) == (None, Completion("b"))
