"""Tables of pandas, polars and Arrow are recognised, and told to a model in Markdown."""

import subprocess
import sys

import numpy as np
import pandas as pd
import polars as pl
import pytest

from dspnb import UsageError
from dspnb.types.table import is_table, table_columns, table_rows, table_text


@pytest.mark.parametrize("library", [pd, pl], ids=["pandas", "polars"])
def test_frames_and_series_are_tables(library):
    assert is_table(library.DataFrame({"a": [1]}))
    assert is_table(library.Series([1]))
    assert table_rows(library.DataFrame({"a": [1, 2], "b": ["x", "y"]}), 1) == [(1, "x")]
    assert table_rows(library.Series([1, 2, 3]), 2) == [(1,), (2,)]


@pytest.mark.parametrize("value", [None, "a", [1], {"a": 1}, np.zeros(3), pd.Index([1]), pl.Int8])
def test_other_values_are_none(value):
    assert not is_table(value)
    with pytest.raises(UsageError, match="A table is a data frame or a series"):
        table_text(value)


def test_a_frame_of_a_class_made_from_pandas_is_a_table():
    class Frame(pd.DataFrame):
        pass

    assert is_table(Frame({"a": [1]}))


def test_a_table_is_told_with_its_size_types_and_first_rows():
    frame = pl.DataFrame({"name": ["a", "b", "c"], "age": [1, None, 3]})

    assert table_text(frame, rows=2) == (
        "3 rows, 2 columns: `name` (String), `age` (Int64); the first 2 rows:\n"
        "\n"
        "| name | age |\n"
        "| --- | --- |\n"
        "| a | 1 |\n"
        "| b |  |"
    )
    assert table_text(frame, rows=1).splitlines()[0].endswith("; the first 1 row:")
    assert table_text(frame).splitlines()[0].endswith("`age` (Int64):")
    assert table_text(frame, rows=0) == "3 rows, 2 columns: `name` (String), `age` (Int64)"
    assert table_rows(frame, -1) == []


def test_an_index_that_says_something_is_a_column():
    frame = pd.DataFrame({"city": ["Ulm", "Bonn"], "n": [1, 2]})

    assert [name for name, _ in table_columns(frame)] == ["city", "n"]
    assert table_rows(frame.set_index("city"), 9) == [("Ulm", 1), ("Bonn", 2)]
    assert [name for name, _ in table_columns(frame.set_index("city"))] == ["city", "n"]
    counts = frame.groupby(["city", "n"]).size()
    assert [name for name, _ in table_columns(counts)] == ["city", "n", "value"]
    assert table_rows(counts, 1) == [("Bonn", 2, 1)]
    sliced = pd.Series([5, 6], index=["x", "y"])
    assert [name for name, _ in table_columns(sliced)] == ["index", "value"]


def test_odd_frames_keep_all_their_cells():
    twice = pd.DataFrame([[1, 2]], columns=["a", "a"])
    pairs = pd.DataFrame({"n": [1]}, index=pd.Index([("a", "b")], tupleize_cols=False))

    assert table_rows(twice, 5) == [(1, 2)]
    assert table_rows(pairs, 5) == [(("a", "b"), 1)]
    assert table_text(pd.DataFrame()) == "0 rows, 0 columns"
    assert table_text(pl.DataFrame({"a": []})) == "0 rows, 1 column: `a` (Null)"


def test_a_cell_keeps_to_its_place():
    frame = pd.DataFrame({"a|b": ["x\n| y", "z" * 1000, "nan"], "n": [np.nan, 1.5, pd.NA]})
    lines = table_text(frame).splitlines()

    assert lines[2] == "| a\\|b | n |"
    assert lines[4] == "| x \\| y |  |"
    assert len(lines[5]) < 230 and lines[5].endswith("z… | 1.5 |")
    assert lines[6] == "| nan |  |"


def test_a_table_of_arrow_is_one():
    arrow = pytest.importorskip("pyarrow")
    table = arrow.table({"a": [1, 2], "b": ["x", None]})

    assert is_table(table)
    assert table_columns(table) == [("a", "int64"), ("b", "string")]
    assert table_rows(table, 1) == [(1, "x")]


def test_recognising_a_table_imports_nothing():
    program = (
        "import sys; from dspnb.types.table import is_table; is_table([1]); "
        "print(*{'pandas', 'polars', 'pyarrow', 'numpy'} & set(sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )

    assert done.stdout.strip() == ""
