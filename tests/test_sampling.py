"""A search that validates in part: what it is told, what it pays, and what becomes the best."""

import re
import threading
from dataclasses import dataclass, field

import pytest

from dspnb import Budget, Example, Predict, UsageError, compile, runs, use
from dspnb.lm.base import Completion
from dspnb.module import Setting
from dspnb.optimizers import Chain, Evaluate, Lead, Validate

TASK = {"self": Setting("Name the colour.")}
GOOD = {"self": Setting("Be good at it.")}
HALF = {"self": Setting("Be half as good.")}


def things(start, count):
    return [
        Example(thing=f"thing {i}", color="blue", number=i).with_inputs("thing")
        for i in range(start, start + count)
    ]


def right(example, prediction):
    return prediction.color == example.color


class Painter:
    """Always right when told to be good, for every second thing when told to be half as good."""

    model = "painter"

    def __init__(self):
        self.calls = 0

    def __call__(self, messages, *, rollout=0, **params):
        self.calls += 1
        number = int(re.findall(r"thing (\d+)", messages[-1].content)[-1])
        system = messages[0].content
        good = "Be good" in system or ("Be half" in system and number % 2 == 0)
        return Completion(f"[[ ## color ## ]]\n{'blue' if good else 'red'}", self.model, 9, 9, 0.0)


@dataclass
class Sampling:
    """Makes these asks, keeps the answers, and returns a state."""

    asks: tuple
    final: dict = field(default_factory=lambda: GOOD)
    samples: bool = True
    answers: list = field(default_factory=list, compare=False)

    def search(self, task):
        self.answers.clear()
        for ask in self.asks:
            self.answers.append((yield ask))
        return self.final

    def program_calls(self, train, val, predictors=1):
        return {"validating": 7}


PROGRAM = Predict("thing -> color").with_state(TASK)


def start(optimizer, *, lm=None, **options):
    given = {"metric": right, "train": things(0, 4), "val": things(10, 6), **options}
    with use(lm=lm or Painter()):
        return compile(PROGRAM, optimizer, **given)


def bodies(run, kind):
    return [event.body for event in run.log.since(0) if event.body.kind == kind]


# -- validating in part ------------------------------------------------------------------------


def test_the_answer_has_whole_rows_of_these_places_in_this_order():
    optimizer = Sampling((Validate(GOOD, places=(4, 0, 2)),))
    start(optimizer).wait()

    (report,) = optimizer.answers
    assert [row.example.number for row in report.rows] == [14, 10, 12]
    assert report.scores == [1.0, 1.0, 1.0]
    assert all(row.trace[0].messages and row.prediction.color == "blue" for row in report.rows)


def test_what_is_scored_is_not_paid_for_again():
    lm = Painter()
    asks = (
        Validate(HALF, places=(0, 1)),
        Validate(HALF, places=(1, 2)),
        Evaluate(HALF, things(12, 2)),
        Validate(HALF),
        Validate(HALF, places=(5, 0)),
    )
    optimizer = Sampling(asks, HALF)
    start(optimizer, lm=lm).wait()

    assert lm.calls == 6
    assert [len(report.rows) for report in optimizer.answers] == [2, 2, 2, 6, 2]
    assert optimizer.answers[-1].scores == [0.0, 1.0]
    assert [row.example.number for row in optimizer.answers[3].rows] == [*range(10, 16)]


def test_asks_made_together_may_name_the_same_state_with_different_places():
    lm = Painter()
    asks = ((Validate(HALF, places=(0, 1)), Validate(HALF, places=(1, 2)), Validate(GOOD)),)
    optimizer = Sampling(asks)
    run = start(optimizer, lm=lm).wait()

    first, second, whole = optimizer.answers[0]
    assert (first.scores, second.scores, whole.scores) == ([1.0, 0.0], [0.0, 1.0], [1.0] * 6)
    assert lm.calls == 3 + 6
    assert [c.id for c in run.candidates] == [0, 1, 2]


def test_events_name_the_place_and_tell_all_that_was_scored_so_far():
    asks = (Validate(HALF, places=(3, 0)), Validate(HALF, places=(1,)))
    run = start(Sampling(asks, HALF)).wait()

    assert [(b.example, b.value) for b in bodies(run, "scored")].count((3, 0.0)) == 1
    assert {b.example for b in bodies(run, "scored")} == {0, 1, 3}
    told = [(b.candidate, b.n, b.mean) for b in bodies(run, "evaluated")]
    assert told == [(1, 2, 0.5), (1, 3, pytest.approx(1 / 3))]


def test_a_candidate_keeps_what_it_was_scored_on_and_is_whole_in_the_end():
    asks = (Validate(HALF, places=(3, 0)), Validate(GOOD, places=(0, 1, 2)))
    optimizer = Sampling((*asks, Validate(GOOD, places=(5, 4, 3))))
    run = start(optimizer).wait()

    _, half, good = run.candidates
    assert (half.whole, half.places, half.scores) == (False, (0, 3), {0: 1.0, 3: 0.0})
    assert [row.example.number for row in half.report.rows] == [10, 13]
    assert (good.whole, good.places, good.report.scores) == (True, None, [1.0] * 6)


def test_no_places_are_no_rows():
    optimizer = Sampling((Validate(GOOD, places=()),), TASK)
    run = start(optimizer).wait()

    assert list(optimizer.answers[0].rows) == []
    assert run.candidates[1].report is None


def test_a_place_that_is_not_there_is_an_error_that_says_which():
    run = start(Sampling((Validate(GOOD, places=(0, 6)),)))
    run.join()

    with pytest.raises(UsageError, match=r"at 6 of val; the places are 0 to 5"):
        run.wait()


# -- who leads ---------------------------------------------------------------------------------


def test_the_program_as_it_is_exists_and_is_not_scored():
    lm = Painter()
    run = start(Sampling((Validate(GOOD, places=(0,)), Lead(GOOD, 0.9))), lm=lm).wait()

    assert lm.calls == 1
    assert [(c.id, c.state) for c in run.candidates] == [(0, TASK), (1, GOOD)]
    assert run.candidates[0].report is None
    assert run.best.state == GOOD
    assert bodies(run, "proposed")[0].note == "as it is"


def test_the_best_is_the_last_lead_and_the_program_as_it_is_before_the_first():
    seen = []

    class Looking(Sampling):
        def search(self, task):
            yield Validate(HALF, places=(0, 1, 2))
            seen.append(run.best.state)
            yield Lead(HALF, 0.5)
            seen.append(run.best.state)
            yield Validate(GOOD)
            seen.append(run.best.state)
            yield Lead(GOOD, 0.8)
            yield Lead(HALF, 0.85)
            return HALF

    go = threading.Event()

    class Waiting(Painter):
        def __call__(self, messages, **params):
            go.wait(5)
            return super().__call__(messages, **params)

    run = start(Looking((), HALF), lm=Waiting())
    go.set()
    run.wait()

    assert seen == [TASK, HALF, HALF]
    assert run.best.state == HALF
    assert [(b.candidate, b.mean) for b in bodies(run, "best")] == [(1, 0.5), (2, 0.8), (1, 0.85)]


def test_another_state_than_the_last_lead_that_is_returned_becomes_the_best():
    lm = Painter()
    asks = (Validate(HALF, places=(0, 1)), Validate(GOOD, places=(0, 1)), Lead(GOOD, 0.9))
    run = start(Sampling(asks, HALF), lm=lm).wait()

    assert run.best.state == HALF
    assert bodies(run, "best")[-1].mean == 0.5
    assert lm.calls == 4


def test_a_state_that_nothing_is_known_of_is_validated_in_the_end():
    run = start(Sampling((Lead(TASK, 0.0),), GOOD)).wait()

    assert run.best.state == GOOD and run.report.mean == 1.0


def test_a_state_that_leads_and_was_never_validated_is_scored_on_a_few_examples_in_the_end():
    lm = Painter()
    run = start(Sampling((Lead(HALF, 0.8), Lead(GOOD, 0.9)), GOOD), lm=lm).wait()

    assert run.best.state == GOOD
    assert lm.calls == 5 and run.candidates[1].places == (0, 1, 2, 3, 4)
    assert bodies(run, "proposed")[1].note == "expected to be the best"
    assert [body.mean for body in bodies(run, "best")] == [0.9]


def test_a_lead_that_is_good_enough_ends_the_search():
    asks = (Validate(GOOD, places=(0,)), Lead(GOOD, 0.9), Validate(HALF))
    run = start(Sampling(asks, HALF), budget=Budget(score=0.9)).wait()

    assert run.status == "done"
    assert [c.state for c in run.candidates] == [TASK, GOOD]
    assert run.best.state == GOOD


def test_a_search_without_samples_is_as_ever():
    asks = (Validate(HALF, places=(0, 2, 4)), Validate(GOOD))
    run = start(Sampling(asks, TASK, samples=False)).wait()

    assert [c.whole for c in run.candidates] == [True, False, True]
    assert run.best.state == GOOD  # half as good had the same mean, of three


def test_in_a_chain_the_best_is_that_of_the_highest_mean():
    inner = Sampling((Validate(HALF, places=(0, 2)), Lead(HALF, 1.0)), HALF)
    run = start(Chain(inner, Sampling((Validate(GOOD),)))).wait()

    assert [c.whole for c in run.candidates] == [True] * 3
    assert run.best.state == GOOD


def test_a_stopped_search_gives_its_last_lead():
    asks = (Validate(HALF, places=(0, 1)), Lead(HALF, 0.5), Validate(GOOD))
    run = start(Sampling(asks), budget=Budget(calls=4)).wait()

    assert run.status == "stopped"
    assert run.best.state == HALF
    assert run.report.scores == [1.0, 0.0]


def test_a_search_that_goes_on_walks_through_its_leads_again():
    asks = (Validate(HALF, places=(0, 1)), Lead(HALF, 0.5), Validate(GOOD), Lead(GOOD, 0.7))
    first = start(Sampling(asks), budget=Budget(calls=4)).wait()
    lm = Painter()
    second = start(Sampling(asks), lm=lm, budget=Budget(calls=100)).wait()

    assert second.id == first.id
    assert lm.calls == 2 + 6 - 4
    assert second.best.state == GOOD
    assert [(b.candidate, b.mean) for b in bodies(second, "best")] == [(1, 0.5), (2, 0.7)]


# -- held-out examples -------------------------------------------------------------------------


def test_the_comparison_has_the_mean_of_the_lead():
    asks = (Validate(GOOD, places=(0, 1)), Lead(GOOD, 0.75))
    run = start(Sampling(asks), test=things(100, 40)).wait()

    assert run.comparison.search == bodies(run, "compared")[0].search == 0.75
    assert run.comparison.returned and run.best.state == GOOD
    assert run.report.mean == 1.0


def test_a_search_that_finds_nothing_is_compared_too():
    run = start(Sampling((Validate(GOOD, places=(0,)),), TASK), test=things(100, 4)).wait()

    assert run.comparison.conclusion == "nothing beat the program as it was"
    assert run.comparison.optimism == 0


def test_what_the_comparison_takes_is_set_aside():
    asks = (
        Validate(GOOD, places=(0,)),
        Lead(GOOD, 0.9),
        Validate(HALF),
        Evaluate(HALF, things(200, 99)),
    )
    run = start(Sampling(asks), test=things(100, 20), budget=Budget(calls=90)).wait()

    assert run.comparison is not None
    assert run.spending.usage.calls <= 90
    assert run.best.state == GOOD


def test_scores_on_different_examples_say_what_is_expected():
    asks = (
        Validate(TASK, places=(0, 1, 2, 3, 4, 5, 6, 7)),
        Validate(HALF, places=(2, 3, 4, 5, 6, 7, 8)),
        Validate(GOOD, places=(0, 1, 2, 3, 4, 9)),
        Lead(GOOD, 0.9),
    )
    run = start(Sampling(asks), val=things(10, 12), test=things(100, 40)).wait()

    assert run.comparison.expected is not None
    assert run.comparison.expected.better(0.4, 0.1) > 0.99
    assert runs()[run.id].comparison.expected == run.comparison.expected


def test_without_scores_of_the_program_as_it_was_held_out_examples_decide_alone():
    places = (0, 1, 2, 3, 4, 5)
    asks = (Validate(HALF, places=places), Validate(GOOD, places=places), Lead(GOOD, 0.9))
    run = start(Sampling(asks), test=things(100, 40)).wait()

    assert run.comparison.expected is None and run.comparison.returned


# -- as it is kept -----------------------------------------------------------------------------


def test_a_kept_run_is_what_the_run_was():
    asks = (Validate(HALF, places=(5, 0)), Validate(GOOD, places=(1, 2, 3)), Lead(HALF, 0.9))
    run = start(Sampling(asks, HALF)).wait()
    kept = runs()[run.id]

    assert kept.best_candidate.id == run.best_candidate.id == 1
    assert [(c.places, c.scores) for c in kept.candidates] == [
        (c.places, c.scores) for c in run.candidates
    ]
    assert kept.summary == run.summary
    assert "(some of the validation)" in run.summary
    assert kept.lost == 0


def test_the_estimate_has_no_score_of_the_program_as_it_is():
    run = start(Sampling((Validate(GOOD, places=(0,)),)), test=things(100, 4)).wait()

    first, second = bodies(run, "estimated")
    assert first.program_calls == {"validating": 7, "comparing on held-out examples": 8}
    assert second.tokens == 15 * 18  # as the first run of the program took
