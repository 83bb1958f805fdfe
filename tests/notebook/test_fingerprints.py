"""What magics define has the same print when its cell is run again, in any kernel."""

from dspnb.fingerprints import fingerprint_of, program_print

MODULE = """%%module look(question) -> answer
query = Predict("question -> query")(question=question).query
answer = ChainOfThought("question, query -> answer")(question=question, query=clean(query)).answer
"""
CLEAN = "def clean(text): return text.strip()"
METRIC = """%%metric agrees
clean(example.answer) == prediction.answer
"""


def test_a_program_of_a_cell_is_its_code_and_its_parts(cell):
    def ran(text):
        cell(text)
        return program_print(cell.shell.user_ns["look"])

    cell(CLEAN)
    first = ran(MODULE)
    assert first.unsure == ()
    assert ran(MODULE) == ran(f"{MODULE}# a comment\n") == first
    assert ran(MODULE.replace("-> query", "-> query: list[str]")) != first
    assert ran(MODULE.replace("clean(query)", "query")) != first
    cell(CLEAN.replace("strip", "lower"))
    assert ran(MODULE) != first


def test_a_metric_of_a_cell_is_its_code_and_its_helpers(cell):
    def ran(text):
        cell(text)
        return fingerprint_of(cell.shell.user_ns["agrees"])

    cell(CLEAN)
    first = ran(METRIC)
    assert ran(METRIC) == first
    assert first.unsure == ()
    assert ran(METRIC.replace("==", "!=")) != first
    cell(CLEAN.replace("strip", "lower"))
    assert ran(METRIC) != first
