"""Where the runs of a project are kept."""

import pytest

from dspnb.store import Store, opened, store_file


@pytest.fixture(autouse=True)
def _no_home(monkeypatch):
    monkeypatch.delenv("DSPNB_HOME")


@pytest.mark.parametrize("sign", [".dspnb/", ".git/", ".git", "pyproject.toml"])
def test_the_project_is_the_nearest_directory_with_a_sign(sign, tmp_path, monkeypatch):
    inside = tmp_path / "a" / "b" / "c"
    inside.mkdir(parents=True)
    if sign.endswith("/"):
        (tmp_path / "a" / sign).mkdir()
    else:
        (tmp_path / "a" / sign).touch()
    monkeypatch.chdir(inside)

    assert store_file() == store_file(inside) == tmp_path / "a" / ".dspnb" / "runs.sqlite"


def test_without_a_sign_it_is_the_directory_itself(tmp_path):
    assert store_file(tmp_path / "a") == tmp_path / "a" / ".dspnb" / "runs.sqlite"


def test_a_chosen_home_comes_first(tmp_path, monkeypatch):
    (tmp_path / ".git").mkdir()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DSPNB_HOME", "homes/mine")
    assert store_file() == tmp_path / "homes" / "mine" / "runs.sqlite"

    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("DSPNB_HOME", "~/there")
    assert store_file() == tmp_path / "there" / "runs.sqlite"


def test_a_directory_of_ours_is_not_taken_into_the_repository_and_one_of_yours_is(tmp_path):
    Store(tmp_path / ".dspnb" / "runs.sqlite").close()
    Store(tmp_path / "other" / "runs.sqlite").close()

    assert (tmp_path / ".dspnb" / ".gitignore").read_text() == "*\n"
    assert [path.name for path in (tmp_path / "other").iterdir()] == ["runs.sqlite"]


def test_the_same_store_is_given_as_long_as_its_file_is_there(tmp_path):
    file = tmp_path / "runs.sqlite"
    first = opened(file)
    assert opened(file) is first

    file.unlink()
    second = opened(file)
    assert second is not first
    assert second.trouble == ""

    file.rename(tmp_path / "away.sqlite")
    Store(file).close()
    assert opened(file) is not second


def test_a_store_that_is_in_trouble_is_tried_again(tmp_path):
    file = tmp_path / "home" / "runs.sqlite"
    file.parent.touch()
    assert "could not be used" in opened(file).trouble

    file.parent.unlink()
    assert opened(file).trouble == ""
