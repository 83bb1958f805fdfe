"""Files come from users: every reader checks, and says the line of what is wrong."""

import pytest

from dspnb import UsageError
from dspnb.data.reading import read_file, read_text

ROWS = [{"q": "2 + 2?", "n": 4}, {"q": "a, b | c", "n": 6}]
FILES = {
    "rows.jsonl": '{"q": "2 + 2?", "n": 4}\n\n{"q": "a, b | c", "n": 6}\n',
    "rows.json": '[{"q": "2 + 2?", "n": 4}, {"q": "a, b | c", "n": 6}]',
    "rows.csv": 'q,n\n2 + 2?,4\n"a, b | c",6\n',
    "rows.tsv": "q\tn\n2 + 2?\t4\na, b | c\t6\n",
    "rows.md": "| q | n |\n|---|--:|\n| 2 + 2? | 4 |\n| a, b \\| c | 6 |\n",
}


@pytest.mark.parametrize("name", FILES)
def test_every_format_gives_the_same_rows(tmp_path, name):
    file = tmp_path / name
    file.write_text(FILES[name])

    assert read_file(file) == ROWS


@pytest.mark.parametrize("name", ["rows.jsonl", "rows.json", "rows.csv", "rows.md"])
def test_the_format_of_a_text_is_told_by_its_beginning(name):
    assert read_text(FILES[name]) == ROWS


def test_a_file_with_a_byte_order_mark_is_read(tmp_path):
    file = tmp_path / "rows.csv"
    file.write_bytes(b"\xef\xbb\xbfq,n\nx,1\n")

    assert read_file(file) == [{"q": "x", "n": 1}]


def test_columns_of_numbers_and_truths_get_their_type_and_codes_stay_text():
    rows = read_text("n,x,ok,zip,mixed\n1,1.5,true,01234,7\n-2,2,False,98765,b\n")

    assert rows[0] == {"n": 1, "x": 1.5, "ok": True, "zip": "01234", "mixed": "7"}
    assert rows[1] == {"n": -2, "x": 2.0, "ok": False, "zip": "98765", "mixed": "b"}


def test_a_text_may_hold_any_separator_of_lines_that_json_allows():
    assert read_text('{"q": "a\u2028b\u2029c\x85d"}\r\n{"q": "e"}') == [
        {"q": "a\u2028b\u2029c\x85d"},
        {"q": "e"},
    ]


def test_a_markdown_table_may_hold_empty_cells_and_dashes():
    table = "| q | a |\n|---|:-:|\n| - | -- |\n| x ||\n| | y |"

    assert read_text(table) == [{"q": "-", "a": "--"}, {"q": "x", "a": ""}, {"q": "", "a": "y"}]


def test_a_cell_may_span_lines():
    assert read_text('q,a\n"one\ntwo",x\n') == [{"q": "one\ntwo", "a": "x"}]


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.jsonl", '{"q": 1}\n{"q": \n', "line 2: this is not JSON"),
        ("a.jsonl", '{"q": 1}\n[1]\n', "line 2: a row is an object"),
        ("a.json", '[{"q": 1},\n {"q" 2}]', "line 2: this is not JSON"),
        ("a.json", '{"q": 1}', "a JSON file of examples holds a list"),
        ("a.json", "[1]", "item 0: a row is an object"),
        ("a.csv", "q,a\n1,2\n3\n", "line 3: 1 cells, but the header names 2"),
        ("a.csv", 'q,a\n1,2\n1,"2\n3,4\n5,6\n', "line 3: this is not CSV"),
        ("a.csv", 'q,a\n"1\n1",2\n"3\n"\n', "line 4: 1 cells, but the header names 2"),
        ("a.csv", "q,q\n1,2\n", "the column `q` stands twice"),
        ("a.csv", "q,a\n", "at least one row"),
        ("a.csv", "", "at least one row"),
        ("a.md", "| q |\n|---|\nx\n", "line 3: a table's line starts with `|`"),
        ("a.txt", "q", "has the ending '.txt'"),
    ],
)
def test_a_broken_file_is_named_with_its_line(tmp_path, name, content, said):
    file = tmp_path / name
    file.write_text(content)

    with pytest.raises(UsageError) as caught:
        read_file(file)
    assert said in str(caught.value)
    assert name in str(caught.value)


def test_what_is_no_text_is_named_with_its_line(tmp_path):
    file = tmp_path / "a.csv"
    file.write_bytes(b"q,a\nx,1\n\xff\xfe,2\n")

    with pytest.raises(UsageError, match="line 3: this is not UTF-8"):
        read_file(file)


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(UsageError, match=r"none\.csv` could not be read: No such file"):
        read_file(tmp_path / "none.csv")
