"""Answers that are known already, in memory and in a file."""

import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from dspnb import Completion
from dspnb.errors import CacheWarning, LMError, UsageError
from dspnb.lm.cache import Cache, default_cache
from dspnb.lm.disk import Disk
from dspnb.lm.places import cache_file, home

ANSWER = Completion("Hello.", model="m", tokens_in=3, dollars=0.5, seconds=1.0)
ROOT = Path(__file__).parent.parent.parent


@pytest.fixture
def file(tmp_path):
    return tmp_path / "answers.sqlite"


def known(cache, keys):
    return [key for key in keys if cache.get(key) is not None]


# -- memory ---------------------------------------------------------------------------


def test_what_is_put_is_got_and_counted():
    cache = Cache()
    assert cache.get("a") is None
    cache.put("a", ANSWER)

    assert cache.get("a") == ANSWER.again()
    assert (cache.hits, cache.misses, len(cache)) == (1, 1, 1)


def test_what_was_not_used_for_longest_is_forgotten_first():
    cache = Cache(most=3)
    for key in "abc":
        cache.put(key, ANSWER)
    cache.get("a")
    cache.put("d", ANSWER)

    assert known(cache, "abcd") == ["a", "c", "d"]


def test_memory_is_bounded_by_the_size_of_the_answers_too():
    cache = Cache(most_bytes=100_000)
    for key in "abcdefghij":
        cache.put(key, Completion("x" * 30_000))

    assert known(cache, "abcdefghij") == ["h", "i", "j"]


@pytest.mark.parametrize(
    "answer",
    [
        Completion("東" * 20_000),
        Completion("", reasoning="x" * 40_000),
        Completion("", samples=(Completion("x" * 20_000), Completion("x" * 20_000))),
        Completion("", logprobs=[{"token": "a", "logprob": -0.5}] * 1_500),
    ],
    ids=["wide", "reasoning", "samples", "logprobs"],
)
def test_all_parts_of_an_answer_count(answer):
    cache = Cache(most_bytes=100_000)
    for key in "abcdefghij":
        cache.put(key, answer)

    assert 1 <= len(cache) <= 3


def test_putting_the_same_again_takes_no_more_room():
    cache = Cache(most_bytes=100_000)
    cache.put("a", Completion("x" * 30_000))
    for _ in range(10):
        cache.put("b", Completion("x" * 30_000))

    assert known(cache, "ab") == ["a", "b"]


def test_a_cache_without_room_keeps_nothing():
    cache = Cache(most=0)
    cache.put("a", ANSWER)

    assert cache.get("a") is None


@pytest.mark.parametrize("wrong", [{"most": -1}, {"most_bytes": -1}, {"max_bytes": -5}])
def test_a_bound_below_zero_is_refused(wrong):
    with pytest.raises(UsageError, match=next(iter(wrong))):
        Cache(**wrong)


def test_sixteen_threads_may_use_it_at_once():
    cache, wrong = Cache(most=100), []

    def work(thread):
        for i in range(2000):
            key = str(i * (thread + 1) % 150)
            cache.put(key, Completion(key))
            found = cache.get(str(i % 150))
            if found is not None and found.text != str(i % 150):
                wrong.append(found)

    threads = [threading.Thread(target=work, args=(i,)) for i in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
    assert len(cache) == 100
    assert cache.hits + cache.misses == 16 * 2000


def test_an_empty_cache_is_a_cache():
    assert Cache()


# -- the file -------------------------------------------------------------------------


def test_another_cache_on_the_same_file_has_the_answers(file):
    Cache(file).put("a", ANSWER)
    cache = Cache(str(file))

    assert cache.get("a") == ANSWER.again()
    assert (cache.hits, cache.misses, len(cache)) == (1, 0, 1)


def test_an_answer_from_the_file_stays_in_memory(file):
    Cache(file).put("a", ANSWER)
    cache = Cache(file)

    assert cache.get("a") is cache.get("a")


def test_what_memory_forgets_is_in_the_file(file):
    cache = Cache(file, most=2)
    for key in "abc":
        cache.put(key, Completion(key))

    assert [cache.get(key).text for key in "abc"] == ["a", "b", "c"]


def test_an_answer_that_is_not_json_is_kept_in_memory(file):
    answer = Completion("a", logprobs=object())
    cache = Cache(file)
    cache.put("a", answer)

    assert cache.get("a") == answer.again()
    assert Cache(file).get("a") is None


def test_nonsense_in_the_file_is_no_answer_and_is_replaced(file):
    Disk(file).put("a", '{"text": 5}')
    cache = Cache(file)
    assert (cache.get("a"), cache.misses) == (None, 1)

    cache.put("a", ANSWER)
    assert Cache(file).get("a") == ANSWER.again()


def test_clear_forgets_in_memory_and_in_the_file(file):
    cache = Cache(file)
    cache.put("a", ANSWER)
    cache.clear()

    assert (cache.get("a"), len(cache)) == (None, 0)
    assert Cache(file).get("a") is None


def test_memory_goes_on_when_the_file_is_no_good(file):
    file.write_text("Dear diary, " * 100)
    cache = Cache(file)
    with pytest.warns(CacheWarning, match="not a database"):
        cache.put("a", ANSWER)

    assert cache.get("a") == ANSWER.again()
    assert cache.get("b") is None
    assert len(cache) == 1


def test_it_says_what_it_is(file):
    cache = Cache(file)
    cache.put("a", ANSWER)
    cache.get("a")

    assert repr(cache) == f"Cache('{file}')"
    assert str(cache) == f"Answers in {file}: 1; hits: 1, misses: 0"
    assert repr(Cache()) == "Cache()"
    assert str(Cache()) == "Answers in memory: 0; hits: 0, misses: 0"


# -- equal requests at the same time --------------------------------------------------


def test_who_claims_first_asks_and_the_others_wait():
    cache = Cache()
    assert cache.claim("a") is None
    other = cache.claim("a")
    cache.put("a", ANSWER)

    assert other.result(timeout=5) is ANSWER
    assert cache.claim("a") == ANSWER.again()


def test_who_waits_gets_the_error_and_the_next_one_asks_again():
    cache = Cache()
    assert cache.claim("a") is None
    other = cache.claim("a")
    cache.fail("a", LMError("no", model="m"))

    with pytest.raises(LMError, match="m: no"):
        other.result(timeout=5)
    assert cache.claim("a") is None


def test_64_threads_ask_for_each_answer_once(file):
    cache, asked = Cache(file), []

    def call(key):
        found = cache.claim(key)
        if isinstance(found, Completion):
            return found
        if found is not None:
            return found.result(timeout=30)
        asked.append(key)
        answer = Completion(key)
        cache.put(key, answer)
        return answer

    def work():
        for i in range(100):
            assert call(str(i)).text == str(i)

    threads = [threading.Thread(target=work) for _ in range(64)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(asked) == sorted(str(i) for i in range(100))


# -- where it is ----------------------------------------------------------------------


def test_files_are_where_the_variable_says(tmp_path, monkeypatch):
    monkeypatch.setenv("DSPNB_HOME", str(tmp_path / "mine"))
    assert cache_file() == tmp_path / "mine" / "answers.sqlite"

    monkeypatch.setenv("DSPNB_HOME", "~/mine")
    assert home() == Path.home() / "mine"


def test_without_the_variable_they_are_among_the_users_caches(tmp_path, monkeypatch):
    monkeypatch.delenv("DSPNB_HOME")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "caches"))

    assert home().name == "dspnb"
    assert home().is_relative_to(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_the_default_cache_is_one_for_each_file(tmp_path, monkeypatch):
    first = default_cache()
    assert default_cache() is first
    assert first.file == cache_file()

    monkeypatch.setenv("DSPNB_HOME", str(tmp_path))
    assert default_cache() is not first
    assert default_cache().file == tmp_path / "answers.sqlite"


def test_nothing_is_made_by_importing_and_looking(tmp_path):
    code = """
from dspnb.lm.cache import default_cache
assert default_cache().get("a") is None
str(default_cache())
"""
    home = tmp_path / "home"
    subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        check=True,
        cwd=ROOT,
        env={**os.environ, "DSPNB_HOME": str(home)},
    )

    assert not home.exists()


def test_the_tests_do_not_touch_the_users_own_cache():
    assert "pytest" in str(cache_file())
