"""Money in words: what is known, what is not, and never the one for the other."""

import pytest

from dspnb.lm.money import money


@pytest.mark.parametrize(
    ("dollars", "unpriced", "text"),
    [
        (0.0, 0, "$0"),
        (0.00042, 0, "$0.00042"),
        (0.0315, 0, "$0.032"),
        (1.234, 0, "$1.2"),
        (0.0999, 0, "$0.10"),
        (9.94, 0, "$9.9"),
        (9.96, 0, "$10"),
        (12.3, 0, "$12"),
        (1234.0, 0, "$1,234"),
        (None, 0, "unknown price"),
        (None, 7, "unknown price"),
        (0.0, 1, "1 call of unknown price"),
        (0.0, 1234, "1,234 calls of unknown price"),
        (0.0012, 3, "$0.0012 + 3 calls of unknown price"),
    ],
)
def test_money_is_said_with_what_is_not_known_of_it(dollars, unpriced, text):
    assert money(dollars, unpriced) == text
