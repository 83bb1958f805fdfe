"""What the simulated model proposes: rules that its question holds, a few wrong, or nothing."""

import re
import statistics

import pytest
from simulation.recorded import load

from dspnb import Signature, data, use
from dspnb.adapters import ChatAdapter, JSONAdapter, XMLAdapter
from dspnb.predict import Predict
from dspnb.simulation import Simulated
from dspnb.simulation.prompts import split

NEGATION = data.benchmark("negation")
RIGHT = [rule for rule in NEGATION.rules if not rule.wrong]
TASK = NEGATION.signatures["self"].instructions
BETTER = Predict(
    Signature("current_instructions, examples -> new_instructions", "Write better instructions.")
)
QUESTIONS = [row for row in load() if row.source != "program"]


def said(text, benchmark=NEGATION):
    """The names of the rules that a text tells."""
    return {rule.name for rule in benchmark.rules if re.search(rule.told, text, re.IGNORECASE)}


WRONG = {rule.name for rule in NEGATION.rules if rule.wrong}


def proposals(count=200, *, insight=1.0, instructions=TASK, examples="none"):
    """Instructions that are written for one question."""
    model = Simulated(NEGATION, insight=insight)
    prompt = BETTER.messages(current_instructions=instructions, examples=examples)
    return [model.text(prompt, i) for i in range(count)]


def feedback(*rules):
    return "\n".join(f"Feedback: {rule.texts[0]}" for rule in rules)


def test_a_question_without_evidence_gives_no_right_rule():
    found = [said(text) for text in proposals()]

    assert set().union(*found) == WRONG
    assert statistics.fmean(bool(names) for names in found) < 0.5


def test_rules_that_feedback_tells_are_taken_up_and_no_others():
    told = RIGHT[:2]

    found = [said(text) for text in proposals(examples=feedback(*told))]

    assert set().union(*found) == {rule.name for rule in told} | WRONG
    for rule in told:
        assert 0.4 < statistics.fmean(rule.name in names for names in found) < 0.9


def test_a_rule_that_is_told_more_often_is_seen_more_surely():
    once, often = (
        statistics.fmean(
            RIGHT[0].name in said(text)
            for text in proposals(examples=feedback(*[RIGHT[0]] * times))
        )
        for times in (1, 4)
    )

    assert often > once + 0.1


def test_what_examples_show_is_seen_now_and_then():
    benchmark = data.benchmark("conditional_format")
    shown = next(rule for rule in benchmark.rules if rule.shown)
    example = next(
        text
        for one in benchmark.examples(400)
        if re.search(shown.shown, text := "\n".join(map(str, one.values())), re.IGNORECASE)
    )
    prompt = BETTER.messages(current_instructions="Go.", examples="\n".join([example] * 8))

    found = [said(Simulated(benchmark).text(prompt, i), benchmark) for i in range(200)]

    assert 0.05 < statistics.fmean(shown.name in names for names in found) < 0.95


def test_most_of_the_rules_in_the_old_instructions_stay():
    old = [rule.name for rule in RIGHT]

    found = [said(text) for text in proposals(instructions=_instructions(RIGHT))]

    kept = [statistics.fmean(name in names for name in old) for names in found]
    assert 0.75 < statistics.fmean(kept) < 0.95  # some write nothing that helps
    assert statistics.median(kept) >= 0.85


def _instructions(rules):
    return " ".join([TASK, *(rule.texts[1] for rule in rules)])


def test_some_proposals_are_better_than_the_old_instructions_and_some_worse():
    half = RIGHT[:4]
    before = {rule.name for rule in half}
    texts = proposals(instructions=_instructions(half), examples=feedback(*RIGHT[4:]))

    gains = [len(said(text) - WRONG) - len(before) - len(said(text) & WRONG) for text in texts]

    assert statistics.fmean(gain > 0 for gain in gains) > 0.3
    assert statistics.fmean(gain < 0 for gain in gains) > 0.05


def test_the_task_is_told_first():
    assert all(TASK in text for text in proposals(30))


def test_more_insight_sees_more():
    low, usual, high = (
        statistics.fmean(
            len(said(text) - WRONG)
            for text in proposals(insight=insight, examples=feedback(*RIGHT[:3]))
        )
        for insight in (0.3, 1.0, 1.8)
    )

    assert low < usual - 0.3 < high - 0.6


def test_the_same_question_has_the_same_answer_from_any_instance_and_others_for_other_samples():
    assert proposals(20) == proposals(20)
    assert len(set(proposals(20, examples=feedback(*RIGHT)))) > 10


def test_another_question_has_another_answer():
    assert proposals(20, examples="none") != proposals(20, examples="none.")


@pytest.mark.parametrize("row", QUESTIONS, ids=str)
def test_a_question_of_an_optimizer_gives_only_rules_that_it_holds(row):
    benchmark = data.benchmark(row.benchmark)
    wrong = {rule.name for rule in benchmark.rules if rule.wrong}
    shown = {rule.name: rule.shown for rule in benchmark.rules if rule.shown}

    for prompt in row.prompts:
        asked = "\n".join(message.content for message in prompt)
        held = said(asked, benchmark) | {
            name for name, pattern in shown.items() if re.search(pattern, asked, re.IGNORECASE)
        }
        model = Simulated(benchmark)
        found = set().union(*(said(model.text(prompt, i), benchmark) for i in range(20)))
        assert found <= held | wrong
        assert not model.is_of_the_program(prompt)


def test_optimizers_of_both_libraries_are_answered_in_a_layout_that_they_read():
    for row in QUESTIONS:
        for prompt in row.prompts:
            wanted = split(prompt)[0].prompt.wanted
            text = Simulated(data.benchmark(row.benchmark)).text(prompt)
            assert all(f"[[ ## {one.name} ## ]]\n" in text for one in wanted)


@pytest.mark.parametrize("adapter", [ChatAdapter(), JSONAdapter(), XMLAdapter()], ids=repr)
def test_outputs_of_each_type_are_written_as_they_are_read(adapter):
    asks = Predict(
        "program, modules -> rules: list[str], advice: dict[str, str], sure: bool, count: int, "
        "rating: float, reasoning, cause"
    )
    with use(lm=Simulated(NEGATION), adapter=adapter):
        made = asks(program="the module `self`", modules=feedback(*RIGHT))

    assert not made.attempts
    assert isinstance(made.rules[0], str)
    assert set(made.advice) == {"self"}
    assert (made.sure, made.count, made.rating) == (False, 1, 1.0)
    assert made.cause


def test_advice_is_for_the_predictors_that_the_question_names():
    benchmark = data.benchmark("pii")
    asks = Predict("modules -> advice: dict[str, str]")
    with use(lm=Simulated(benchmark)):
        of_one, of_all = asks(modules="`redact`"), asks(modules="?")

    assert set(of_one.advice) == {"redact"}
    assert set(of_all.advice) == {"redact", "brief"}
