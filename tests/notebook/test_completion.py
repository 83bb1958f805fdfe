"""Tab, as a kernel asks for it."""

import pytest
from IPython.core.completer import provisionalcompleter


def tab(cell, text):
    """What Tab offers at the end of a text, as whole words."""
    start = text.rindex(" ") + 1
    with provisionalcompleter():
        found = list(cell.shell.Completer.completions(text, len(text)))
    return {text[start : c.start] + c.text for c in found}


@pytest.mark.parametrize(
    ("text", "offered"),
    [
        ("%evaluate tr", {"triage"}),
        ("%evaluate triage --", {"--on", "--metric"}),
        ("%evaluate triage --on tick", {"tickets.train", "tickets.val", "tickets.test"}),
        ("%evaluate triage --on tickets.t", {"tickets.train", "tickets.test"}),
        ("%evaluate triage --metric ri", {"right"}),
        ("%compile triage --with boot", {"bootstrap", "bootstrap-optuna", "bootstrap-rs"}),
        ("%compile triage --with bootstrap-", {"bootstrap-optuna", "bootstrap-rs"}),
        ("%compile triage --with labeled:", {"labeled:k=", "labeled:sample="}),
        ("better = %evaluate tr", {"triage"}),
        ("%lm off", {"offline"}),
        ("%lm --by ca", {"candidate", "cached"}),
        ("%preview tr", {"triage"}),
        ("%inspect tr", {"triage"}),
        ("%preview triage --as ", {"text", "markdown", "openai"}),
        ("%diff tr", {"triage"}),
        ("%diff triage tr", {"triage"}),
        ("%save_program tr", {"triage"}),
        ("%load_program tr", {"triage"}),
        ("%load_program triage x.json --", {"--partial"}),
    ],
)
def test_tab_offers_what_fits(triage, text, offered):
    assert tab(triage, text) == offered
