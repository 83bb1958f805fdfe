"""A cell that is run again updates the programs that use what it defines."""

import time

import pytest

import dspnb
from dspnb import Example
from dspnb.module import Setting
from dspnb.preview import preview
from dspnb.types import Tool

TRIAGE = '%%signature Triage\n"Route a ticket."\nticket: str\n->\nteam: Literal["billing", "post"]'
DEMOS = (
    Example(ticket="lost parcel", team="post").with_inputs("ticket"),
    Example(ticket="charged twice", team="billing").with_inputs("ticket"),
)
COMPILE = (
    "%compile triage --with labeled:k=2 --train tickets.train --val tickets.val --metric right"
)


def value(cell, name):
    return cell.shell.user_ns[name]


def taught(program, instructions="", path=None):
    """Give one predictor demos, and instructions, as a run would."""
    predictors = dict(program.predictors())
    predictor = predictors[path or next(iter(predictors))]
    predictor.apply(Setting(instructions or predictor.signature.instructions, DEMOS))
    return program


def only_predictor(program):
    [(_, predictor)] = program.predictors()
    return predictor


@pytest.fixture
def triage(triage):
    """The same, and what it said on the way is read."""
    assert "updated" not in triage.seen.out
    return triage


# -- signatures ----------------------------------------------------------------------


def test_a_changed_description_and_new_instructions_reach_the_prompt(triage):
    program = value(triage, "triage")

    triage(TRIAGE.replace("ticket: str", "ticket: str  # as mailed").replace("Route", "Send"))

    assert value(triage, "triage") is program
    prompt = str(preview(program, ticket="?"))
    assert "as mailed" in prompt
    assert "Send a ticket." in prompt
    assert triage.seen.out.splitlines()[-1] == "`triage`: updated"


def test_learned_instructions_and_demos_are_kept(triage):
    taught(value(triage, "triage"), "Think of the parcel first.")

    triage(TRIAGE.replace("Route", "Send").replace("ticket: str", "ticket: str  # as mailed"))

    predictor = only_predictor(value(triage, "triage"))
    assert predictor.signature.instructions == "Think of the parcel first."
    assert predictor.signature.inputs[0].desc == "as mailed"
    assert predictor.demos == DEMOS
    assert triage.seen.out.splitlines()[-1] == "`triage`: instructions kept, 2 demos kept"


def test_a_demo_that_no_longer_fits_is_dropped_and_said(triage):
    taught(value(triage, "triage"))

    triage(TRIAGE.replace('"billing"', '"sales"'))

    assert only_predictor(value(triage, "triage")).demos == DEMOS[:1]
    said = "`triage`: 1 demo kept, 1 dropped (`team` does not fit `Literal['sales', 'post']`)"
    assert triage.seen.out.splitlines()[-1] == said


def test_demos_without_the_renamed_output_are_dropped(triage):
    taught(value(triage, "triage"))

    triage(TRIAGE.replace("team:", "route:"))

    assert only_predictor(value(triage, "triage")).demos == ()
    assert "`triage`: 2 demos dropped (they lack `route`)" in triage.seen.out


def test_an_added_output_leaves_demos_incomplete_and_says_so(triage):
    taught(value(triage, "triage"))

    triage(f"{TRIAGE}\nurgent: bool")

    predictor = only_predictor(value(triage, "triage"))
    assert [field.name for field in predictor.signature.outputs] == ["team", "urgent"]
    assert predictor.demos == DEMOS
    assert "`triage`: 2 demos kept (without `urgent`)" in triage.seen.out
    assert "lost parcel" in str(preview(value(triage, "triage"), ticket="?"))


def test_programs_are_found_wherever_a_name_reaches_them(triage):
    triage(
        "from dspnb import Module, Predict, ChainOfThought\n"
        "p = Predict(Triage)\nalias = p\n"
        "many = [(Predict(Triage),), {'a': ChainOfThought(Triage)}]\n"
        "class Outer(Module):\n"
        "    def __init__(self):\n        self.steps = [p, Predict(Triage)]\n"
        "    def forward(self, ticket):\n        return self.steps[0](ticket=ticket)\n"
        "outer = Outer()"
    )
    names = ("p", "outer")
    before = [value(triage, name) for name in names]

    triage(TRIAGE.replace("ticket: str", "ticket: str  # as mailed"))

    assert [value(triage, name) for name in names] == before
    assert value(triage, "alias") is value(triage, "p") is value(triage, "outer").steps[0]
    many = value(triage, "many")
    found = [value(triage, "p"), *value(triage, "outer").steps, many[0][0], many[1]["a"].predict]
    assert [part.signature.inputs[0].desc for part in found] == ["as mailed"] * 5
    assert [field.name for field in found[-1].signature.outputs] == ["reasoning", "team"]
    lines = triage.seen.out.splitlines()[-4:]
    assert sorted(lines) == [f"`{name}`: updated" for name in ("many", "outer", "p", "triage")]


def test_a_program_made_from_a_line_of_its_own_is_left_alone(triage):
    triage("from dspnb import Predict\nfrom typing import Literal\np = Predict('ticket -> team')")
    signature = value(triage, "p").signature

    triage(f"{TRIAGE}\nurgent: bool")

    assert value(triage, "p").signature is signature


def test_a_finished_compiled_program_keeps_its_demos(triage):
    triage(f"{COMPILE} --as better --wait")
    handle = value(triage, "better")
    demos = only_predictor(handle).demos
    assert demos

    triage(TRIAGE.replace("ticket: str", "ticket: str  # as mailed"))

    assert value(triage, "better") is handle
    assert only_predictor(handle).demos == demos
    assert only_predictor(handle).signature.inputs[0].desc == "as mailed"
    assert only_predictor(value(triage, "triage")).demos == ()
    assert f"`better`: {len(demos)} demos kept" in triage.seen.out


def test_a_run_under_way_keeps_what_it_started_with(triage):
    triage("%lm offline latency=0.05 cache=False")
    triage(f"{COMPILE} --as better")
    handle = value(triage, "better")
    handle.run.pause()

    triage(f"{TRIAGE}\nurgent: bool")

    assert "`better`: its run goes on with what it started with" in triage.seen.out
    assert [f.name for f in only_predictor(handle.run.program).signature.outputs] == ["team"]
    handle.run.resume()
    triage("better(ticket='parcel')")
    assert [f.name for f in only_predictor(handle).signature.outputs] == ["team", "urgent"]
    assert [f.name for f in only_predictor(handle.run.best).signature.outputs] == ["team"]
    assert "`better`: 2 demos kept (without `urgent`)" in triage.seen.out


def test_nothing_is_said_when_a_cell_says_the_same_again(triage):
    taught(value(triage, "triage"))

    for text in (
        TRIAGE,
        "%%module triage(ticket) -> team\nteam = Predict(Triage)(ticket=ticket).team",
        "%%metric right\nexample.team == prediction.team",
    ):
        triage(text)
        assert "`triage`" not in triage.seen.out
    assert only_predictor(value(triage, "triage")).demos == DEMOS


def test_a_signature_cell_that_fails_changes_nothing(triage):
    before = only_predictor(value(triage, "triage")).signature

    triage.error("%%signature Triage\nticket -> team: nope")

    assert only_predictor(value(triage, "triage")).signature is before
    assert "`triage`" not in triage.seen.out


@pytest.mark.parametrize(
    "text",
    [
        "Triage = 3",
        "del Triage",
        "from dspnb import Signature\nTriage = Signature('question -> answer')",
        "def Triage(): pass",
    ],
)
def test_another_use_of_the_name_leaves_programs_alone(triage, text):
    before = only_predictor(value(triage, "triage")).signature

    triage(text)

    assert only_predictor(value(triage, "triage")).signature is before
    assert triage.seen.out == ""


def test_an_assigned_signature_counts_when_its_own_cell_runs_again(cell):
    run = cell.shell.run_cell
    run("from dspnb import *")
    run("QA = Signature('question -> answer')\nqa = 0", cell_id="a")
    run("p = Predict(QA)", cell_id="b")

    run("QA = Signature('ticket -> team')", cell_id="c")
    assert str(value(cell, "p").signature) == "question -> answer"

    run("QA = Signature('question -> answer')", cell_id="a")
    run("p = Predict(QA)", cell_id="b")
    run("QA = Signature('question -> answer, sources')", cell_id="a")
    assert str(value(cell, "p").signature) == "question -> answer, sources"


# -- plain Python cells --------------------------------------------------------------

QA = "from dspnb import *\nclass QA(Signature):\n    question: str = InputField()\n"


def test_a_signature_class_in_a_plain_cell_counts_too(cell):
    cell(f"{QA}    answer: str = OutputField()")
    cell("class Longer(QA):\n    sources: list[str] = OutputField()")
    cell("short, long = Predict(QA), ChainOfThought(Longer)")

    cell(f"{QA}    answer: float = OutputField()")

    assert str(value(cell, "short").signature) == "question -> answer: float"
    wanted = "question -> reasoning, answer: float, sources: list[str]"
    assert str(only_predictor(value(cell, "long")).signature) == wanted
    assert str(value(cell, "Longer")) == "question -> answer: float, sources: list[str]"


@pytest.mark.parametrize(
    ("first", "second", "old", "kept"),
    [
        (
            "from pydantic import BaseModel\nclass City(BaseModel):\n    name: str",
            "class City(BaseModel):\n    name: str\n    country: str = ''",
            "City(name='Oslo')",
            "City(name='Oslo', country='')",
        ),
        (
            "import enum\nclass City(enum.Enum):\n    OSLO = 'oslo'",
            "class City(enum.Enum):\n    OSLO = 'oslo'\n    ROME = 'rome'",
            "City.OSLO",
            "City.OSLO",
        ),
    ],
    ids=["model", "enum"],
)
def test_only_the_first_cell_of_a_chain_is_run_again(cell, first, second, old, kept):
    cell(first)
    cell("%%signature Find\ntext: str\n->\ncities: list[City]")
    cell("%%module find(text) -> cities\ncities = ChainOfThought(Find)(text=text).cities")
    cell("%%module outer(text) -> cities\ncities = find(text=text).cities")
    cell("from dspnb import Example")
    predictor = only_predictor(value(cell, "outer"))
    demo = cell(f"Example(text='by train', cities=[{old}])")
    predictor.apply(Setting(predictor.signature.instructions, (demo,)))
    outer, find = value(cell, "outer"), value(cell, "find")

    cell(second)

    City, Find = value(cell, "City"), value(cell, "Find")
    assert Find.outputs[0].type == list[City]
    assert (value(cell, "outer"), value(cell, "find")) == (outer, find)
    assert only_predictor(outer) is only_predictor(find)
    assert only_predictor(outer).signature.outputs[1].type == list[City]
    assert "`find`: 1 demo kept" in cell.seen.out
    assert only_predictor(outer).demos[0].cities == [cell(kept)]


def test_a_class_of_a_plain_signature_is_followed_too(cell):
    cell("from dspnb import *\nimport enum\nclass Level(enum.Enum):\n    LOW = 'low'")
    cell(
        "class Ask(Signature):\n    q: str = InputField()\n"
        "    level: Level | None = OutputField(default=Level.LOW)\nask = Predict(Ask)"
    )

    cell("class Level(enum.Enum):\n    LOW = 'low'\n    HIGH = 'high'")

    Level = value(cell, "Level")
    field = value(cell, "ask").signature.outputs[0]
    assert (field.type, field.default) == (Level | None, Level.LOW)
    assert value(cell, "Ask") == value(cell, "ask").signature


# -- modules -------------------------------------------------------------------------


def test_a_module_cell_run_again_updates_the_program_and_those_that_call_it(triage):
    triage("%%module outer(ticket) -> team\nteam = triage(ticket=ticket).team")
    program = taught(value(triage, "triage"), "Think of the parcel first.")

    shown = triage(
        "%%module triage(ticket, hint='') -> team\n"
        "summary = Predict('ticket -> summary')(ticket=ticket).summary\n"
        "team = Predict(Triage)(ticket=summary).team"
    )

    assert shown is value(triage, "triage") is program
    outer = dict(value(triage, "outer").predictors())
    assert list(outer) == ["triage.summary", "triage.team"]
    assert outer["triage.team"].demos == DEMOS
    answer = triage("outer(ticket='parcel')")
    assert answer.team in ("billing", "post")
    assert [call.path for call in answer.trace] == list(outer)


def test_a_part_that_is_gone_takes_what_it_learned_with_it_and_says_so(triage):
    taught(value(triage, "triage"))

    triage(
        "%%module triage(ticket) -> team\nroute = Predict(Triage)(ticket=ticket)\nteam = route.team"
    )

    assert only_predictor(value(triage, "triage")).demos == ()
    assert "what `team` had learned is dropped: it is no longer there" in triage.seen.out


def test_a_compiled_copy_is_rebuilt_without_teaching_the_original(triage):
    triage("from dspnb import Predict\nsolver = Predict(Triage)")
    triage("%%module triage(ticket) -> team\nteam = solver(ticket=ticket).team")
    triage(f"{COMPILE} --as better --wait")
    demos = only_predictor(value(triage, "better")).demos

    triage("%%module triage(ticket) -> team\nteam = solver(ticket=ticket.strip()).team")

    assert only_predictor(value(triage, "better")).demos == demos != ()
    assert only_predictor(value(triage, "triage")) is value(triage, "solver")
    assert value(triage, "solver").demos == ()


def test_a_module_that_wraps_the_one_it_replaces_does_not_call_itself(triage):
    inner = value(triage, "triage")

    triage("%%module triage(ticket) -> team\nteam = triage(ticket=ticket).team")
    triage("other = 1")

    assert value(triage, "triage") is not inner
    assert triage("triage(ticket='parcel')").team in ("billing", "post")


def test_a_module_cell_follows_the_programs_and_classes_it_was_made_of(cell):
    cell("%lm offline\n")
    cell("from dspnb import *\nclass Mine(ChainOfThought):\n    pass\nsolver = Predict('n -> a')")
    cell(
        "%%module answer(q) -> a\nn = Mine('q -> n')(q=q).n\na = solver(n=n).a",
    )
    answer = value(cell, "answer")

    cell("solver = ChainOfThought('n -> a')")
    cell("class Mine(Predict):\n    pass")

    assert [path for path, _ in answer.predictors()] == ["n", "solver.predict"]
    assert dict(answer.predictors())["solver.predict"] is value(cell, "solver").predict


def test_a_traceback_still_shows_the_cell_of_a_rebuilt_program(cell):
    cell("%%signature A\nq -> a")
    cell("%%module bad(q) -> a\nif q:\n    a = 1 / 0\na = Predict(A)(q=q).a")
    before = cell.error("bad(q=1)")[-7:]

    cell("%%signature A\nq -> a, b")

    assert cell.error("bad(q=1)")[-7:] == before
    assert any("3     a = 1 / 0" in line for line in before)


ANSWER = (
    "%%module Answer\ndef __init__(self, k=1):\n    self.k = k\n"
    "    self.cot = ChainOfThought(Triage)\n"
    "def forward(self, ticket):\n    return self.cot(ticket=ticket)\n"
)


def test_instances_of_a_class_are_made_again_with_their_arguments(triage):
    triage(ANSWER)
    triage("many = [Answer(), Answer(k=3)]")
    one, three = value(triage, "many")
    taught(three, "Think of the parcel first.")

    triage(ANSWER.replace("self.k = k", "self.k = 10 * k"))

    assert value(triage, "many") == [one, three]
    assert [type(p) for p in (one, three)] == [value(triage, "Answer")] * 2
    assert [p.k for p in (one, three)] == [10, 30]
    assert only_predictor(three).demos == DEMOS
    assert only_predictor(three).signature.instructions == "Think of the parcel first."
    assert "`many`: instructions kept, 2 demos kept" in triage.seen.out


def test_an_instance_whose_arguments_the_new_class_refuses_stays(triage):
    triage(ANSWER)
    triage("a = Answer(k=3)")

    triage(ANSWER.replace("k=1", "size=1").replace("= k", "= size"))

    assert value(triage, "a").k == 3
    assert type(value(triage, "a")) is not value(triage, "Answer")
    assert "`a` stays as it was: TypeError: " in triage.seen.out


def test_a_class_run_again_says_nothing_when_it_is_the_same(triage):
    triage(ANSWER)
    triage("a = Answer(k=3)")

    triage(ANSWER)

    assert type(value(triage, "a")) is value(triage, "Answer")
    assert "`a`" not in triage.seen.out


def test_a_module_that_was_given_a_signature_is_made_again_from_it(cell):
    cell("from dspnb import *")
    cell(
        "class Both(Module):\n    def __init__(self, task):\n"
        "        names = [f.name for f in task.outputs]\n"
        "        self.parts_ = {n: Predict(f'q -> {n}') for n in names}\n"
    )
    cell("%%signature QA\nq -> a")
    cell("both = Both(QA)\nboth.limit = 4")
    both = value(cell, "both")

    cell("%%signature QA\nq -> a, b")

    assert list(both.parts_) == ["a", "b"]
    assert both.limit == 4


# -- metrics and tools ---------------------------------------------------------------


def test_a_metric_run_again_replaces_the_one_that_programs_hold(cell):
    cell("from dspnb import *")
    cell("%%metric right\nexample.a == prediction.a")
    cell(
        "class Best(Module):\n    def __init__(self, reward):\n"
        "        self.rewards = (reward,)\n        self.p = Predict('q -> a')\n"
        "best = Best(right)"
    )

    cell("%%metric right\n0.5")

    assert value(cell, "best").rewards == (value(cell, "right"),)
    assert cell.seen.out.splitlines()[-1] == "`best`: updated"


def test_a_program_that_the_earlier_metric_chose_is_named(triage):
    triage(f"{COMPILE} --as better --wait")

    triage("%%metric right\nexample.team == prediction.team and 1")

    said = "`better` was chosen by the earlier `right`; compile again to use the new one"
    assert said in triage.seen.out


SEARCH = '%%tool\ndef search(query: str) -> str:\n    "Find a passage."\n    return query'
AGENT = (
    "class Agent(Module):\n    def __init__(self, task, tools):\n"
    "        self.tools = {tool.name: tool for tool in map(Tool, tools)}\n"
    "        self.p = Predict(task)\n"
)


def test_a_tool_is_a_function_that_explains_itself(cell):
    made = cell(SEARCH)

    assert isinstance(made, Tool)
    assert value(cell, "search") is made
    assert (made.name, made.desc, made(query="rain")) == ("search", "Find a passage.", "rain")
    assert cell(SEARCH.replace("tool", "tool find", 1)) is value(cell, "find")
    assert value(cell, "find").name == "find"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("%%tool\ndef f(x):\n    return x", "The tool `f` has no docstring"),
        ("%%tool\nx = 1", "A `%%tool` cell holds one function"),
        ("%%tool\ndef f(x):\n    'F.'\ndef g(x):\n    'G.'", "A `%%tool` cell holds one function"),
        ("%%tool a-b\ndef f(x):\n    'F.'", "plain Python name; got 'a-b'"),
    ],
)
def test_a_mistake_in_a_tool_is_one_line_and_binds_nothing(cell, text, said):
    before = cell.names()

    [line] = cell.error(text)

    assert said in line
    assert cell.names() == before


def test_a_tool_run_again_replaces_the_one_that_programs_hold(cell):
    cell("from dspnb import *\nfrom dspnb.types import Tool")
    cell(SEARCH)
    cell('def plain(query: str) -> str:\n    "Say it."\n    return query')
    cell(f"{AGENT}agent = Agent('q -> a', [search, plain])")
    cell("%%signature QA\nq -> a")
    cell("%%module answer(q) -> a\na = Agent(QA, [search])(q=q).a")
    agent = value(cell, "agent")

    cell(SEARCH.replace("return query", "return query.upper()"))
    assert [agent.tools["search"](query="rain"), agent.tools["plain"](query="rain")] == [
        "RAIN",
        "rain",
    ]
    assert value(cell, "answer").source.used["search"] is value(cell, "search")
    assert cell.seen.out.splitlines()[-2:] == ["`agent`: updated", "`answer`: updated"]

    cell('def plain(query: str) -> str:\n    "Say it loud."\n    return query + "!"')
    assert agent.tools["plain"](query="rain") == "rain!"
    assert agent.tools["plain"].desc == "Say it loud."


def test_a_model_of_its_own_stays_with_a_program_that_is_made_again(triage):
    lm = triage("%lm offline --as teacher")
    value(triage, "triage").set_lm(lm)

    triage(TRIAGE.replace("Route", "Send"))

    assert only_predictor(value(triage, "triage")).lm is lm


# -- the notice and the hook ---------------------------------------------------------


def test_the_notice_is_text_and_html_that_shows_names_letter_for_letter():
    from dspnb.notebook.notice import Notice

    notice = Notice(("`a`: does not fit `Literal['<b>']`",))

    assert repr(notice) == notice.lines[0]
    assert notice._repr_html_() == (
        "<div><code>a</code>: does not fit <code>Literal[&#x27;&lt;b&gt;&#x27;]</code></div>"
    )


def test_an_update_that_fails_is_a_line_and_the_cell_succeeds(cell):
    cell("from dspnb import Module\nclass Odd:\n    def __repr__(self): raise RuntimeError('odd')")
    cell("class Mine(Module):\n    odd = Odd()")

    cell("class Mine(Module):\n    odd = Odd()\ndone = True")

    assert value(cell, "done")
    assert cell.seen.out == "dspnb could not update what uses this cell: RuntimeError: odd\n"


def test_a_program_that_cannot_be_updated_does_not_keep_others_from_it(triage):
    triage(
        "from dspnb import Predict\nclass Odd(Predict):\n"
        "    @property\n    def demos(self): raise RuntimeError('odd')\n"
        "    @demos.setter\n    def demos(self, value): pass\nodd = Odd(Triage)"
    )

    triage(f"{TRIAGE}\nurgent: bool")

    assert "`odd` stays as it was: RuntimeError: odd" in triage.seen.out
    assert "`triage`: updated" in triage.seen.out


def test_loading_twice_hooks_once_and_unloading_unhooks(triage):
    hooks = triage.shell.events.callbacks["post_run_cell"]
    before = len(hooks)
    dspnb.load_ipython_extension(triage.shell)
    assert len(hooks) == before

    dspnb.unload_ipython_extension(triage.shell)
    assert len(hooks) == before - 1

    dspnb.load_ipython_extension(triage.shell)
    assert len(hooks) == before


def test_a_cell_that_defines_nothing_costs_next_to_nothing(triage):
    triage("from dspnb import *\nprograms = [ChainOfThought(Triage) for _ in range(10)]")
    triage("\n".join(f"name_{i} = {i} if {i} % 2 else (lambda: 0)" for i in range(100)))
    rerun = triage.shell.magics_manager.registry["RunMagics"].session.rerun
    result = triage.shell.run_cell("1")

    start = time.perf_counter()
    for _ in range(20):
        rerun.after_cell(result)
    assert (time.perf_counter() - start) / 20 < 0.002


# -- bodies that await ---------------------------------------------------------------


def test_a_body_that_awaits_is_a_coroutine(cell):
    cell("%%module later(q) -> a\na = (await Predict('q -> a').acall(q=q)).a")

    program = value(cell, "later")
    assert program.is_async
    assert [path for path, _ in program.predictors()] == ["a"]
    cell("%lm offline")
    answers = [cell("later(q='Why?')"), cell("await later.acall(q='Why?')")]
    assert answers[0] == answers[1]
    assert [call.path for call in answers[0].trace] == ["a"]


def test_a_function_in_the_body_that_awaits_does_not_make_the_body_await(cell):
    cell("%%module now(q) -> a\nasync def one():\n    await two()\na = q")

    assert cell("now(q='x')").a == "x"


def test_a_class_body_may_have_an_asynchronous_forward(cell):
    cell("%%module Later\nasync def forward(self, q):\n    return {'a': q}")

    made = value(cell, "Later")()
    assert made.is_async
    assert made(q=1).a == 1
