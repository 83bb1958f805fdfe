"""Whatever is done with a model, its key is in no file and in nothing that is shown."""

import base64
import copy
import os
import pickle
import sqlite3
import subprocess
import sys
import zipfile
from contextlib import closing
from pathlib import Path

import pytest
from servers.offline_over_http import KEY, running

from dspnb import LM, Embedder, UsageError

TESTS = Path(__file__).parents[1]
HEADER = "team-4242-shown-to-no-one"
TELLTALES = [KEY.removeprefix("sk-")[:12], HEADER[:12]]


def here(folder):
    """The environment of a process that has its home in a folder."""
    env = {name: value for name, value in os.environ.items() if not name.endswith("_KEY")}
    places = {name: str(folder / name.lower()) for name in ("HOME", "DSPNB_HOME", "IPYTHONDIR")}
    path = os.pathsep.join([str(TESTS.parent), str(TESTS)])
    return {**env, **places, "OPENAI_API_KEY": KEY, "MARKED_HEADER": HEADER, "PYTHONPATH": path}


def found(data):
    """Which of the keys are in some bytes, as they are or as a header writes them."""
    looked_for = {word: word.encode() for word in TELLTALES}
    for start in range(3):  # base64 depends on where in a text it begins
        written = base64.b64encode(b"x" * start + KEY.encode())
        looked_for[f"base64 {start}"] = written[4:24]
    return [name for name, word in looked_for.items() if word in data]


def leaks(folder):
    """The files below a folder that hold a key; those inside of archives too."""
    for path in folder.rglob("*"):
        if path.is_file():
            yield from ((path.name, word) for word in found(path.read_bytes()))
            if zipfile.is_zipfile(path):
                with zipfile.ZipFile(path) as archive:
                    for name in archive.namelist():
                        yield from ((name, word) for word in found(archive.read(name)))


def session(folder, kind):
    done = subprocess.run(
        [sys.executable, "-X", "dev", "-W", "ignore", TESTS / "lm" / "session_with_keys.py", kind],
        env=here(folder),
        cwd=folder,
        capture_output=True,
        timeout=240,
    )
    return done.stdout, done.stderr


@pytest.mark.parametrize(
    "kind", ["notebook", "openai", pytest.param("moonshot", marks=pytest.mark.slow)]
)
def test_a_session_leaves_no_key_behind_and_shows_none(tmp_path, kind):
    out, err = session(tmp_path, kind)

    assert b"That was all." in out, err.decode()[-3000:]
    assert found(out) == found(err) == []
    assert list(leaks(tmp_path)) == []
    # It has really done what it should.
    assert b"does not accept the key" in out + err
    assert b"nobody answers" in out + err
    book = (tmp_path / "ledger.csv").read_text()
    assert book.count("openai/offline" if kind == "notebook" else "WrongKey") > 2
    (answers,) = (tmp_path / "dspnb_home").rglob("answers.sqlite")
    with closing(sqlite3.connect(answers)) as known:
        assert known.execute("SELECT count(*) FROM answers").fetchone()[0] > 3


@pytest.mark.kernels
def test_an_executed_notebook_that_is_saved_holds_no_key(tmp_path):
    out, err = session(tmp_path, "saved")

    assert b"That was all." in out, err.decode()[-3000:]
    assert found(out) == found(err) == []
    assert list(leaks(tmp_path)) == []
    text = (tmp_path / "lesson.ipynb").read_text()
    assert text.count('"output_type"') > 30
    assert "does not accept the key" in text
    assert "<b>openai/offline</b>" in text


def test_parameters_that_hold_keys_are_not_among_those_that_are_shown():
    lm = LM("bedrock/x", temperature=0, aws_secret_access_key=KEY, aws_session_token=HEADER)
    azure = LM("azure/x", api_base="https://a.com", azure_ad_token=KEY, prompt_cache_key="lesson")

    assert repr(lm) == "LM('bedrock/x', temperature=0)"
    assert repr(azure) == "LM('azure/x', prompt_cache_key='lesson')"
    assert (lm.params, azure.params) == ({"temperature": 0}, {"prompt_cache_key": "lesson"})


@pytest.mark.slow
def test_such_a_parameter_is_sent():
    with running() as server:
        lm = LM("azure/x", api_base=server.url.removesuffix("/v1"), azure_ad_token=KEY)
        assert lm("hello").text
    assert server.paths[0].startswith("/openai/deployments/x/")


def test_a_model_is_copied_as_itself_and_not_pickled():
    for one in (LM("openai/x", api_key=KEY), Embedder("openai/x", api_key=KEY), LM("offline")):
        assert copy.deepcopy({"model": one})["model"] is copy.copy(one) is one
        with pytest.raises(UsageError, match=r"not pickled, since its key .*: `\w+\('o.*'\)`"):
            pickle.dumps(one)


def test_what_leaks_is_found(tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "text").write_text(f"Bearer {KEY}")
    with zipfile.ZipFile(tmp_path / "b.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("inside", HEADER * 9)
    (tmp_path / "coded").write_bytes(base64.b64encode(f"Bearer {KEY}".encode()))
    (tmp_path / "innocent").write_text("a key")

    assert {name for name, _ in leaks(tmp_path)} == {"text", "inside", "coded"}
