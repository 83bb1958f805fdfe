"""Several programs as one, of a list or of a run's best candidates."""

import pytest
from optimizers.on_tickets import TEAM, TICKETS, searched

from dspnb import (
    LM,
    BootstrapFewShotWithRandomSearch,
    Ensemble,
    EnsembleOf,
    LabeledFewShot,
    Predict,
    Prediction,
    UsageError,
    majority,
    use,
)
from dspnb.testing import Scripted


def members(n):
    return [Predict("question -> answer") for _ in range(n)]


def answers(*texts):
    return Scripted([f"[[ ## answer ## ]]\n{text}" for text in texts])


@pytest.mark.parametrize("options", [{}, {"reduce_fn": majority}, {"deterministic": True}])
def test_a_list_of_programs_becomes_one_that_answers_with_the_majority(options):
    program = EnsembleOf(**options).compile(members(3))
    with use(lm=answers("Rome", "Paris", "Paris")):
        answer = program(question="Where?")

    assert isinstance(program, Ensemble)
    assert answer.answer == "Paris"


def test_the_reduction_and_the_size_are_those_given():
    def joined(predictions):
        return Prediction(answer=" and ".join(one.answer for one in predictions))

    program = EnsembleOf(reduce_fn=joined, size=2).compile(members(3))
    with use(lm=answers("A", "A")):
        assert program(question="Who?").answer == "A and A"


def test_the_same_call_draws_the_same_programs():
    drawn = EnsembleOf(size=2).compile(members(9))._drawn
    questions = [{"question": str(i)} for i in range(20)]

    first = [[id(program) for program in drawn(one)] for one in questions]
    assert first == [[id(program) for program in drawn(one)] for one in questions]
    assert len({tuple(ids) for ids in first}) > 1


def test_more_programs_than_there_are_cannot_be_drawn():
    with pytest.raises(UsageError, match="`size=4` of 3 programs"):
        EnsembleOf(size=4).compile(members(3))


@pytest.fixture(scope="module")
def run():
    search = BootstrapFewShotWithRandomSearch(2, 4, num_candidate_programs=5)
    return searched(search, Predict(TEAM), train=24, val=16)


def test_the_best_candidates_of_a_run_become_one_program(run):
    means = {repr(c.state): c.report.mean for c in run.candidates}
    best = sorted(means.values(), reverse=True)

    chosen = run.ensemble(size=3).programs
    assert [means[repr(program.state)] for program in chosen] == best[:3]
    assert len({repr(program.state) for program in chosen}) == 3
    with use(lm=LM("offline")):
        assert run.ensemble()(**TICKETS[100].inputs).team


def test_seven_are_taken_or_as_many_as_are_scored(run):
    assert len(run.candidates) > 7
    assert len(run.ensemble().programs) == 7
    assert len(run.ensemble(size=99).programs) == len(run.candidates)


def test_its_answer_is_made_by_another_reduction_if_wanted(run):
    program = run.ensemble(size=2, reduce=lambda predictions: predictions[-1])
    with use(lm=LM("offline")):
        expected = program.programs[-1](**TICKETS[100].inputs)
        assert program(**TICKETS[100].inputs) == expected


def test_nonsense_is_said(run):
    with pytest.raises(UsageError, match="`size` is a whole number, at least 1"):
        run.ensemble(size=0)


def test_a_run_that_scored_nothing_has_no_ensemble():
    run = searched(LabeledFewShot(), Predict(TEAM), train=1, val=1)
    run.candidates.clear()

    with pytest.raises(UsageError, match="none is so far"):
        run.ensemble()
