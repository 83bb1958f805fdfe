"""The two ways to write the path of a predictor in a file."""

from __future__ import annotations

import re

FLAT = "self"  # the path of a program that is a single predictor; its file has no paths


def dotted(path: str) -> str:
    """A path of DSPy's as it is written here.

    >>> dotted("hops[0].tools['sum'].predict")
    'hops.0.tools.sum.predict'
    """
    return re.sub(r"\[(?:'(.*?)'|(\d+))\](?=[.\[]|$)", r".\1\2", path)


def label(name: str) -> str:
    """What DSPy derives from a field's name and saves in its stead.

    >>> label("HTMLText"), label("user_id2")
    ('HTML Text:', 'User Id 2:')
    """
    seam = r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])|(?<=[a-zA-Z])(?=\d)|(?<=\d)(?=[a-zA-Z])"
    words = [word for word in re.sub(seam, "_", name).split("_") if word]
    return f"{' '.join(word if word.isupper() else word.capitalize() for word in words)}:"
