"""The simulated model answers recorded prompts as it did: studies of optimizers rest on that."""

import pytest
from simulation.recorded import digest, load

RECORDED = load()


@pytest.mark.parametrize("row", RECORDED, ids=str)
def test_a_recorded_prompt_is_answered_as_ever(row):
    assert tuple(map(digest, row.answers())) == row.digests


def test_many_answers_are_recorded():
    assert sum(len(row.digests) for row in RECORDED) > 180
    assert len({row.benchmark for row in RECORDED}) == 12
