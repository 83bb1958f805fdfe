"""Programs of several predictors: their labels are the archive's facts, and each has its work."""

import random
import re
import statistics
from collections import Counter, defaultdict
from functools import cache

import pytest

from dspnb import Example, Prediction, data, use
from dspnb.data.benchmarks import CLAIM_RECALL, PII, TWO_HOPS
from dspnb.data.benchmarks.archive import MAKERS, archive, search
from dspnb.testing import Scripted

of_steps = pytest.mark.parametrize(
    "bench",
    [bench for bench in data.BENCHMARKS.values() if len(bench.signatures) > 1],
    ids=lambda bench: bench.name,
)


def knowing(bench, known):
    """A model that answers as one who knows these rules."""

    def reply(text):
        sections = dict(
            re.findall(r"\[\[ ## (\w+) ## \]\]\n(.*?)(?=\n\n\[\[|\n\nAnswer with|\Z)", text, re.S)
        )
        named = re.search(r"Answer with (.*)", text, re.S)[1]
        for path, signature in bench.signatures.items():
            outputs = [field.name for field in signature.outputs]
            if all(f"## {name} ##" in named for name in outputs):
                solved = bench.solve(path, sections, known)
                return "\n\n".join(f"[[ ## {name} ## ]]\n{solved[name]}" for name in outputs)
        raise AssertionError(text)

    return Scripted(reply)


@cache
def calls(bench, count=60):
    """Predictor path -> the example, inputs and outputs of its calls, by one who knows all."""
    program, found = bench.program(), defaultdict(list)
    with use(lm=knowing(bench, bench.known)):
        for example in bench.examples(count):
            for call in program(**example.inputs).trace:
                found[call.path].append((example, dict(call.inputs), dict(call.outputs)))
    return found


# -- the archive ---------------------------------------------------------------------------


def test_the_archive_has_some_1400_passages_with_titles_of_their_own():
    titles = Counter(passage.title for passage in archive().passages)

    assert 1000 < len(titles) < 2000
    assert titles.most_common(1)[0][1] == 1


def test_a_search_reads_five_words_and_knows_only_those_of_the_archive():
    title = archive().works[0].title

    assert search(f"{title} hand", 1)[0].title == f"{title}, hand"
    assert search(f"one two three four five {title} hand", 1) == ()
    assert search("", 3) == search("xyzzy", 3) == ()


def test_the_search_for_a_name_and_the_archives_word_finds_the_passage():
    wanted = [(work.title, "hand") for work in archive().works]
    wanted += [(one.name, word) for one in archive().people for word in ("cradle", "prentice")]

    missed = [
        (name, word)
        for name, word in wanted
        if f"{name}, {word}" not in [passage.title for passage in search(f"{name} {word}", 2)]
    ]
    assert missed == []


# -- two hops ------------------------------------------------------------------------------


def test_answers_of_two_hops_are_the_facts_of_the_archive():
    for work in archive().works:
        subject = f"{MAKERS[work.kind]} of the {work.kind} {work.title}"
        town = work.maker.town
        born = "not recorded" if town is None else town.later or town.name
        taught = re.sub("^(Dame|Master) ", "", work.maker.teacher)

        for question, answer in (
            (f"Where was the {subject} born?", born),
            (f"In which town was the {subject} of {work.year} born?", born),
            (f"By which master was the much-loved {subject} taught?", taught),
        ):
            asked = {"question": question.replace("much-loved ", "")}
            assert TWO_HOPS.answer(asked, TWO_HOPS.known) == {"answer": answer}


def test_the_query_predictor_is_called_once_a_hop_and_knows_the_notes_the_second_time():
    made = calls(TWO_HOPS)

    assert len(made["query"]) == 2 * len(made["answer"]) == 120
    assert [inputs["notes"] == "none" for _, inputs, _ in made["query"]] == [True, False] * 60


# -- claims --------------------------------------------------------------------------------


def test_labels_of_claims_are_the_passages_that_support_them():
    for work in archive().works:
        person = work.maker
        if person.town is None:
            continue
        claim = f"The {MAKERS[work.kind]} of {work.title} was born in {person.town.name}."

        titles = CLAIM_RECALL.answer({"claim": claim}, CLAIM_RECALL.known)["titles"]
        assert titles == f"{work.title}, hand; {person.name}, cradle"


def test_the_fallback_is_not_called_as_long_as_something_is_found():
    made = calls(CLAIM_RECALL)

    assert {path: len(some) for path, some in made.items()} == {
        "names": 60,
        "follow": 60,
        "pick": 60,
    }


def test_the_fallback_is_called_when_nothing_was_found_and_looked_up():
    work = archive().works[0]
    replies = ["Xyzzy", work.title, "none", "a, hand"]
    lm = Scripted(
        f"[[ ## {field} ## ]]\n{reply}"
        for field, reply in zip(("names", "variants", "further", "titles"), replies, strict=True)
    )

    with use(lm=lm):
        CLAIM_RECALL.program()(claim="Xyzzy is kept in Plugh.")

    assert f"[{work.title}, hand]" in lm.calls[2][-1].content


@pytest.mark.parametrize(
    ("titles", "value"),
    [
        ("A, hand; B, cradle", 1.0),
        ("B, cradle\nA, hand", 1.0),
        ("A, hand", 0.5),
        ("C, talk; D, talk; E, talk; A, hand; B, cradle", 0.5),  # only four count
        ("", 0.0),
    ],
)
def test_a_claim_scores_the_share_of_passages_among_the_first_titles(titles, value):
    example = Example(claim="?", titles="A, hand; B, cradle").with_inputs("claim")

    assert CLAIM_RECALL.right(example, Prediction(titles=titles)) == value


# -- private things ------------------------------------------------------------------------

REQUEST = Example(
    request="My name is Bo Lind. My account is A1. I bought a kettle and want a refund.",
    redacted="My name is [private]. My account is [private]. I bought a kettle and want a refund.",
    brief="a refund; kettle",
).with_inputs("request")


@pytest.mark.parametrize(
    ("changes", "value"),
    [
        ({}, 1.0),
        ({"redacted": "Somebody bought something."}, 1.0),  # hides all, and the notes are right
        ({"redacted": REQUEST.request}, 0.0),
        ({"brief": "a refund; kettle; A1"}, 0.5),  # passed on after all
        ({"brief": "kettle; a refund"}, 2 / 3),
        ({"redacted": "[private]", "brief": "[private]"}, 0.0),
    ],
)
def test_what_is_hidden_and_what_is_passed_on_both_count(changes, value):
    given = Prediction(redacted=REQUEST.redacted, brief=REQUEST.brief)

    score = PII.right(REQUEST, Prediction(**{**given, **changes}))
    assert score == pytest.approx(value)


# -- all programs of several predictors ----------------------------------------------------


@of_steps
def test_each_predictors_calls_are_of_very_different_hardness(bench):
    for path, made in calls(bench).items():
        hardness = [bench.hardness(path, inputs) for _, inputs, _ in made]

        assert abs(statistics.fmean(hardness)) < 0.6, path
        assert 0.6 < statistics.pstdev(hardness) < 1.5, path


@of_steps
def test_no_slip_of_any_predictor_is_right(bench):
    for path, made in calls(bench).items():
        for number, (_, _, outputs) in enumerate(made):
            slipped = bench.slip(path, outputs, random.Random(number))

            assert slipped.keys() == outputs.keys()
            assert dict(slipped) != outputs


@of_steps
def test_calls_that_need_a_rule_show_it(bench):
    for rule in bench.rules:
        if not rule.shown:
            continue
        need, rest = [], []
        for _, inputs, outputs in calls(bench)[rule.path]:
            other = bench.solve(rule.path, inputs, bench.known - {rule.name})
            text = "\n".join(f"{name}: {value}" for name, value in {**inputs, **outputs}.items())
            (rest if dict(other) == outputs else need).append(bool(re.search(rule.shown, text)))

        assert need and statistics.fmean(need) > 0.8, rule.name
        assert not rest or statistics.fmean(rest) < 0.1, rule.name


@of_steps
def test_feedback_is_told_of_the_predictor_that_missed_the_rule(bench):
    for rule in bench.rules:
        if rule.wrong:
            continue
        about = Counter()
        for example in bench.examples(80):
            answer = bench.answer(dict(example.inputs), bench.known - {rule.name})
            about.update(bench.metric(example, Prediction(**answer)).about.keys())

        assert about.most_common(1)[0][0] == rule.path
