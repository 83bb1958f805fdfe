"""COPRO, answered by hand: no model, no thread, no clock."""

import pytest
from optimizers.contract import FOUR, ROWS, OptimizerContract, drive, task
from optimizers.on_tickets import searched

from dspnb import Prediction, Score, UsageError
from dspnb.optimizers import COPRO, Complete, Validate
from dspnb.report import Report, Row


class TestCOPRO(OptimizerContract):
    @pytest.fixture
    def optimizer(self):
        return COPRO(breadth=3, depth=2)


def answers(scores, texts):
    """Answers for `drive`: proposals in turn, and what each state scores by its instructions."""
    texts = iter(texts)

    def answered(ask, value):
        match ask:
            case tuple():
                return tuple(answered(one, value) for one in ask)
            case Complete():
                text = next(texts)
                return None if text is None else Prediction(better_instructions=text)
            case Validate(state):
                said = [setting.instructions for setting in state.values()]
                total = sum(scores.get(text, 0) for text in said)
                return Report([Row(ROWS[0], None, Score(total))])

    return answered


def search(optimizer, texts, scores, signatures=None):
    """What COPRO validates, what it asks, and what it chooses."""
    given = task(signatures=signatures or {"a": FOUR["a"]})
    asked, chosen = drive(optimizer, given, answered=answers(scores, texts))
    flat = [one for ask in asked for one in (ask if isinstance(ask, tuple) else (ask,))]
    return (
        [one for one in flat if isinstance(one, Validate)],
        [one for one in flat if isinstance(one, Complete)],
        {path: setting.instructions for path, setting in chosen.items()},
    )


def test_the_best_of_all_proposals_is_chosen():
    _, _, chosen = search(COPRO(3, 2), "ABCDE", {"A": 0.2, "B": 0.4, "C": 0.3, "D": 0.6, "E": 0.1})

    assert chosen == {"a": "D"}


def test_instructions_that_nothing_beats_stay():
    _, _, chosen = search(COPRO(3, 2), "ABCDE", {"Do a.": 0.5, "B": 0.5})

    assert chosen == {"a": "Do a."}


def test_proposals_of_a_round_are_asked_for_together_at_the_temperature():
    given = task(signatures=FOUR)
    asked, _ = drive(COPRO(breadth=4, depth=2, init_temperature=1.1), given)

    rounds = [ask for ask in asked if isinstance(ask, tuple) and isinstance(ask[0], Complete)]
    assert [len(ask) for ask in rounds] == [4 * 3, 4 * 4]
    assert {one.temperature for ask in rounds for one in ask} == {1.1}


def test_a_later_round_is_shown_the_best_so_far_the_best_one_last():
    scores = {"Do a.": 0.1, "A": 0.9, "B": 0.3, "C": 0.5}
    _, asked, _ = search(COPRO(4, 2), "ABCDEFG", scores)

    assert asked[0].inputs["instructions"] == "Do a."
    shown = asked[-1].inputs["tried"]
    assert shown == "Score 0.1:\nDo a.\n\nScore 0.3:\nB\n\nScore 0.5:\nC\n\nScore 0.9:\nA"


def test_no_more_attempts_are_shown_than_the_breadth():
    _, asked, _ = search(COPRO(2, 4), "ABCDEFG", {"A": 0.9, "B": 0.3, "C": 0.5})

    assert asked[-1].inputs["tried"] == "Score 0.5:\nC\n\nScore 0.9:\nA"


def test_nothing_is_scored_twice():
    texts = ["A", " A ", "Do a.", "", None, "B", "A", "B", "Do a.", "A", "C"]
    validated, _, _ = search(COPRO(6, 2), texts, {"B": 0.2})

    said = [one.state["a"].instructions for one in validated]
    assert said == ["Do a.", "A", "B", "C"]


def test_predictors_are_improved_in_turn_each_beside_the_best_of_the_others():
    two = {path: FOUR[path] for path in ("a", "b.0")}
    validated, _, chosen = search(
        COPRO(2, 2), ["A1", "B1", "A2", "A3", "B2", "B3"], {"A1": 0.3, "B2": 0.4}, two
    )

    said = [tuple(s.instructions for s in one.state.values()) for one in validated]
    assert said == [
        ("Do a.", "Do b.0."),
        ("A1", "Do b.0."),
        ("A1", "B1"),
        ("A2", "Do b.0."),
        ("A3", "Do b.0."),
        ("A1", "B2"),
        ("A1", "B3"),
    ]
    assert chosen == {"a": "A1", "b.0": "B2"}


def test_instructions_count_with_what_they_score_beside_the_best_of_the_others():
    two = {path: FOUR[path] for path in ("a", "b.0")}
    _, asked, _ = search(COPRO(2, 2), "ABCDEFGH", {"A": 0.3, "B": -0.1}, two)

    assert asked[-1].inputs["tried"] == "Score 0.2:\nB\n\nScore 0.3:\nDo b.0."


def test_demos_stay():
    demos = (ROWS[0],)
    _, chosen = drive(COPRO(2, 1), task(demos=demos))

    assert {setting.demos for setting in chosen.values()} == {demos}


@pytest.mark.parametrize("wrong", [{"breadth": 1}, {"depth": 0}, {"init_temperature": -1}])
def test_impossible_numbers_are_said(wrong):
    with pytest.raises(UsageError, match="`breadth` counts the instructions as they are"):
        COPRO(**wrong)


def test_a_real_search_scores_what_the_proposer_wrote():
    run = searched(COPRO(breadth=3, depth=2))

    assert run.status == "done"
    assert len(run.candidates) > 1
    assert {c.state["route"].demos for c in run.candidates} == {()}
    assert run.best_candidate.report.mean == max(c.report.mean for c in run.candidates)


def test_what_it_may_take_is_told_exactly():
    optimizer = COPRO(3, 2)
    two = {path: FOUR[path] for path in ("a", "b.0")}
    validated, asked, _ = search(optimizer, "ABCDEFGHIJ", {"E": 0.2}, two)

    assert optimizer.program_calls(12, 4, 2) == {"validating": 4 * (len(validated) - 1)}
    assert optimizer.proposer_calls(12, 4, 2) == len(asked)
