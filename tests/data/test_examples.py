import pytest

from dspnb import Example, Examples, UsageError, examples, split


class Frame:
    """What is used of a pandas frame."""

    columns = ("q", "n")

    def to_dict(self, orient):
        assert orient == "records"
        return [{"q": "x", "n": 1}]


class Polars:
    """What is used of a polars frame."""

    def to_dicts(self):
        return [{"q": "x", "n": 1}]


@pytest.mark.parametrize(
    "source", [[{"q": "x", "n": 1}], (Example(q="x", n=1),), "q,n\nx,1\n", Frame(), Polars()]
)
def test_examples_come_from_rows_texts_and_frames(source):
    made = examples(source, inputs=["q"])

    assert isinstance(made, Examples)
    assert made == (Example(q="x", n=1),)
    assert made[0].inputs == {"q": "x"}


def test_examples_come_from_a_file_by_path_or_name(tmp_path):
    file = tmp_path / "rows.csv"
    file.write_text("q,n\nx,1\n")

    assert examples(file) == examples(str(file)) == (Example(q="x", n=1),)


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ([1], "Row 0 is not a mapping"),
        ([{1: 2}], "Row 0: a field's name is a text; got 1"),
        ([], "There are no examples"),
        ({"q": "x"}, "come from a file, rows or a frame"),
        (7, "come from a file, rows or a frame; got int"),
        ([{"q": 1}, {"a": 1}], "Row 1: An example has no field `q`"),
    ],
)
def test_what_is_no_data_is_said(source, said):
    with pytest.raises(UsageError) as caught:
        examples(source, inputs=["q"])
    assert said in str(caught.value)


def test_a_slice_of_examples_is_examples():
    rows = examples([{"n": i} for i in range(5)])

    assert isinstance(rows[1:3], Examples)
    assert [row.n for row in rows[1:3]] == [1, 2]
    assert rows[-1].n == 4


@pytest.mark.parametrize(
    ("shares", "sizes"),
    [
        ("60/20/20", (6, 2, 2)),
        ("70/30", (7, 3, 0)),
        ("1/1/1", (3, 4, 3)),
        ([0.5, 0.25, 0.25], (5, 3, 2)),
        ([0.5, 0.3], (5, 3, 0)),
        ([2, 3, 4], (2, 3, 4)),
    ],
)
def test_a_split_has_the_shares_asked_for_and_no_row_twice(shares, sizes):
    rows = examples([{"n": i} for i in range(10)])

    made = split(rows, shares)
    seen = [row.n for part in made for row in part]
    assert len(seen) == len(set(seen))
    assert tuple(map(len, made)) == sizes


def test_a_seed_divides_alike_and_another_differently():
    rows = examples([{"n": i} for i in range(50)])

    assert split(rows, seed=1) == split(rows, seed=1)
    assert split(rows, seed=1) != split(rows, seed=2)


@pytest.mark.parametrize("shares", ["60", "a/b", "50/50/50/50", [1], [-1, 2], [0, 0], [9, 9]])
def test_shares_that_do_not_divide_are_said(shares):
    rows = examples([{"n": i} for i in range(10)])

    with pytest.raises(UsageError, match=r"[Ss]hares|rows are asked for"):
        split(rows, shares)


def test_a_lone_name_of_an_input_is_written_in_a_list():
    with pytest.raises(UsageError, match=r"list of names, as in `inputs=\['question'\]`"):
        examples([{"question": "x"}], inputs="question")
