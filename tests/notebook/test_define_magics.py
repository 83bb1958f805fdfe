import pytest

import dspnb
from dspnb import Example, Examples, Module, Prediction, Signature, Split


def test_a_signature_is_read_a_field_a_line(cell):
    shown = cell(
        '%%signature Triage\n"""Route a ticket."""\n\n'
        "ticket: str   # what the customer wrote\n->\n"
        'team: Literal["billing",\n    "shipping"]\nurgent: bool = False  # cannot work'
    )

    assert cell.shell.user_ns["Triage"] is shown
    assert str(shown) == "ticket -> team: Literal['billing', 'shipping'], urgent: bool"
    assert shown.instructions == "Route a ticket."
    assert [f.desc for f in shown.fields] == ["what the customer wrote", "", "cannot work"]


@pytest.mark.parametrize(
    "body",
    [
        '"Be brief."\nquestion -> answer: float',
        "Be brief.\nquestion -> answer: float",
        '"Be brief."\nquestion: str = InputField()\nanswer: float = OutputField()',
        'class QA(Signature):\n    "Be brief."\n    question: str = InputField()\n'
        "    answer: float = OutputField()",
    ],
)
def test_a_signature_may_be_one_line_or_a_class(cell, body):
    cell(f"%%signature QA\n{body}")

    made = cell.shell.user_ns["QA"]
    assert isinstance(made, Signature)
    assert (str(made), made.instructions) == ("question -> answer: float", "Be brief.")


def test_a_signature_uses_types_of_earlier_cells(cell):
    cell("import enum\nclass Level(enum.Enum):\n    LOW = 'low'")
    cell("%%signature Ask\nquestion\n->\nlevel: Level = Level.LOW")

    level = cell.shell.user_ns["Ask"].outputs[0]
    assert level.type is cell.shell.user_ns["Level"]
    assert level.default is level.type.LOW


def test_a_signature_takes_constraints(cell):
    cell("%%signature Grade\nessay: str(max_length=500)\n->\nscore: int(ge=0, le=10)  # of ten")
    cell(
        "%%signature Again\nessay: str = InputField(max_length=500)\n"
        "score: int = OutputField(ge=0, le=10, desc='of ten')"
    )

    grade, again = cell.shell.user_ns["Grade"], cell.shell.user_ns["Again"]
    assert str(grade) == "essay: str(max_length=500) -> score: int(ge=0, le=10)"
    assert grade.fields == again.fields


def test_a_line_in_a_cell_sees_the_types_of_earlier_cells(cell):
    cell("import enum\nclass Level(enum.Enum):\n    LOW = 'low'")
    program = cell("from dspnb import Predict\nPredict('q -> level: Level')")

    assert program.signature.outputs[0].type is cell.shell.user_ns["Level"]
    assert "did you mean `Level`?" in cell.error("Predict('q -> level: Levle')")[0]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("%%signature A\nq: strr\n->\na", "line 2: field `q` has an unknown type `strr`; did you"),
        ("%%signature A\nq: str\na: str", "needs a line `->`"),
        ("%%signature A\nq\n->\na\n->\nb", "line 5: a signature has one `->`"),
        ("%%signature A\nq\n->\nq", "Field `q` stands twice"),
        ("%%signature A\nq\n->\na: list[str", "line 4: a field is written"),
        ("%%signature A\nq\n->\nprint('x')", "line 4: a field is written"),
        (
            "%%signature A\nq\n->\na: str(ge=3)",
            "line 4: field `a` has the type `str(ge=3)`: `ge` do",
        ),
        ("%%signature A\nq\n->\nitems", "line 4: A field cannot be called `items`"),
        ("%%signature A\na = InputField()\nb = OutputField(ge=3)", "`A`: field `b` has the type"),
        ("%%signature 2A\nq -> a", "plain Python name; got '2A'"),
        ("%%module foo\nx = 1", "defines neither `forward` nor a class `foo`"),
        ("%%module foo(q) -> a\nb = q", "line 1: `a` stands after `->`, but the body never"),
        ("%%module foo(q) -> a\na = (q", "line 2: '(' was never closed"),
        ("%%module foo(q -> a\na = q", "The header is written like"),
        (
            "%%module foo(q) -> a\nsig = 'q -> a'\n\na = Predict(sig)(q=q).a",
            "line 4: `Predict(sig)` is built from the local variable `sig`",
        ),
        ("%%module foo(q) -> a\na = Predict('q a')(q=q).a", "line 2: A signature needs exactly"),
        ("%%module foo(q) -> a\na = q\nreturn a", "line 3: the names after `->` are what"),
        ("%%examples e --inputs q\nq,a\n1,2\n3", "the cell, line 4: 1 cells, but the header"),
        ('%%examples e\n{"q": 1}\n{"q": }', "the cell, line 3: this is not JSON"),
        ("%%examples e --inputs nope\nq,a\n1,2", "Row 0: An example has no field `nope`"),
        ("%%examples e --split 60/50/x\nq,a\n1,2", "Shares are written like 60/20/20"),
        ("%examples e --from /no/such.jsonl", "could not be read: No such file"),
        ("%examples e", "Write the examples below"),
        ("%%metric m\nx = 1", "The metric `m` gives nothing"),
    ],
)
def test_a_mistake_is_one_line_that_names_the_place_and_leaves_nothing_behind(cell, text, said):
    before = cell.names()

    lines = cell.error(text)

    assert len(lines) == 1
    assert lines[0].startswith("UsageError: ")
    assert said in lines[0]
    assert cell.names() == before


def test_a_mistake_does_not_replace_what_was_there(cell):
    cell("%%signature A\nq -> a")

    cell.error("%%signature A\nq -> a: nope")

    assert str(cell.shell.user_ns["A"]) == "q -> a"


def test_a_cell_is_a_program_whose_parts_are_named_after_variables(cell):
    cell("inner = Predict('notes -> answer') if False else None")
    cell("from dspnb import Predict\nsolver = Predict('question, notes -> answer')")
    cell(
        "%%module answer(question, hops: int = 2) -> answer, notes\n"
        "notes = ChainOfThought('question -> notes')(question=question).notes\n"
        "for _ in range(hops):\n"
        "    notes = Predict('notes -> notes_out')(notes=notes).notes_out\n"
        "answer = solver(question=question, notes=notes)\n"
    )

    program = cell.shell.user_ns["answer"]
    assert isinstance(program, Module)
    assert [path for path, _ in program.predictors()] == ["notes.predict", "notes_2", "solver"]


def test_a_program_of_a_cell_collects_the_names_after_the_arrow(triage):
    triage("%%module both(ticket) -> team, size\nteam = triage(ticket=ticket)\nsize = len(ticket)")

    made = triage("both(ticket='parcel')")

    assert isinstance(made, Prediction)
    assert made.size == 6
    assert made.team in ("billing", "post")  # the field, not the whole prediction
    assert [call.path for call in made.trace] == ["triage.team"]


def test_a_bare_return_ends_a_program_early(cell):
    cell("%%module first(text) -> out\nout = text\nif text:\n    return\nout = 'empty'")

    assert cell("first(text='a')").out == "a"
    assert cell("first(text='')").out == "empty"


def test_a_program_without_an_arrow_returns_what_it_returns(cell):
    cell("%%module up(text)\nreturn {'out': text.upper()}")

    assert cell("up(text='a')").out == "A"


def test_a_program_of_a_cell_says_which_input_is_wrong(cell):
    cell("%%module up(text, times=2) -> out\nout = text * times")

    assert cell("up(text='a')").out == "aa"
    assert "needs the input `text`" in cell.error("up()")[0]
    assert "takes no input `txt`; did you mean `text`?" in cell.error("up(txt='a')")[0]


def test_an_error_in_a_program_shows_the_line_of_its_cell(cell):
    cell("%%module bad(text) -> out\nok = text\nout = 1 / 0")

    lines = "\n".join(cell.error("bad(text='a')"))

    assert "ZeroDivisionError" in lines
    assert "3 out = 1 / 0" in lines


def test_a_class_body_binds_a_class(cell):
    cell(
        "%%module Answer\ndef __init__(self, k=3):\n"
        "    self.steps = [ChainOfThought('question -> answer') for _ in range(k)]\n"
        "def forward(self, question):\n    return self.steps[0](question=question)\n"
    )

    made = cell.shell.user_ns["Answer"]
    assert isinstance(made, type)
    assert issubclass(made, Module)
    assert [path for path, _ in made(k=2).predictors()] == ["steps.0.predict", "steps.1.predict"]


def test_the_users_own_names_come_before_ours(cell):
    cell("def Predict(text):\n    return lambda **inputs: text")
    cell("%%module mine(q) -> a\na = Predict('own')(q=q)")

    assert cell("mine(q=1)").a == "own"


@pytest.mark.parametrize(
    "rows",
    [
        "question, answer\n2 + 2?, 4\n3 + 3?, 6",
        '{"question": "2 + 2?", "answer": 4}\n{"question": "3 + 3?", "answer": 6}',
        "| question | answer |\n| --- | --- |\n| 2 + 2? | 4 |\n| 3 + 3? | 6 |",
    ],
)
def test_examples_are_read_from_csv_json_lines_or_a_table(cell, rows):
    made = cell(f"%%examples sums --inputs question\n{rows}")

    assert isinstance(made, Examples)
    assert list(made) == [
        Example(question="2 + 2?", answer=4),
        Example(question="3 + 3?", answer=6),
    ]
    assert made[0].inputs == {"question": "2 + 2?"}


def test_examples_come_from_a_file_or_a_variable_and_are_divided(cell, tmp_path):
    file = tmp_path / "rows.jsonl"
    file.write_text("\n".join('{"q": "a", "n": 1}' for _ in range(10)))
    cell("rows = [{'q': 'b', 'n': 2}] * 4")

    from_file = cell(f"%examples f --from {file} --inputs q --split 60/20/20")
    from_rows = cell("%examples r --from rows --inputs q")

    assert isinstance(from_file, Split)
    assert [len(part) for part in from_file] == [6, 2, 2]
    assert len(from_rows) == 4


def test_a_metric_is_an_expression_a_body_or_a_function(cell):
    cell("%%metric one\nexample.a == prediction.a")
    cell("%%metric two\nif example.a == prediction.a:\n    return 1, 'fine'\nreturn 0, 'wrong'")
    cell("%%metric three\ndef three(example, prediction):\n    return 0.5")

    row, guess = Example(a=1).with_inputs(), Prediction(a=1)
    values = [cell.shell.user_ns[name](row, guess) for name in ("one", "two", "three")]
    assert values == [True, (1, "fine"), 0.5]


def test_every_magic_explains_itself_with_an_example(cell):
    for name in (
        *("lm", "signature", "module", "examples", "metric", "evaluate", "compile", "preview"),
        *("diff", "save_program", "load_program"),
    ):
        text = cell.shell.find_magic(name, "line") or cell.shell.find_magic(name, "cell")
        assert f"%{name} " in text.__doc__, name


def test_loading_twice_and_unloading_leave_the_shell_as_it_was(cell):
    magics = cell.shell.magics_manager.magics
    before = (len(magics["cell"]), len(cell.shell.Completer.custom_matchers))
    dspnb.load_ipython_extension(cell.shell)
    assert (len(magics["cell"]), len(cell.shell.Completer.custom_matchers)) == before

    dspnb.unload_ipython_extension(cell.shell)
    assert "signature" not in magics["cell"]
    assert len(cell.shell.Completer.custom_matchers) == before[1] - 1

    dspnb.load_ipython_extension(cell.shell)
    assert "signature" in magics["cell"]
