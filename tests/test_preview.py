import pytest

from dspnb import ChainOfThought, Example, Module, Predict, Prediction, UsageError, preview, use
from dspnb.testing import Scripted


class Two(Module):
    def __init__(self):
        self.first = ChainOfThought("q -> draft", demos=[Example(q="a", draft="b")])
        self.second = ChainOfThought("draft -> a")

    def forward(self, q):
        return self.second(draft=self.first(q=q).draft)


def test_it_is_the_prompt_that_would_be_sent_first():
    lm = Scripted(lambda prompt: "[[ ## reasoning ## ]] r [[ ## draft ## ]] d [[ ## a ## ]] a")
    with use(lm=lm):
        shown = preview(Two(), q="Why?")
        assert lm.calls == []
        Two()(q="Why?")

    assert shown.messages == lm.calls[0]
    assert shown.path == "first.predict"
    assert 0 < shown.tokens < 500


def test_no_model_needs_to_be_set():
    with use(lm=None):
        assert "Why?" in str(preview(Two(), q="Why?"))


def test_inputs_that_do_not_fit_are_said():
    with pytest.raises(UsageError, match="takes no input `x`"):
        preview(ChainOfThought("q -> a"), x=1)
    with pytest.raises(UsageError, match="needs the input `why`"):
        preview(ChainOfThought("q, why -> a"), q="?")


def test_a_program_that_calls_no_model_has_no_prompt():
    class Plain(Module):
        def forward(self, x):
            return Prediction(y=x)

    with pytest.raises(UsageError, match="made no model call"):
        preview(Plain(), x=1)


def test_a_program_that_goes_on_after_errors_is_previewed_too():
    class Careful(Module):
        def __init__(self):
            self.first, self.second = Predict("q -> a"), Predict("q -> b")

        def forward(self, q):
            try:
                return self.first(q=q)
            except Exception:
                return self.second(q=q)

    assert preview(Careful(), q="Why?").path == "first"
    assert preview(Predict("q -> a", n=3), q="Why?").path == "self"
