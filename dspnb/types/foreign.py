"""Recognising the values of packages that need not be installed, without importing them."""

from __future__ import annotations

from typing import Any


def is_of(value: Any, package: str, *names: str) -> bool:
    """Whether a value is of one of these classes of a package, or of a class made from them.

    >>> from fractions import Fraction
    >>> is_of(Fraction(1), "numbers", "Rational"), is_of(Fraction(1), "numpy", "ndarray")
    (True, False)
    """
    return any(
        kind.__name__ in names and kind.__module__.partition(".")[0] == package
        for kind in type(value).__mro__
    )
