"""A shell with the extension loaded, as a notebook's kernel has it."""

import atexit

import pytest
from IPython.core.interactiveshell import InteractiveShell

from dspnb.context import configure


class Cells:
    """Runs cells, and gives what a person would see of each."""

    def __init__(self, shell, capsys):
        self.shell, self._capsys = shell, capsys

    def __call__(self, text):
        """The value of a cell; a cell that fails, fails the test."""
        result = self.shell.run_cell(text, store_history=True)
        self.seen = self._capsys.readouterr()
        assert result.success, self.seen.err or self.seen.out
        return result.result

    def error(self, text):
        """The lines that a failing cell shows."""
        result = self.shell.run_cell(text, store_history=True)
        self.seen = self._capsys.readouterr()
        assert not result.success
        return (self.seen.err or self.seen.out).strip().splitlines()

    def names(self):
        """The variables that cells have bound."""
        return {name for name in self.shell.user_ns if not name.startswith("_")}

    def html(self, value):
        """The HTML that a value shows itself by."""
        return self.bundle(value)["text/html"]

    def bundle(self, value):
        """All forms of a value's display."""
        return self.shell.display_formatter.format(value)[0]


@pytest.fixture
def cell(capsys):
    shell = InteractiveShell()
    # At the end of the process each shell would collect all garbage, a quarter of a second a shell.
    atexit.unregister(shell.atexit_operations)
    shell.colors = "nocolor"
    shell.run_line_magic("load_ext", "dspnb")
    yield Cells(shell, capsys)
    for view in shell.magics_manager.registry["RunMagics"].session.views.values():
        view.run.stop()
        assert view.ended.wait(10)  # or it would print into the next test
    shell.run_line_magic("unload_ext", "dspnb")
    configure(lm=None)


@pytest.fixture
def triage(cell):
    """A shell with a model, a program, data and a metric."""
    cell("%lm offline")
    cell('%%signature Triage\n"Route a ticket."\nticket: str\n->\nteam: Literal["billing", "post"]')
    cell("%%module triage(ticket) -> team\nteam = Predict(Triage)(ticket=ticket).team")
    cell(
        "%%examples tickets --inputs ticket --split 50/25/25\n"
        "ticket, team\n"
        "my parcel is late, post\nthe courier lost my parcel, post\n"
        "where is my parcel, post\nparcel left in the rain by the courier, post\n"
        "I was charged twice, billing\nthe charge on my card is wrong, billing\n"
        "refund the double charge, billing\nwhy this charge on my card, billing\n"
    )
    cell("%%metric right\nexample.team == prediction.team")
    return cell
