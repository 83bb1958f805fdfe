"""What is fetched comes from the web only, within limits, and failures are said plainly."""

import socket
import time
from contextlib import suppress

import pytest

from dspnb import Image, UsageError
from dspnb.types import fetch


def test_a_picture_is_fetched_and_sent_along(web, png):
    image = Image.from_url(f"{web}/cat.png")

    assert image == Image(png)
    assert image.url.startswith("data:image/png;base64,")


def test_a_redirect_is_followed(web, png):
    assert Image.from_url(f"{web}/moved.png") == Image(png)


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("/none.png", "/none.png' could not be fetched: the server said 404 Not Found."),
        ("/page", "/page' is no picture of a known kind: it begins with b'<!doctype ht'"),
        ("/empty", "/empty' holds nothing."),
        ("/cut", "/cut' could not be fetched: the connection was cut."),
        ("/to-a-file", "/to-a-file' could not be fetched: "),
        ("/to-ftp", "/to-ftp' could not be fetched: "),
        ("/round", "/round' could not be fetched: "),
        ("/endless", "/endless' has more than 50.0 MB; use a smaller file."),
    ],
)
def test_what_cannot_be_fetched_is_said(web, path, said):
    with pytest.raises(UsageError) as caught:
        Image.from_url(f"{web}{path}")

    assert said in str(caught.value)
    assert web in str(caught.value)


@pytest.mark.parametrize("path", ["/silent", "/slow"])
def test_a_server_that_takes_too_long_is_given_up(web, path):
    began = time.monotonic()

    with pytest.raises(UsageError, match=r"no answer within 0\.3 seconds"):
        Image.from_url(f"{web}{path}", timeout=0.3)
    assert time.monotonic() - began < 5


def test_a_server_that_is_not_there_is_said():
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]

    with pytest.raises(UsageError, match="could not be fetched: Connection refused"):
        Image.from_url(f"http://127.0.0.1:{port}/cat.png")


@pytest.mark.parametrize(
    "url",
    [
        "file:///etc/passwd",
        "ftp://127.0.0.1/cat.png",
        "gopher://127.0.0.1/",
        "data:image/png;base64,AAAA",
        "cat.png",
        "",
        "http://",
        "http://a b/",
        "https://example.org/\r\nHost: other",
    ],
)
def test_only_the_web_is_fetched(url, shut_off):
    with shut_off(), pytest.raises(UsageError, match="Only addresses with http:// or https://"):
        Image.from_url(url)


@pytest.mark.parametrize("url", ["http://127.0.0.1:port/", "http://[::1", "http://127.0.0.1:99999"])
def test_a_broken_address_is_said(url):
    with pytest.raises(UsageError, match="could not be fetched"):
        Image.from_url(url)


def test_a_file_is_read_from_any_folder(tmp_path, png, monkeypatch):
    (tmp_path / "cat.bin").write_bytes(png)
    monkeypatch.setenv("HOME", str(tmp_path))

    assert Image.from_file(tmp_path / "cat.bin") == Image.from_file("~/cat.bin") == Image(png)


def test_a_file_that_cannot_be_read_is_said(tmp_path):
    (tmp_path / "empty.png").touch()

    for path, said in [
        (tmp_path / "none.png", "could not be read: No such file or directory"),
        (tmp_path, "could not be read: Is a directory"),
        (tmp_path / "empty.png", "is empty"),
        ("a\0b", "could not be read: embedded null byte"),
    ]:
        with pytest.raises(UsageError, match=said):
            Image.from_file(path)


def test_a_file_has_a_largest_size(tmp_path):
    with (tmp_path / "large.png").open("wb") as file:
        file.truncate(fetch.LIMIT + 1)

    with pytest.raises(UsageError, match=r"has more than 50\.0 MB"):
        Image.from_file(tmp_path / "large.png")


@pytest.mark.parametrize(
    "look", [lambda: open(__file__).close(), lambda: Image.from_url("http://127.0.0.1:9/")]
)
def test_the_guard_of_these_tests_sees_what_is_opened(look, shut_off):
    with pytest.raises(AssertionError, match=r"assert \["), shut_off(), suppress(UsageError):
        look()
