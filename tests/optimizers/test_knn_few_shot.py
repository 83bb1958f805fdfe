import pytest

from dspnb import (
    Example,
    KNNFewShot,
    LabeledFewShot,
    NearestDemos,
    Predict,
    UsageError,
    compile,
    metrics,
    use,
)
from dspnb.notebook.names import optimizer_names
from dspnb.optimizers import optimizer
from dspnb.testing import Scripted

TRAIN = [
    Example(text="a red rose", kind="plant").with_inputs("text"),
    Example(text="a blue whale", kind="animal").with_inputs("text"),
    Example(text="a small rose", kind="plant").with_inputs("text"),
    Example(text="a grey whale", kind="animal").with_inputs("text"),
]


def answering(text="plant", times=1):
    return Scripted([f"[[ ## kind ## ]]\n{text}"] * times)


def test_it_compiles_to_a_program_that_looks_its_demos_up():
    program = KNNFewShot(2, TRAIN).compile(Predict("text -> kind"))
    with use(lm=answering("animal")):
        answer = program(text="Do whales sing?")

    assert isinstance(program, NearestDemos)
    assert answer.kind == "animal"
    said = [message.content for message in answer.trace[0].messages]
    assert any("a blue whale" in text for text in said)
    assert not any("rose" in text for text in said)


def test_a_call_takes_one_call_of_the_model_and_none_to_find_demos():
    lm = answering(times=2)
    program = KNNFewShot(3, TRAIN).compile(Predict("text -> kind"))
    with use(lm=lm):
        program(text="a white rose")

    assert len(lm.calls) == 1


def test_the_program_that_was_given_is_left_as_it_is():
    student = Predict("text -> kind")
    before = student.state
    program = KNNFewShot(2, TRAIN).compile(student)
    with use(lm=answering()):
        program(text="a white rose")

    assert student.state == before


def test_its_predictors_are_saved_and_loaded(tmp_path):
    student = Predict("text -> kind", demos=[TRAIN[0]])
    KNNFewShot(2, TRAIN).compile(student).save(tmp_path / "program.json")

    fresh = KNNFewShot(2, TRAIN).compile(Predict("text -> kind"))
    loaded = fresh.load(tmp_path / "program.json")
    assert [dict(demo) for demo in loaded.module.demos] == [dict(TRAIN[0])]


def test_vectors_may_be_of_a_function_of_ones_own():
    def vectors(texts):
        return [[1.0, 0.0] if "rose" in text or "flower" in text else [0.0, 1.0] for text in texts]

    program = KNNFewShot(k=2, trainset=TRAIN, vectorizer=vectors).compile(Predict("text -> kind"))
    with use(lm=answering()):
        (call,) = program(text="a flower").trace

    assert call.demos == 2
    assert not any("whale" in message.content for message in call.messages)


def test_a_search_for_it_is_refused_with_what_to_do_instead_before_anything_is_spent():
    lm = answering()
    with use(lm=lm), pytest.raises(UsageError, match=r"Wrap the program instead, as in `KNNFewSho"):
        compile(
            Predict("text -> kind"), KNNFewShot(2, TRAIN), metric=metrics.exact("kind"), train=TRAIN
        )

    assert lm.calls == []


def test_its_short_name_says_the_same():
    with pytest.raises(UsageError, match="`NearestDemos\\(program, train\\)`"):
        optimizer("knn:k=3")


def test_what_it_makes_can_be_compiled():
    program = KNNFewShot(1, TRAIN).compile(Predict("text -> kind"))
    with use(lm=answering(times=99)):
        run = compile(
            program,
            LabeledFewShot(k=1),
            metric=metrics.exact("kind"),
            train=TRAIN[:2],
            val=TRAIN[2:],
            wait=True,
        )

    assert isinstance(run.best, NearestDemos)


def test_a_teacher_and_no_examples_are_said():
    with pytest.raises(UsageError, match="a teacher has nothing to do"):
        KNNFewShot(2, TRAIN).compile(Predict("text -> kind"), teacher=Predict("text -> kind"))
    with pytest.raises(UsageError, match="no examples to find the nearest of"):
        KNNFewShot(2).compile(Predict("text -> kind"))


def test_one_in_a_notebook_does_not_disturb_the_completion_of_optimizers():
    assert "mine" not in optimizer_names({"mine": KNNFewShot(2, TRAIN)})
