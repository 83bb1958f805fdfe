import pytest

from dspnb import UsageError
from dspnb.optimizers import (
    BootstrapFewShot,
    BootstrapFewShotWithRandomSearch,
    LabeledFewShot,
    optimizer,
)


@pytest.mark.parametrize(
    ("text", "made"),
    [
        ("labeled", LabeledFewShot()),
        ("labeled:k=8,sample=False", LabeledFewShot(k=8, sample=False)),
        ("bootstrap:metric_threshold=0.5", BootstrapFewShot(metric_threshold=0.5)),
        (
            " bootstrap-rs:num_candidate_programs=4 ",
            BootstrapFewShotWithRandomSearch(num_candidate_programs=4),
        ),
    ],
)
def test_a_short_name_with_parameters_makes_an_optimizer(text, made):
    assert optimizer(text) == made


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("labelled", "There is no optimizer `labelled`; did you mean `labeled`?"),
        ("", "There is no optimizer ``; known: `bootstrap`, `bootstrap-rs`, `gepa`, `labeled`."),
        ("labeled:n=8", "`labeled` has no parameter `n`; known: `k`, `sample`."),
        ("labeled:sampel=True", "did you mean `sample`?"),
        ("labeled:k=many", "`labeled` cannot take `k=many`: Input should be a valid integer"),
        ("labeled:k=1.5", "`labeled` cannot take `k=1.5`: Input should be a valid integer"),
        ("bootstrap:max_rounds=0", "rounds at least 1"),
        ("labeled:8", "Parameters are written `name=value` after a colon"),
    ],
)
def test_a_wrong_name_is_said_with_the_nearest(text, said):
    with pytest.raises(UsageError) as caught:
        optimizer(text)

    assert said in str(caught.value)
