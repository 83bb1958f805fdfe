"""Every benchmark is made of true labels, rules that matter, and feedback that finds them."""

import random
import re
import statistics
import subprocess
import sys

import pytest

from dspnb import Prediction, UsageError, data, use
from dspnb.signature import Signature
from dspnb.testing import Scripted

COUNT = 400
RARE = 0.012  # of the examples: a rule that matters for fewer can hardly be found
ODD_TEXTS = (
    "", " ", "?", "no idea", "-1", "9" * 5000, "² ½ ٣", "[[ ## answer ## ]]", "(((", "))) ]",
    "\n\n", "12 jars at 0 euros. boxes of 0.", "31 February to 99 May", "not not never",
    ": ; , = |", "\x00é", "a " * 500,
)  # fmt: skip

SECTION = r"\[\[ ## (\w+) ## \]\]\n(.*?)(?=\n\n\[\[|\n\nAnswer with|\Z)"

every = pytest.mark.parametrize("bench", data.BENCHMARKS.values(), ids=data.BENCHMARKS.keys())


def stated(bench):
    """Whether the program states its rules already: one benchmark has nothing to be found."""
    return bench.name == "no_headroom"


def answer(bench, example, known):
    return dict(bench._answer({key: str(text) for key, text in example.inputs.items()}, known))


def labels(bench, outputs):
    return {name: str(outputs[name]).strip() for name in bench.labels}


def missed(bench, examples, known):
    """The examples that one who follows these rules does not get quite right."""
    return [
        example
        for example in examples
        if bench.right(example, Prediction(**answer(bench, example, known))) < 1
    ]


def needing(bench, rule, examples):
    """The examples that are missed only without a right rule, or with a wrong one."""
    mislabelled = missed(bench, examples, bench.known) if bench.noise else []
    failures = missed(bench, examples, bench.known ^ {rule.name})
    return [example for example in failures if example not in mislabelled]


def test_a_benchmark_is_found_by_its_name():
    for name, bench in data.BENCHMARKS.items():
        assert data.benchmark(name) is bench
        assert bench.name == name
        assert len(bench.about) > 60


def test_an_unknown_benchmark_is_refused_with_the_nearest_name():
    with pytest.raises(UsageError, match="did you mean `negation`"):
        data.benchmark("negatoin")


@every
def test_one_who_knows_all_rules_gives_the_labels(bench):
    wrong = missed(bench, bench.examples(COUNT), bench.known)

    assert len(wrong) <= 2 * bench.noise * COUNT
    assert bench.ceiling == 1.0 or bench.noise


@every
def test_one_who_knows_no_rule_is_sometimes_right(bench):
    assert stated(bench) or 0.2 <= bench.floor / bench.ceiling <= 0.6


@every
def test_sets_are_disjoint_and_no_example_comes_twice(bench):
    train, val, test = bench.sets(60, 80, 40)

    inputs = [tuple(example.inputs.values()) for example in [*train, *val, *test]]
    assert (len(train), len(val), len(test)) == (60, 80, 40)
    assert len(set(inputs)) == 180


def test_the_same_seed_gives_the_same_examples_in_another_process():
    shown = (
        "from dspnb import data\nfor b in data.BENCHMARKS.values(): print(b.examples(20, seed=7))"
    )
    there = subprocess.run(
        [sys.executable, "-c", shown], capture_output=True, text=True, check=True
    ).stdout

    here = [str(bench.examples(20, seed=7)) for bench in data.BENCHMARKS.values()]
    assert there.splitlines() == here


@every
def test_another_seed_gives_other_examples(bench):
    assert bench.examples(20, seed=1) != bench.examples(20, seed=2)


@every
def test_every_rule_matters_for_some_examples(bench):
    examples = bench.examples(COUNT)

    shares = {rule.name: len(needing(bench, rule, examples)) / COUNT for rule in bench.rules}
    assert {name: share for name, share in shares.items() if share < RARE} == {}


@every
def test_feedback_names_the_rule_that_was_missed_and_never_a_wrong_one(bench):
    examples = bench.examples(COUNT)
    for rule in bench.rules:
        failures = needing(bench, rule, examples)[:25]

        found = 0
        for example in failures:
            given = Prediction(**answer(bench, example, bench.known ^ {rule.name}))
            score = bench.metric(example, given)
            assert score.value < 1
            found += bool(re.search(rule.told, score.feedback))
        assert (found == 0) if rule.wrong else (found > 0.6 * len(failures)), rule.name


@every
def test_right_answers_score_1(bench):
    for example in bench.examples(20):
        given = {**answer(bench, example, bench.known), **labels(bench, example)}

        assert bench.metric(example, Prediction(**given)).value == 1.0
        assert bench.right(example, Prediction(**given)) == 1.0


@every
def test_a_rule_is_told_in_all_its_wordings_and_in_nothing_else(bench):
    seeds = [one.instructions for one in bench.signatures.values() if not stated(bench)]
    fields = [
        f"{field.name} {field.desc}" for one in bench.signatures.values() for field in one.fields
    ]
    items = [text for example in bench.examples(COUNT) for text in map(str, example.values())]
    assert len({rule.name for rule in bench.rules}) == len(bench.rules)
    for rule in bench.rules:
        others = [text for one in bench.rules if one is not rule for text in one.texts]

        assert len(set(rule.texts)) == 3
        assert [text for text in rule.texts if not re.search(rule.told, text)] == []
        assert [t for t in (*others, *seeds, *fields, *items) if re.search(rule.told, t)] == []


@every
def test_what_shows_a_rule_stands_in_examples_that_need_it_and_hardly_in_others(bench):
    examples = bench.examples(COUNT)
    for rule in bench.rules:
        if not rule.shown or not seen_in_labels(bench, rule):
            continue
        need = needing(bench, rule, examples)
        rest = [example for example in examples if example not in need]

        def share(some, shown=rule.shown):
            texts = ["\n".join(f"{k}: {v}" for k, v in example.items()) for example in some]
            return sum(bool(re.search(shown, text)) for text in texts) / max(1, len(texts))

        assert share(need) > 0.8, rule.name
        assert share(rest) < 0.1, rule.name


def seen_in_labels(bench, rule):
    """Whether the outputs of the predictor that follows the rule are labels of the program."""
    path = rule.path or next(iter(bench.signatures))
    return any(field.name in bench.labels for field in bench.signatures[path].outputs)


@every
def test_there_are_enough_rules_and_some_that_mislead(bench):
    wrong = [rule for rule in bench.rules if rule.wrong]
    paths = set(bench.signatures)

    assert 4 <= len(bench.known) <= 12
    assert 1 <= len(wrong) <= 2
    unasked = [rule.unprompted for rule in bench.rules if not rule.wrong]
    assert all(share == 0.9 if stated(bench) else 0.05 <= share <= 0.4 for share in unasked)
    assert all(rule.path in paths or (not rule.path and len(paths) == 1) for rule in bench.rules)


@every
def test_items_are_of_very_different_hardness(bench):
    path = next(iter(bench.signatures))
    needed = bench.signatures[path].input_names
    drawn = [
        {key: str(example[key]) for key in needed if key in example}
        for example in bench.examples(COUNT)
    ]

    hardness = [bench.hardness(path, inputs) for inputs in drawn]
    assert statistics.fmean(hardness) == pytest.approx(-2.0 if stated(bench) else 0.0, abs=0.25)
    assert 0.7 < statistics.pstdev(hardness) < 1.4


@every
def test_whatever_comes_is_answered_with_a_text_for_every_output(bench):
    for path, signature in bench.signatures.items():
        for text in ODD_TEXTS:
            for known in (frozenset(), bench.known):
                inputs = dict.fromkeys(signature.input_names, text)

                outputs = bench.solve(path, inputs, known)
                assert outputs.keys() == {field.name for field in signature.outputs}
                assert all(isinstance(value, str) for value in outputs.values())
                assert bench.solve(path, {}, known).keys() == outputs.keys()
                assert isinstance(bench.hardness(path, inputs), float)


@every
def test_a_slip_is_never_right(bench):
    assert bench.slip is not None
    path = next(iter(bench.signatures))
    for number, example in enumerate(bench.examples(200)):
        inputs = {key: str(text) for key, text in example.inputs.items()}
        right = dict(bench.solve(path, inputs, bench.known))

        slipped = dict(bench.slip(path, right, random.Random(number)))
        assert slipped.keys() == right.keys()
        assert slipped != right
        assert slipped == bench.slip(path, right, random.Random(number))


@every
def test_the_program_has_the_predictors_that_the_benchmark_tells_of(bench):
    found = {path: predictor.signature for path, predictor in bench.program().predictors()}

    assert found == dict(bench.signatures)
    assert all(isinstance(signature, Signature) for signature in found.values())
    outputs = [frozenset(field.name for field in one.outputs) for one in found.values()]
    assert len(set(outputs)) == len(outputs)


@every
def test_the_program_runs_and_gives_the_labels_when_its_model_knows_the_rules(bench):
    example = bench.examples(1)[0]

    given = bench.program()
    with use(lm=Scripted(knowing(bench, bench.known))):
        prediction = given(**example.inputs)
    assert bench.metric(example, prediction).value == 1.0


def knowing(bench, known):
    """A model that answers as one who knows these rules, in the adapter's own layout."""

    def reply(text):
        sections = dict(
            re.findall(r"\[\[ ## (\w+) ## \]\]\n(.*?)(?=\n\n\[\[|\n\nAnswer with|\Z)", text, re.S)
        )
        named = re.search(r"Answer with (.*)", text, re.S)[1]
        for path, signature in bench.signatures.items():
            outputs = [field.name for field in signature.outputs]
            if all(f"## {name} ##" in named for name in outputs):
                solved = bench.solve(path, sections, known)
                parts = [f"[[ ## {name} ## ]]\n{solved[name]}" for name in outputs]
                return "\n\n".join([*parts, "[[ ## completed ## ]]"])
        raise AssertionError(text)

    return reply


def test_no_benchmark_is_made_before_it_is_used_nor_is_a_simulated_model():
    code = """
import sys, dspnb
own = "dspnb.data.benchmarks."
assert not [name for name in sys.modules if name.startswith((own, "dspnb.simulation"))]
assert "negation" in dspnb.data.BENCHMARKS and len(dspnb.data.BENCHMARKS) == 12
assert not [name for name in sys.modules if name.startswith(own)]
dspnb.data.benchmark("negation")
print(*(name for name in sys.modules if name.startswith(own)))
from dspnb.data.benchmarks import NEGATION
assert NEGATION is dspnb.data.BENCHMARKS["negation"]
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert {name.rpartition(".")[2] for name in done.stdout.split()} == {"negation", "slips"}


def test_a_name_that_is_none_is_no_benchmark():
    assert data.BENCHMARKS.get("nothing") is None
    assert list(data.BENCHMARKS) == sorted(data.BENCHMARKS)
    with pytest.raises(KeyError):
        data.BENCHMARKS["slips"]
    with pytest.raises(ImportError):
        from dspnb.data.benchmarks import NOTHING  # noqa: F401


@every
def test_a_rule_matters_for_the_share_that_is_told(bench):
    assert set(bench.shares) == {rule.name for rule in bench.rules}
    assert all(RARE < share <= 1 for share in bench.shares.values())


@every
def test_a_benchmark_is_told_in_lines_for_a_terminal(bench):
    told = str(bench)

    assert told.startswith(f"{bench.name}: {bench.about}\n")
    assert f"floor {bench.floor:.2f}, ceiling {bench.ceiling:.2f}\n" in told
    assert all(f"\n{rule.name} " in told for rule in bench.rules)
    assert all(len(line) <= 100 for line in told.partition("\nrule ")[2].splitlines())
    assert len(repr(bench)) < 80
