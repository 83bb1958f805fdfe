"""KNN and NearestDemos: the examples that are most like the inputs."""

import pytest

from dspnb import (
    KNN,
    LM,
    BootstrapFewShot,
    ChainOfThought,
    Example,
    Module,
    NearestDemos,
    Predict,
    UsageError,
    compile,
    evaluate,
    metrics,
    use,
)
from dspnb.testing import Scripted

ROWS = [
    Example(text=text, topic=topic).with_inputs("text")
    for text, topic in [
        ("My parcel has not arrived", "post"),
        ("The invoice is wrong", "bank"),
        ("The parcel arrived broken", "post"),
        ("I was charged twice on one invoice", "bank"),
        ("Where is my package", "post"),
    ]
]


def texts(examples):
    return [example.text for example in examples]


class Counts:
    """Vectors by hand: how often the letters p and i come."""

    def __init__(self, scale=1.0, kind=list):
        self.asked, self.scale, self.kind = [], scale, kind

    def __call__(self, texts):
        self.asked.append(texts)
        rows = [[self.scale * text.count("p"), self.scale * text.count("i")] for text in texts]
        return self.kind(rows)


# -- KNN -------------------------------------------------------------------------------


def test_the_nearest_come_first_without_any_model():
    assert texts(KNN(2, ROWS)(text="Is my parcel broken?")) == [
        "The parcel arrived broken",
        "My parcel has not arrived",
    ]


def test_of_equally_near_examples_the_earlier_comes_first():
    assert texts(KNN(5, ROWS)(text="zzz")) == texts(ROWS)


def test_fewer_examples_than_asked_for_are_all_of_them():
    assert KNN(3, ROWS[:1])(text="?") == ROWS[:1]


def test_several_inputs_are_compared_whatever_their_order_and_type():
    rows = [
        Example(text="red", tags=["a"], n=1, y=0).with_inputs("text", "tags", "n"),
        Example(text="blue", tags=["whale"], n=2, y=1).with_inputs("text", "tags", "n"),
    ]

    assert KNN(1, rows)(n=2, tags=["whale"], text="?") == rows[1:]


def test_vectors_are_compared_by_cosine():
    rows = [Example(text=text).with_inputs("text") for text in ("pppppi", "pi", "iii")]

    assert texts(KNN(3, rows, Counts())(text="ppii")) == ["pi", "pppppi", "iii"]
    assert texts(KNN(3, rows, Counts(scale=100))(text="i")) == ["iii", "pi", "pppppi"]


def test_vectors_may_be_numpys_and_may_be_nothing():
    numpy = pytest.importorskip("numpy")
    rows = [Example(text=text).with_inputs("text") for text in ("xxx", "pi", "p")]

    assert texts(KNN(1, rows, Counts(kind=numpy.array))(text="pp")) == ["p"]
    assert texts(KNN(1, rows, Counts(kind=numpy.array))(text="xxx")) == ["xxx"]


def test_the_examples_are_embedded_once():
    vectorizer = Counts()
    knn = KNN(1, ROWS, vectorizer)
    knn(text="a")
    knn(text="b")

    assert vectorizer.asked == [texts(ROWS), ["a"], ["b"]]


@pytest.mark.parametrize("vectors", [[[1.0]], [[1.0], [1.0, 2.0]], [[], []], [[1.0]] * 3], ids=str)
def test_vectors_that_do_not_fit_are_said(vectors):
    with pytest.raises(UsageError, match="A vectorizer gives a vector for each text, all of one"):
        KNN(1, ROWS[:2], lambda texts: vectors)


def test_a_vector_of_another_size_is_said():
    sizes = iter([3, 2])
    knn = KNN(1, ROWS[:1], lambda texts: [[1.0] * next(sizes)])
    with pytest.raises(UsageError, match="a vector of 2 numbers, after vectors of 3"):
        knn(text="?")


def test_nonsense_is_said_early():
    with pytest.raises(UsageError, match="`k` is a whole number, at least 1; got 0"):
        KNN(0, ROWS)
    with pytest.raises(UsageError, match="no examples to find the nearest of"):
        KNN(1, [])
    with pytest.raises(UsageError, match=r"found among `Example`s; got {'text': 'a'}"):
        KNN(1, [{"text": "a"}])
    with pytest.raises(UsageError, match="does not say which of `text` are inputs"):
        KNN(1, [Example(text="a")])
    with pytest.raises(UsageError, match="`vectorizer` is a function of a list of texts"):
        KNN(1, ROWS, "an embedder")


# -- NearestDemos ----------------------------------------------------------------------


def shown(messages):
    """The texts of the demos in a prompt."""
    return [
        row.text
        for message in messages
        for block in message.blocks
        if block.kind == "demo"
        for row in ROWS
        if row.text in block.text
    ]


def post(prompt):
    return "[[ ## reasoning ## ]]\nhm\n[[ ## topic ## ]]\npost"


def test_the_nearest_examples_are_demos_the_nearest_last():
    lm = Scripted(post)
    with use(lm=lm):
        prediction = NearestDemos(Predict("text -> topic"), ROWS, k=2)(text="Is my parcel broken?")

    assert prediction.topic == "post"
    assert shown(lm.calls[0]) == ["My parcel has not arrived", "The parcel arrived broken"]
    assert prediction.trace[0].demos == 2
    assert len(lm.calls) == 1


def test_they_stand_before_the_predictors_own():
    own = Example(text="Where is my package", topic="post")
    lm = Scripted(post)
    with use(lm=lm):
        program = NearestDemos(ChainOfThought("text -> topic", demos=[own]), ROWS[:4], k=1)
        program(text="Is my parcel broken?")

    assert shown(lm.calls[0]) == ["The parcel arrived broken", "Where is my package"]


def test_an_example_is_never_shown_to_itself():
    """With its own label in the prompt, any program would be right on its training examples."""
    lm = Scripted(post)
    program = NearestDemos(Predict("text -> topic"), [*ROWS, ROWS[0]], k=5)
    with use(lm=lm):
        report = evaluate(program, ROWS, metrics.exact("topic"), concurrency=1)

    assert len(report.rows) == len(lm.calls) == 5
    for row, messages in zip(ROWS, lm.calls, strict=True):
        assert row.text not in shown(messages)
        assert len(shown(messages)) >= 4


def test_a_score_on_the_examples_themselves_is_not_given_away():
    """The labels say nothing about the texts, so nothing can be learnt."""
    noise = [
        Example(text=f"word{i} thing{i}", topic="ab"[i % 2]).with_inputs("text") for i in range(20)
    ]
    program = NearestDemos(Predict("text -> topic: Literal['a', 'b']"), noise, k=1)
    with use(lm=LM("offline")):
        report = evaluate(program, noise, metrics.exact("topic"))

    assert report.mean < 1.0


def test_predictors_with_other_fields_go_without():
    class Two(Module):
        def __init__(self):
            self.summary = Predict("mail -> text")
            self.topic = Predict("text -> topic")

        def forward(self, text):
            return self.topic(text=self.summary(mail=text).text)

    lm = Scripted(["[[ ## text ## ]]\na parcel", post("")])
    with use(lm=lm):
        NearestDemos(Two(), ROWS, k=2)(text="Is my parcel broken?")

    assert shown(lm.calls[0]) == []
    assert len(shown(lm.calls[1])) == 2


def test_one_inside_another_adds_its_own():
    lm = Scripted(post)
    with use(lm=lm):
        inner = NearestDemos(Predict("text -> topic"), ROWS[2:3], k=1)
        NearestDemos(inner, ROWS[:1], k=1)(text="parcel?")

    assert shown(lm.calls[0]) == ["My parcel has not arrived", "The parcel arrived broken"]


def test_it_compiles_and_embeds_the_examples_once():
    vectorizer = Counts()
    program = NearestDemos(
        ChainOfThought("text -> topic: Literal['post', 'bank']"), ROWS, 2, vectorizer
    )
    with use(lm=LM("offline")):
        run = compile(
            program,
            BootstrapFewShot(2, 2),
            metric=metrics.exact("topic"),
            train=ROWS,
            val=ROWS,
            wait=True,
        )

    assert run.status == "done"
    assert list(run.best.state) == ["module.predict"]
    assert [len(asked) for asked in vectorizer.asked if len(asked) > 1] == [5]


def test_its_arguments_are_checked_early():
    with pytest.raises(UsageError, match="A program is a `Module`"):
        NearestDemos(len, ROWS)
    with pytest.raises(UsageError, match="`k` is a whole number, at least 1"):
        NearestDemos(Predict("text -> topic"), ROWS, k=0)
