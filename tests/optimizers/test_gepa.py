import dataclasses
import itertools
import re
from collections import Counter

import pytest
from optimizers.contract import (
    FOUR,
    LOOP,
    ROWS,
    SIGNATURES,
    OptimizerContract,
    drive,
    row,
    rows,
    task,
    without_a_proposer,
)

from dspnb import (
    Completion,
    Example,
    Predict,
    Prediction,
    Score,
    Signature,
    UsageError,
    compile,
    use,
)
from dspnb.optimizers import GEPA, Complete, Evaluate, Validate, optimizer
from dspnb.report import Report
from dspnb.testing import Scripted

VAL = ROWS[:4]
ROUND = 2 * 3 + len(VAL)  # what an accepted child takes


class TestGEPA(OptimizerContract):
    @pytest.fixture(params=["pareto", "current_best", "epsilon_greedy", "top_k_pareto"])
    def optimizer(self, request):
        return GEPA(max_metric_calls=90, candidate_selection_strategy=request.param)


class TestGEPAOnAllPredictors(OptimizerContract):
    @pytest.fixture
    def optimizer(self):
        return GEPA(max_full_evals=5, component_selector="all")


def world(quality):
    """Answers asks: a state does so well on an example, and each proposal is a new text."""
    numbers = itertools.count(1)

    def answer(ask, value=None):
        match ask:
            case tuple():
                return tuple(answer(one) for one in ask)
            case Complete():
                return Prediction(new_instructions=f"text {next(numbers)}")
            case Evaluate(state, examples):
                given = examples
            case Validate(state, places=None):
                given = VAL
            case Validate(state, places=places):
                given = [VAL[place] for place in places]
        return Report([rows(state, [one], lambda one=one: quality(state, one))[0] for one in given])

    return answer


def learns(state, example):
    """How many predictors follow a new text: each accepted change is better everywhere."""
    changed = sum(setting.instructions.startswith("text") for setting in state.values())
    return changed / (len(state) + 1)


def newest(state, example):
    """The newest text is always the best."""
    numbers = [int(s.instructions[5:]) for s in state.values() if s.instructions[:4] == "text"]
    return max(numbers, default=0) / 1000


def never(state, example):
    return 0.5


def asked(optimizer, quality, **more):
    """All that a search asks, one by one, and what it chose."""
    asks, chosen = drive(optimizer, task(**more), answered=world(quality))
    return [one for ask in asks for one in (ask if isinstance(ask, tuple) else (ask,))], chosen


def runs(asks):
    """How many runs of the program these take, of the program as it is too."""
    return sum(
        len(ask.examples) if isinstance(ask, Evaluate) else len(ask.places or VAL)
        for ask in asks
        if not isinstance(ask, Complete)
    )


def of_kind(asks, kind):
    return [ask for ask in asks if isinstance(ask, kind)]


def about(question):
    """Whose instructions a question is about, in a state that nobody changed yet."""
    return question.inputs["current_instructions"].removeprefix("Do ").removesuffix(".")


# -- one round -----------------------------------------------------------------------------


def test_a_round_runs_parent_and_child_on_the_same_minibatch_and_validates_the_better_child():
    asks, _ = asked(GEPA(max_metric_calls=4 + ROUND), newest)

    seed, before, question, after, child = asks
    assert (seed, before.state) == (Validate(task().state), task().state)
    assert len(before.examples) == 3
    assert question.inputs["current_instructions"] == "Do a."
    assert after.examples == before.examples
    assert after.state["a"].instructions == "text 1"
    assert after.state["b.0"] == before.state["b.0"]
    assert child == Validate(after.state, parent=seed.state, note="reflection on a")


def test_a_child_that_is_only_as_good_is_not_validated():
    asks, chosen = asked(GEPA(max_metric_calls=60), never)

    assert len(of_kind(asks, Complete)) == (60 - 2 * 4) // 6
    assert of_kind(asks, Validate) == [Validate(task().state)]
    assert chosen == task().state


def test_a_child_that_is_better_by_little_is_validated():
    asks, _ = asked(GEPA(max_metric_calls=4 + ROUND), lambda state, _: 0.5 + newest(state, _) / 1e6)

    assert len(of_kind(asks, Validate)) == 2


def looked(worth):
    """Validations of a search on many examples, whose children are worth so much there."""
    many = [Example(x=i, y=i, z=str(i)).with_inputs("x") for i in range(100, 148)]
    numbers = itertools.count(1)

    def answer(ask, value=None):
        match ask:
            case tuple():
                return tuple(answer(one) for one in ask)
            case Complete():
                return Prediction(new_instructions=f"text {next(numbers)}")
            case Evaluate(state, examples):  # a child always does better on a minibatch
                words = " ".join(setting.instructions for setting in state.values())
                number = max(map(int, re.findall(r"text (\d+)", words)), default=0)
                return Report(rows(state, examples, lambda: number / 100))
            case Validate(state, places=places):
                new = any(setting.instructions.startswith("text") for setting in state.values())
                given = many if places is None else [many[place] for place in places]
                return Report(rows(state, given, lambda: 0.5 + worth * new))

    asked, _ = drive(GEPA(max_metric_calls=300), task(val=many), answered=answer)
    return [one for one in asked if isinstance(one, Validate)]


def test_a_child_that_does_worse_on_a_quarter_of_many_examples_is_not_run_on_the_others():
    first, *children = looked(worth=-0.1)

    assert first.places is None
    assert {len(one.places) for one in children} == {12}
    assert len({one.places for one in children}) == 1  # so that all are seen on the same ones


def test_a_child_that_does_as_well_on_a_quarter_is_validated_on_all():
    _, look, whole, *_ = looked(worth=0.0)

    assert (len(look.places), whole.places) == (12, None)
    assert look.state == whole.state


def test_the_candidate_with_the_best_validation_is_returned_and_the_first_of_equals():
    def misleading(state, example):  # better where it was learnt, and worse on `val` in the end
        n = newest(state, example)
        return n if example not in VAL else min(n, 0.002)

    asks, chosen = asked(GEPA(max_metric_calls=200, use_merge=False), misleading)
    validated = of_kind(asks, Validate)

    means = [sum(misleading(ask.state, one) for one in VAL) for ask in validated]
    assert len(validated) > 3
    assert chosen == validated[means.index(max(means))].state


def test_minibatches_go_through_all_examples_before_one_comes_again():
    asks, _ = asked(GEPA(max_metric_calls=100), never)
    batches = [[one.x for one in ask.examples] for ask in of_kind(asks, Evaluate)[::2]]

    for epoch in (batches[:4], batches[4:8], batches[8:12]):
        assert sorted(x for batch in epoch for x in batch) == list(range(12))
    assert batches[:4] != batches[4:8]


def test_no_minibatch_holds_an_example_twice():
    for train in range(1, 12):
        asks, _ = asked(GEPA(max_metric_calls=80), never, train=ROWS[:train])
        batches = [[one.x for one in ask.examples] for ask in of_kind(asks, Evaluate)]

        assert {len(set(batch)) for batch in batches} == {len(batches[0])} == {min(3, train)}
        assert {x for batch in batches for x in batch} == set(range(train))


# -- which predictor -----------------------------------------------------------------------


def test_predictors_take_turns():
    asks, _ = asked(GEPA(max_metric_calls=40), never)

    assert [about(ask) for ask in of_kind(asks, Complete)] == ["a", "b.0", "a", "b.0", "a"]


def test_a_child_goes_on_with_the_next_predictor():
    asks, _ = asked(GEPA(max_metric_calls=4 + 2 * ROUND, use_merge=False), learns)
    first, second = of_kind(asks, Validate)[1:]

    assert second.parent == first.state
    assert [ask.note for ask in (first, second)] == ["reflection on a", "reflection on b.0"]


def test_a_predictor_that_is_never_called_costs_no_round_and_no_question():
    asks, _ = asked(GEPA(max_metric_calls=8 + 6 * 6), never, signatures=FOUR)

    questions = of_kind(asks, Complete)
    assert [about(ask) for ask in questions] == ["a", "b.0", LOOP, "a", "b.0", LOOP]
    assert len(of_kind(asks, Evaluate)) == 2 * len(questions)


def test_all_predictors_that_were_called_are_rewritten_at_once():
    optimizer = GEPA(max_metric_calls=4 + ROUND, component_selector="all")
    asks, chosen = drive(optimizer, task(signatures=FOUR), answered=world(newest))

    (questions,) = of_kind(asks, tuple)
    assert [about(ask) for ask in questions] == ["a", "b.0", LOOP]
    assert [setting.instructions for setting in chosen.values()] == [
        *["text 1", "text 2", "text 3"],
        "Do never.",
    ]


def test_one_answer_of_several_that_cannot_be_read_leaves_that_predictor_alone():
    answer = world(newest)

    def half(ask, value):
        if isinstance(ask, tuple):
            return (None, *(answer(one) for one in ask[1:]))
        return answer(ask)

    optimizer = GEPA(max_metric_calls=4 + ROUND, component_selector="all")
    asks, chosen = drive(optimizer, task(), answered=half)

    assert asks[-1].note == "reflection on b.0"
    assert (chosen["a"].instructions, chosen["b.0"].instructions) == ("Do a.", "text 1")


# -- what is shown -------------------------------------------------------------------------


def shown(made, **options):
    """The question about the first predictor after a minibatch with such rows."""
    search = GEPA(max_metric_calls=30, **options).search(task())
    next(search)
    search.send(Report(rows(task().state, VAL, lambda: 0.0)))
    answer = search.send(Report(made))
    return answer[0].inputs["examples"] if isinstance(answer, tuple) else answer


def spoken(feedback, **about):
    return dataclasses.replace(row(ROWS[5], 0.0), score=Score(0.25, feedback, about=about))


def test_what_went_in_and_out_and_what_the_metric_said_is_shown():
    text = shown([spoken("Too short."), row(ROWS[7], 0.5), row(ROWS[8], 0.5)])

    assert text.split("\n\n")[:2] == [
        "Example 1\nInputs:\nx: 5\nOutputs:\ny: 5\nFeedback: Too short.",
        "Example 2\nInputs:\nx: 7\nOutputs:\ny: 7\nFeedback: The score was 0.5.",
    ]


def test_what_the_metric_says_of_one_predictor_is_shown_to_that_one_only():
    text = shown([spoken("All in all wrong.", a="Count from zero.", **{"b.0": "Write it out."})])

    assert "Feedback: Count from zero.\nAll in all wrong." in text
    assert "Write it out." not in text


def failed(**more):
    """A row in which the first predictor's answer could not be read."""
    good = row(ROWS[5], 0.0)
    bad = dataclasses.replace(good.trace[0], outputs={}, error="no field `y`")
    return dataclasses.replace(good, error="ParseError: no `y`", trace=(*more.get("and_", ()), bad))


def test_answers_that_could_not_be_read_are_shown_when_asked_for():
    usable = row(ROWS[6], 0.0).trace[:1]
    text = shown([failed(and_=usable)], add_format_failure_as_feedback=True)

    assert "Outputs:\n(no usable answer: no field `y`)" in text
    assert "Feedback: ParseError: no `y`" in text
    assert "y: 6" not in text


def test_else_a_usable_answer_of_such_a_row_is_shown_with_the_error():
    usable = row(ROWS[6], 0.0).trace[:1]
    text = shown([failed(and_=usable)])

    assert "y: 6" in text
    assert "Feedback: ParseError: no `y`" in text
    assert "no usable answer" not in text


def test_a_minibatch_with_nothing_to_show_is_left():
    after = shown([failed()])

    assert isinstance(after, Evaluate)
    assert after.state == task().state


def test_why_the_program_did_not_use_an_answer_is_shown():
    good = row(ROWS[5], 0.0)
    call = dataclasses.replace(good.trace[0], rejected="`y` must be even")
    text = shown([dataclasses.replace(good, trace=(call,))])

    assert "The program did not use this answer: `y` must be even" in text


def test_of_several_calls_in_a_row_one_is_shown():
    calls = [call for one in ROWS[:9] for call in row(one, 0.0).trace[:1]]
    text = shown([dataclasses.replace(row(ROWS[5], 0.0), trace=tuple(calls))])

    assert text.count("Inputs:") == 1


# -- the budget ----------------------------------------------------------------------------


@pytest.mark.parametrize("quality", [never, learns, newest])
@pytest.mark.parametrize("signatures", [SIGNATURES, FOUR])
@pytest.mark.parametrize("selection", ["pareto", "epsilon_greedy"])
def test_the_budget_is_never_exceeded_and_no_round_is_left_in_it(quality, signatures, selection):
    for budget in range(2 * (3 + 4), 140, 7):
        optimizer = GEPA(max_metric_calls=budget, candidate_selection_strategy=selection)
        asks, _ = asked(optimizer, quality, signatures=signatures)

        assert budget - ROUND < runs(asks) <= budget
        told = sum(optimizer.program_calls(12, 4, len(signatures)).values())
        assert runs(asks) - len(VAL) <= told == budget - len(VAL)


@pytest.mark.parametrize("selector", ["round_robin", "all"])
def test_no_more_questions_are_asked_than_was_told(selector):
    for answered in (world(never), without_a_proposer):
        optimizer = GEPA(max_metric_calls=100, component_selector=selector)
        asks, _ = drive(optimizer, task(), answered=answered)
        questions = sum(len(ask) for ask in asks if isinstance(ask, tuple))

        assert questions == optimizer.proposer_calls(12, 4, 2)


@pytest.mark.parametrize(
    ("auto", "runs"),
    [(None, 200 + 380), ("light", 200 + 380), ("medium", 250 + 690), ("heavy", 350 + 1035)],
)
def test_the_budgets_of_auto_are_those_of_dspy(auto, runs):
    assert sum(GEPA(auto).program_calls(100, 50).values()) == runs - 50


def test_full_evaluations_are_of_train_and_val():
    assert sum(GEPA(max_full_evals=3).program_calls(10, 5).values()) == 3 * 15 - 5


def test_a_budget_that_pays_for_no_round_is_said_before_anything_is_asked():
    optimizer = GEPA(max_metric_calls=2 * 4 + 2 * 3 - 1)

    for begin in (lambda: next(optimizer.search(task())), lambda: optimizer.program_calls(12, 4)):
        with pytest.raises(UsageError, match=r"has a budget of 13 runs .* takes at least 14"):
            begin()


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"auto": "light", "max_metric_calls": 9}, "one budget; got `auto='light'` and `max_metr"),
        ({"max_full_evals": 2, "max_metric_calls": 9}, "one budget"),
        ({"auto": "huge"}, "`auto` of GEPA is one of None, 'light', 'medium', 'heavy'"),
        ({"candidate_selection_strategy": "best"}, "is one of 'pareto', 'current_best'"),
        ({"component_selector": "one"}, "is one of 'round_robin', 'all'"),
        ({"max_metric_calls": 0}, "at least 1"),
        ({"reflection_minibatch_size": 0}, "at least 1"),
        ({"max_merge_invocations": -1}, "merges at least 0"),
    ],
)
def test_what_makes_no_sense_is_said(wrong, said):
    with pytest.raises(UsageError, match=said):
        GEPA(**wrong)


def test_it_is_named_in_a_line():
    assert optimizer("gepa") == GEPA()
    assert optimizer("gepa:auto=heavy,use_merge=False") == GEPA("heavy", use_merge=False)


# -- when there is nothing to learn ----------------------------------------------------------


def test_a_perfect_minibatch_is_not_asked_about():
    hard = {3, 4}
    asks, _ = asked(GEPA(max_metric_calls=60), lambda state, one: float(one.x not in hard))
    pairs = itertools.pairwise(asks)
    after = [
        (a.examples, b) for a, b in pairs if isinstance(a, Evaluate) and a.state == task().state
    ]

    assert after
    for examples, follows in after:
        assert isinstance(follows, Complete) == any(one.x in hard for one in examples)


def test_it_ends_when_all_of_train_is_perfect():
    optimizer = GEPA("heavy")
    asks, _ = asked(optimizer, lambda state, one: float(one.x != 0), train=ROWS[1:])

    assert of_kind(asks, Complete) == []
    assert len(of_kind(asks, Evaluate)) == 2 * 4  # twice through the examples


def test_it_ends_when_all_of_val_is_perfect():
    asks, chosen = asked(GEPA(auto="heavy"), lambda state, one: float(one in VAL))

    assert asks == [Validate(task().state)]
    assert chosen == task().state


def test_what_counts_as_perfect_can_be_said_and_asking_anyway_too():
    for options in ({"perfect_score": 2.0}, {"skip_perfect_score": False}):
        asks, _ = asked(GEPA(max_metric_calls=50, **options), lambda *_: 1.0)

        assert len(of_kind(asks, Complete)) == (50 - 8) // 6


def test_the_same_proposal_again_is_not_run():
    def same(ask, value):
        if isinstance(ask, tuple):
            return (Prediction(new_instructions=" Do a. "),) * len(ask)
        return world(never)(ask)

    one = {"a": SIGNATURES["a"]}
    asks, _ = drive(GEPA(max_metric_calls=40), task(signatures=one), answered=same)

    assert {ask.state["a"].instructions for ask in of_kind(asks, Evaluate)} == {"Do a."}


@pytest.mark.parametrize("said", [None, Prediction(new_instructions=" \n")])
def test_an_answer_that_says_nothing_costs_its_round_and_no_more(said):
    answer, spoilt = world(newest), itertools.chain([True, True], itertools.repeat(False))

    def sometimes(ask, value):
        if isinstance(ask, tuple) and next(spoilt):
            return (said,)
        return answer(ask)

    asks, chosen = drive(GEPA(max_metric_calls=4 + 2 * 6 + ROUND), task(), answered=sometimes)

    assert [type(ask) for ask in asks] == [
        *[Validate, Evaluate, tuple, Evaluate, tuple],
        *[Evaluate, tuple, Evaluate, Validate],
    ]
    assert chosen["a"].instructions == "text 1"


# -- merges --------------------------------------------------------------------------------


def by_halves(state, example):
    """Each predictor's new text serves half of the examples, so merging serves them all."""
    mine = "a" if example.x % 2 else "b.0"
    other = "b.0" if example.x % 2 else "a"
    helped = state[mine].instructions.startswith("text")
    harmed = state[other].instructions.startswith("text") and not helped
    return 0.5 + 0.4 * helped - 0.1 * harmed


def merges(optimizer, quality, **more):
    for seed in range(40):
        asks, chosen = asked(optimizer, quality, seed=seed, **more)
        if found := [ask for ask in of_kind(asks, Validate) if ask.note == "merge"]:
            return asks, found, chosen
    raise AssertionError("no seed leads to a merge")


def test_two_that_are_good_at_different_things_are_merged_and_tried_on_few_places_first():
    asks, (tried, whole, *_), _ = merges(GEPA(max_metric_calls=120), by_halves)

    assert [s.instructions[:4] for s in tried.state.values()] == ["text", "text"]
    assert tried.places == (0, 1, 2, 3)  # there are no five
    assert whole == dataclasses.replace(tried, places=None)
    parents = [ask.state for ask in asks[: asks.index(tried)] if isinstance(ask, Validate)]
    assert tried.parent in parents
    assert tried.state["a"] in [state["a"] for state in parents]


def test_a_merge_that_does_worse_than_a_parent_is_not_validated():
    def quarrel(state, example):
        both = all(s.instructions.startswith("text") for s in state.values())
        return 0.0 if both else by_halves(state, example)

    _, found, chosen = merges(GEPA(max_metric_calls=120), quarrel)

    assert all(ask.places is not None for ask in found)
    assert chosen != found[0].state


def test_a_merge_that_is_only_as_good_is_validated():
    def level(state, example):
        both = all(s.instructions.startswith("text") for s in state.values())
        return 0.9 if both and example in VAL else by_halves(state, example)

    _, found, _ = merges(GEPA(max_metric_calls=120), level)
    assert [ask.places for ask in found[:2]] == [(0, 1, 2, 3), None]


@pytest.mark.parametrize("options", [{"use_merge": False}, {"max_merge_invocations": 0}])
def test_merges_can_be_left_out(options):
    with pytest.raises(AssertionError, match="no seed leads to a merge"):
        merges(GEPA(max_metric_calls=120, **options), by_halves)


def test_no_more_merges_are_tried_than_allowed():
    def rich(state, example):  # each predictor is good for other examples, and newer is better
        path = [*state][example.x % len(state)]
        text = state[path].instructions
        others = [s.instructions for s in state.values() if s.instructions[:4] == "text"]
        return 0.4 + (int(text[5:]) / 400 if text[:4] == "text" else 0) - len(others) / 1000

    found = Counter()
    for most in (1, 2):
        for seed in range(10):
            optimizer = GEPA(max_metric_calls=300, max_merge_invocations=most)
            asks, _ = asked(optimizer, rich, seed=seed, signatures=FOUR)
            tried = [a for a in of_kind(asks, Validate) if a.note == "merge" and a.places]
            found[most, len(tried)] += 1

    assert max(n for most, n in found if most == 1) == 1
    assert max(n for most, n in found if most == 2) == 2


# -- in a run ------------------------------------------------------------------------------

COLORS = {"sky": "blue", "grass": "green", "coal": "black", "snow": "white", "blood": "red"}
DATA = [Example(thing=t, color=c).with_inputs("thing") for t, c in COLORS.items()]
FACT = re.compile(r"(\w+) is (\w+)")


class Follower:
    """A model that knows nothing but what its instructions say."""

    model = "follower"

    def __init__(self):
        self.calls = 0

    def __call__(self, messages, *, rollout=0, **params):
        self.calls += 1
        thing = messages[-1].content.split("\n")[1]
        color = dict(FACT.findall(messages[0].content)).get(thing, "grey")
        return Completion(f"[[ ## color ## ]]\n{color}\n\n[[ ## completed ## ]]", dollars=0.0)


def learner(question):
    """Adds what the feedback says to the instructions."""
    facts = dict.fromkeys(" is ".join(fact) for fact in FACT.findall(question))
    return f"[[ ## new_instructions ## ]]\n{'; '.join(facts)}\n\n[[ ## completed ## ]]"


def hinted(example, prediction):
    right = prediction.color == example.color
    return Score(float(right), "" if right else f"{example.thing} is {example.color}")


def colors_run(lm, proposer):
    optimizer = GEPA(max_metric_calls=60, reflection_minibatch_size=2)
    with use(lm=lm):
        return compile(
            Predict(Signature("thing -> color", "Name the color.")),
            optimizer,
            metric=hinted,
            train=DATA,
            val=DATA,
            proposer=proposer,
            wait=True,
        )


def test_a_program_learns_what_the_feedback_says_and_again_costs_nothing():
    student, proposer = Follower(), Scripted(learner)
    run = colors_run(student, proposer)

    assert run.report.mean == 1.0
    assert all(f"{thing} is {color}" in instructions(run) for thing, color in COLORS.items())
    assert 0 < len(proposer.calls) <= GEPA(max_metric_calls=60).proposer_calls(5, 5)
    assert student.calls <= 60

    calls, questions = student.calls, len(proposer.calls)
    again = colors_run(student, proposer)

    assert instructions(again) == instructions(run)
    assert (student.calls, len(proposer.calls)) == (calls, questions)


def instructions(run):
    return run.best.state["self"].instructions
