"""A file goes to a model with its content, or by the id that the provider gave it."""

import pickle

import pytest

from dspnb import File, UsageError


def test_a_file_is_sent_with_its_name_and_kind(tmp_path):
    (tmp_path / "report.pdf").write_bytes(b"%PDF-1.7")
    file = File.from_file(tmp_path / "report.pdf")

    assert file == File.from_bytes(b"%PDF-1.7", "report.pdf")
    assert file.attachment().kind == "file"
    assert file.attachment().part == {
        "type": "file",
        "file": {
            "file_data": "data:application/pdf;base64,JVBERi0xLjc=",
            "filename": "report.pdf",
        },
    }
    assert file.attachment().label == "report.pdf, application/pdf, 8 B"


def test_a_file_of_the_provider_is_sent_by_its_id():
    file = File.from_id("file-abc")

    assert file.attachment().part == {"type": "file", "file": {"file_id": "file-abc"}}
    assert repr(file) == "File(id 'file-abc')"


@pytest.mark.parametrize(
    ("name", "data", "mime"),
    [
        ("a.CSV", b"a,b", "text/csv"),
        ("a.md", b"# A", "text/markdown"),
        ("a", b"GIF89a", "image/gif"),
        ("a.odd", b"?", "application/octet-stream"),
    ],
)
def test_the_kind_comes_from_the_ending_or_the_first_bytes(name, data, mime, shut_off):
    with shut_off():
        assert File.from_bytes(data, name).file_data.startswith(f"data:{mime};base64,")


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: File(), "has either content or a `file_id`"),
        (lambda: File("data:,x", file_id="f"), "has either content or a `file_id`"),
        (lambda: File("report.pdf"), 'use `File.from_file("report.pdf")`'),
        (lambda: File("file:///etc/passwd"), "is made of a data URI"),
        (lambda: File(b"%PDF"), "become one by `File.from_bytes(data, filename)`"),
        (lambda: File("data:a/b;base64,@"), "is broken"),
        (lambda: File.from_bytes(b"", "a.txt"), "The file `a.txt` is empty"),
        (lambda: File.from_file("none.pdf"), "could not be read"),
    ],
)
def test_what_makes_no_file_is_said(make, said):
    with pytest.raises(UsageError) as caught:
        make()

    assert said in str(caught.value)


def test_it_is_a_value():
    file = File.from_bytes(b"x", "a.txt")

    assert {file, File(file.file_data, filename="a.txt"), pickle.loads(pickle.dumps(file))} == {
        file
    }
