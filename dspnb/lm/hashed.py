"""The embedded vectors: words and parts of words, hashed into a vector, for learning and testing.

Two texts are near that share words; what they mean is not looked at. The same text has the same
vector on every machine.
"""

from __future__ import annotations

import math
import zlib

from .neighbours import features

DIMENSIONS = 256


def vector(text: str, dimensions: int = DIMENSIONS) -> list[float]:
    """A vector of length 1, or of zeros for a text without telling words.

    >>> vector("two red roses") == vector("A red rose!"), len(vector("a", 8))
    (True, 8)
    """
    numbers = [0.0] * dimensions
    for name, weight in features(text).items():
        place = zlib.crc32(name.encode())
        # Two words in the same place would look like the same word if both always added.
        numbers[place % dimensions] += weight if place >> 31 else -weight
    length = math.hypot(*numbers) or 1.0
    return [number / length for number in numbers]
