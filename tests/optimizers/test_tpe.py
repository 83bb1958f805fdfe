import logging
import os
import subprocess
import sys
from pathlib import Path

import pytest

from dspnb import UsageError
from dspnb.optimizers.tpe import TPE

OPTIONS = {"a": 6, "b": 6, "c": 6}


def search(seed, trials=60):
    """Choices for a score that only one of 216 choices makes whole."""
    tpe, choices = TPE(OPTIONS, seed), []
    for _ in range(trials):
        choices.append(tpe.ask())
        tpe.tell(choices[-1], value(choices[-1]))
    return choices


def value(choice):
    return (choice["a"] == 5) + (choice["b"] == 2) + (choice["c"] == 0)


def test_it_chooses_more_and_more_what_scored_well():
    values = [value(choice) for seed in range(4) for choice in search(seed)]
    early = [v for i, v in enumerate(values) if i % 60 < 10]
    late = [v for i, v in enumerate(values) if i % 60 >= 50]

    assert sum(late) / len(late) > 2 * sum(early) / len(early)


def test_the_same_seed_chooses_the_same_in_any_process():
    tests = Path(__file__).parent.parent
    code = "from optimizers.test_tpe import search; print(search(3, 20))"
    found = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": f"{tests}:{tests.parent}", "PYTHONHASHSEED": "77"},
        capture_output=True,
        text=True,
        check=True,
    )

    assert found.stdout.strip() == str(search(3, 20))
    assert search(3, 20) != search(4, 20)


def test_what_is_added_counts_as_if_it_had_been_asked_for():
    tpe = TPE({"a": 4}, seed=0, startup=4)
    for option in (0, 1, 2, 3) * 3:
        tpe.add({"a": option}, value=float(option == 3))

    assert tpe.ask() == {"a": 3}


def test_several_may_be_asked_for_before_one_is_told():
    tpe = TPE({"a": 3}, seed=0)
    asked = [tpe.ask() for _ in range(6)]

    for choice in reversed(asked):
        tpe.tell(choice, 0.5)
    with pytest.raises(UsageError, match="was not asked for, or is told already"):
        tpe.tell(asked[0], 0.5)


def test_a_variable_with_one_option_is_no_trouble():
    tpe = TPE({"a": 1, "b": 2}, seed=0, startup=1)
    for _ in range(5):
        choice = tpe.ask()
        tpe.tell(choice, 0.5)

    assert choice["a"] == 0


def test_it_says_nothing_and_leaves_optunas_logging_as_it_was(capfd):
    logger = logging.getLogger("optuna")
    before = logger.level
    search(0, 3)

    assert logger.level == before
    assert capfd.readouterr().err == ""


def test_impossible_options_and_choices_are_said():
    with pytest.raises(UsageError, match="at least one option"):
        TPE({"a": 0}, seed=0)
    with pytest.raises(UsageError, match=r"A choice has \['a'\]; got {'b': 0}"):
        TPE({"a": 1}, seed=0).add({"b": 0}, 1.0)
