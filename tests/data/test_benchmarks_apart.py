"""What is special about single benchmarks: checked notices, wrong labels, nothing to gain."""

import re

import pytest

from dspnb import Prediction
from dspnb.data.benchmarks import CONSTRAINTS, NO_HEADROOM, NOISY

# -- constraints ---------------------------------------------------------------------------


def kept_to(known):
    """How the first events are announced by one who knows these rules, and what that scores."""
    return [
        CONSTRAINTS.right(example, Prediction(**CONSTRAINTS.solve("self", example.inputs, known)))
        for example in CONSTRAINTS.examples(50)
    ]


def test_a_notice_scores_the_share_of_points_that_it_keeps():
    example = CONSTRAINTS.examples(1)[0]
    asked = {**example.inputs, "guest": "nobody", "entry": "0"}  # six points, and two for facts
    event = type(example)(**asked, notice="").with_inputs(*asked)
    day, title, place = asked["day"], asked["event"], asked["place"]

    def score(notice):
        return CONSTRAINTS.right(event, Prediction(notice=notice))

    assert score(f"{title}, {day}, {place}!") == 2 / 8
    assert score(f"{title}, {day}, {place}") == 3 / 8
    assert score(f'{day.upper()}: "{title}" ({place})') == 6 / 8  # no hour, no entry
    assert score("") == 1 / 8  # at least it makes no appeal


@pytest.mark.parametrize("rule", [rule for rule in CONSTRAINTS.rules if not rule.wrong])
def test_a_point_that_is_not_kept_costs_its_share_where_it_applies(rule):
    scores = kept_to(CONSTRAINTS.known - {rule.name})

    assert min(scores) < 1.0
    assert all(score == 1.0 or 0.8 < score < 0.95 for score in scores)


def test_a_notice_in_other_words_is_told_which_points_it_breaks():
    example = CONSTRAINTS.examples(1)[0]
    right = str(example.notice)
    reworded = right.replace(" at ", ", at ").replace('"', "")

    feedback = CONSTRAINTS.metric(example, Prediction(notice=reworded)).feedback

    told = {rule.name for rule in CONSTRAINTS.rules if re.search(rule.told, feedback)}
    assert told == {"quotes"}


# -- noisy ---------------------------------------------------------------------------------


def test_a_tenth_of_the_labels_is_wrong_and_the_ceiling_is_as_low():
    examples = NOISY.examples(1000)

    wrong = [
        example
        for example in examples
        if NOISY.solve("self", example.inputs, NOISY.known)["action"] != example.action
    ]
    assert 70 < len(wrong) < 130
    assert 0.87 < NOISY.ceiling < 0.94


def test_every_action_is_a_label_of_many_readings():
    actions = [example.action for example in NOISY.examples(400)]

    assert {action: actions.count(action) > 40 for action in actions} == dict.fromkeys(
        ("nothing", "water", "vent", "call"), True
    )


# -- no headroom ---------------------------------------------------------------------------


def mean(known):
    return sum(
        NO_HEADROOM.right(example, Prediction(**NO_HEADROOM.solve("self", example.inputs, known)))
        for example in NO_HEADROOM.examples(200)
    ) / len(NO_HEADROOM.examples(200))


def test_the_instructions_state_every_rule_and_no_wrong_one():
    stated = NO_HEADROOM.program().signature.instructions

    told = {rule.name for rule in NO_HEADROOM.rules if re.search(rule.told, stated)}
    assert told == NO_HEADROOM.known


def test_the_program_as_it_is_can_score_all_there_is():
    assert NO_HEADROOM.floor == NO_HEADROOM.ceiling == 1.0


@pytest.mark.parametrize("rule", NO_HEADROOM.rules, ids=lambda rule: rule.name)
def test_to_drop_a_rule_or_to_add_a_wrong_one_does_harm(rule):
    assert mean(NO_HEADROOM.known ^ {rule.name}) < 0.75
