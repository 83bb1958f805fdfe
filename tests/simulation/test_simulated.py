"""The simulated model: it does as well as its prompt lets it, and knows nothing else."""

import asyncio
import dataclasses
import itertools
import statistics

import pytest
from simulation.recorded import load

from dspnb import Example, JSONAdapter, data, use
from dspnb.adapters import ChatAdapter, CompactAdapter, XMLAdapter
from dspnb.errors import ParseError
from dspnb.lm.base import Completion, Message
from dspnb.module import Setting
from dspnb.simulation import Simulated, truth
from dspnb.simulation.prompts import split

NEGATION = data.benchmark("negation")
RULES = {rule.name: rule for rule in NEGATION.rules}
RIGHT = [rule for rule in NEGATION.rules if not rule.wrong]
WRONG = [rule for rule in NEGATION.rules if rule.wrong]
ADAPTERS = {
    "chat": ChatAdapter(),
    "json": JSONAdapter(),
    "xml": XMLAdapter(),
    "compact": CompactAdapter(),
}
RECORDED = [row for row in load() if row.source == "program"]


def told(*rules, demos=(), more=""):
    """The program with these rules in its instructions."""
    program = NEGATION.program()
    texts = [program.signature.instructions, *(rule.texts[0] for rule in rules)]
    return program.with_state({"self": Setting(" ".join(texts) + more, tuple(demos))})


def mean(program, *, model=None, count=300, adapter=ADAPTERS["chat"]):
    """How well a program does when it is run."""
    examples = NEGATION.examples(count, seed=77)
    with use(lm=model or Simulated(NEGATION), adapter=adapter):
        return statistics.fmean(NEGATION.right(one, program(**one.inputs)) for one in examples)


def showing(rule, count, *, contrary=False):
    """Demos whose answers need a rule, or are those of one who does not know it."""
    found = []
    for example in NEGATION.examples(600, seed=3):
        values = {name: str(text) for name, text in example.inputs.items()}
        without = NEGATION.solve("self", values, NEGATION.known - {rule.name})["label"]
        if without != example.label:
            found.append(Example(**{**example, "label": without}) if contrary else example)
    return found[:count]


# -- reading ---------------------------------------------------------------------------


@pytest.mark.parametrize("row", RECORDED, ids=str)
def test_a_programs_prompt_is_read_in_the_layouts_of_both_libraries(row):
    benchmark = data.benchmark(row.benchmark)

    for prompt in row.prompts:
        start, inputs = split(prompt)

        wanted = {one.name for one in start.prompt.wanted}
        signatures = [
            one
            for one in benchmark.signatures.values()
            if {f.name for f in one.outputs} == wanted - {"reasoning"}
        ]
        assert set(inputs) == {field.name for field in signatures[0].inputs}
        assert signatures[0].instructions in " ".join(start.instructions.split())
        assert Simulated(benchmark).is_of_the_program(prompt)


@pytest.mark.parametrize("layout", ["chat", "json", "compact"])
@pytest.mark.parametrize("library", ["dspnb", "dspy"])
def test_all_demos_of_a_prompt_are_read(layout, library):
    rows = [row for row in RECORDED if (row.library, row.layout) == (library, layout)]

    for row in rows:
        users = sum(role == "user" for role, _ in row.before)
        start, _ = split(row.prompts[0])

        assert len(start.demos) == users
        assert all(inputs and outputs for inputs, outputs in start.demos)
    assert rows or (library, layout) == ("dspy", "compact")


@pytest.mark.parametrize("adapter", ADAPTERS.values(), ids=ADAPTERS)
def test_a_program_understands_its_answers_in_every_layout_of_ours(adapter):
    with use(lm=Simulated(NEGATION), adapter=adapter):
        made = [told(*RIGHT)(**one.inputs) for one in NEGATION.examples(20)]

    assert not any(one.attempts for one in made)
    assert len({one.label for one in made}) == 3


@pytest.mark.parametrize("adapter", ADAPTERS.values(), ids=ADAPTERS)
def test_rules_help_in_every_layout_of_ours(adapter):
    without, with_all = (mean(told(*some), count=80, adapter=adapter) for some in ([], RIGHT))

    assert with_all > without + 0.2


def test_what_is_no_prompt_of_a_program_is_told_so():
    said = Simulated(NEGATION)([Message.of("user", "Hello!")]).text

    assert said == "I only answer the prompts of a program."


# -- skill -----------------------------------------------------------------------------


def test_success_grows_with_the_rules_that_are_told():
    true = [truth(Simulated(NEGATION), told(*RIGHT[:count])) for count in range(len(RIGHT) + 1)]

    assert all(later > before - 0.02 for before, later in itertools.pairwise(true))
    assert true[-1] > true[0] + 0.25


def test_wrong_rules_spoil_answers():
    model = Simulated(NEGATION)
    right = truth(model, told(*RIGHT))

    assert all(truth(model, told(*RIGHT, wrong)) < right for wrong in WRONG)
    assert truth(model, told(*RIGHT, *WRONG)) < right - 0.1


@pytest.mark.parametrize("name", ["double", "refuses", "scope"])
def test_demos_that_show_a_rule_help_and_contrary_ones_harm(name):
    model, rule = Simulated(NEGATION), RULES[name]
    right, contrary = showing(rule, 3), showing(rule, 3, contrary=True)

    def strength(demos):
        start, _ = split(told(demos=demos).messages(premise="a", hypothesis="b"))
        return model.skill_of(start).rules[name]

    assert strength(right) > strength(right[:1]) > strength([]) > strength(contrary[:1])
    assert strength(contrary[:1]) > strength(contrary)
    assert truth(model, told(demos=right)) > truth(model, told(demos=contrary)) + 0.02


def test_the_first_demo_of_a_rule_helps_more_than_the_third():
    first, *_ = demos = showing(RULES["double"], 3)
    model = Simulated(NEGATION)
    one, two, three = (
        model.skill_of(
            split(told(demos=some).messages(premise="a", hypothesis="b"))[0]
        ).rules["double"]
        for some in ([first], demos[:2], demos)
    )  # fmt: skip

    assert two - one > three - two > 0


def test_hard_examples_are_missed_more_often():
    noted = dataclasses.replace(
        NEGATION, hardness=lambda path, inputs: 3.0 * ("n" in inputs["premise"][:3])
    )
    model, program = Simulated(noted), told(*RIGHT)
    scores = {True: [], False: []}
    with use(lm=model):
        for one in NEGATION.examples(400):
            hard = "n" in one.premise[:3]
            scores[hard].append(NEGATION.right(one, program(**one.inputs)))

    assert min(map(len, scores.values())) > 40
    assert statistics.fmean(scores[True]) < statistics.fmean(scores[False]) - 0.2


def test_long_instructions_weaken_every_rule_in_them():
    model = Simulated(NEGATION)
    short, long_ = told(*RIGHT), told(*RIGHT, more=" Mind what follows in a moment." * 100)

    assert truth(model, long_) < truth(model, short) - 0.05


def test_insight_and_reasoning_are_no_rules():
    model = Simulated(NEGATION)

    assert truth(Simulated(NEGATION, insight=3.0), told()) == truth(model, told())


# -- luck ------------------------------------------------------------------------------


def test_the_same_prompt_has_the_same_answer_from_any_instance():
    prompts = [told(RIGHT[0]).messages(**one.inputs) for one in NEGATION.examples(60)]
    one, other = Simulated(NEGATION), Simulated(NEGATION)

    for prompt in reversed(prompts):  # an order of its own, so nothing is kept from before
        other.text(prompt)

    assert [one.text(prompt) for prompt in prompts] == [other.text(prompt) for prompt in prompts]


def test_another_rollout_and_another_seed_give_other_answers_that_are_as_good():
    prompts = [told(RIGHT[0]).messages(**one.inputs) for one in NEGATION.examples(60)]

    def answers(seed=0, rollout=0):
        return [Simulated(NEGATION, seed)(prompt, rollout=rollout).text for prompt in prompts]

    assert answers() == answers()
    assert 3 < sum(a != b for a, b in zip(answers(), answers(rollout=1), strict=True)) < 40
    assert answers() != answers(seed=1)


def test_samples_are_those_of_other_rollouts():
    model = Simulated(NEGATION)
    prompts = [told().messages(**one.inputs) for one in NEGATION.examples(30)]

    completions = [model(prompt, n=3, rollout=2) for prompt in prompts]

    assert [[one.text for one in completion.samples] for completion in completions] == [
        [model.text(prompt, i) for i in (6, 7, 8)] for prompt in prompts
    ]
    assert all(completion.tokens_in > 0 for completion in completions)
    assert all(completion.dollars == 0.0 for completion in completions)


def test_two_programs_of_one_model_fail_together_more_often_than_those_of_two_models():
    examples = NEGATION.examples(400)

    def missed(program, seed):
        with use(lm=Simulated(NEGATION, seed)):
            return [NEGATION.right(one, program(**one.inputs)) < 1 for one in examples]

    one, other = told(RIGHT[0]), told(RIGHT[0], more=" Take care.")
    first = missed(one, 0)
    same, another = (
        statistics.fmean(a == b for a, b in zip(first, missed(other, seed), strict=True))
        for seed in (0, 1)
    )
    assert 0.98 > same > another + 0.05


def test_an_awaited_answer_is_the_same():
    model, prompt = Simulated(NEGATION), told().messages(**NEGATION.examples(1)[0].inputs)

    assert asyncio.run(model.acall(prompt)) == model(prompt)


# -- after the inputs ------------------------------------------------------------------


class Stumbling:
    """Says something that cannot be read at first, then answers as the simulated model."""

    model = "stumbling"

    def __init__(self):
        self.prompts = []

    def __call__(self, messages, **params):
        self.prompts.append(messages)
        if len(self.prompts) == 1:
            return Completion("Hm.", self.model, 1, 1)
        return Simulated(NEGATION)(messages, **params)


@pytest.mark.parametrize("adapter", ADAPTERS.values(), ids=ADAPTERS)
def test_a_repair_turn_is_answered_for_the_same_inputs_in_the_same_layout(adapter):
    example, lm = NEGATION.examples(1)[0], Stumbling()
    with use(lm=lm, adapter=adapter):
        made = told(*RIGHT)(**example.inputs)

    first, second = lm.prompts
    assert len(second) == len(first) + 2
    assert split(second)[1] == split(first)[1] == dict(example.inputs)
    assert split(second)[0].prompt.layout == split(first)[0].prompt.layout
    assert made.label in ("entailment", "neutral", "contradiction")


def test_after_repair_turns_it_does_as_well_as_before():
    program, model = told(*RIGHT), Simulated(NEGATION)
    again = [Message.of("assistant", "Hm."), Message.of("user", "That could not be read.")]
    scores = []
    for example in NEGATION.examples(300, seed=77):
        text = model.text([*program.messages(**example.inputs), *again])
        scores.append(float(f"\n{example.label}\n" in text))

    assert statistics.fmean(scores) == pytest.approx(mean(program), abs=0.07)


def test_an_answer_that_was_not_accepted_is_not_always_given_again():
    model, program = Simulated(NEGATION), told()
    others = 0
    for example in NEGATION.examples(40):
        prompt = program.messages(**example.inputs)
        answer = model.text(prompt)
        complaint = Message.of("user", "That answer was not accepted: think again.")
        others += model.text([*prompt, Message.of("assistant", answer), complaint]) != answer

    assert 3 < others < 40


def test_advice_after_the_inputs_counts_as_instructions():
    model, rule = Simulated(NEGATION), RULES["double"]
    prompt = told().messages(**NEGATION.examples(1)[0].inputs)

    advised = [*prompt, Message.of("user", f"Advice: {rule.texts[0]}")]
    idle = [*prompt, Message.of("user", "Advice: take care.")]

    strength = [model.skill_of(split(one)[0]).rules["double"] for one in (prompt, idle, advised)]
    assert strength[0] == strength[1] < strength[2] - 1


def test_a_demo_is_never_taken_for_the_question():
    demos = [Message.of(role, text) for role, text in _demo_turns()]

    start, inputs = split([*demos, Message.of("user", "Go on.")])

    assert inputs == {}
    assert len(start.demos) == 1


def _demo_turns():
    messages = told(demos=NEGATION.examples(1)).messages(premise="a", hypothesis="b")
    return [(message.role, message.content) for message in messages[:-1]]


def test_an_answer_that_cannot_be_read_is_still_an_error():
    class Silent:
        model = "silent"

        def __call__(self, messages, **params):
            return Completion("", self.model, 1, 1)

    with use(lm=Silent()), pytest.raises(ParseError):
        told()(premise="a", hypothesis="b")
