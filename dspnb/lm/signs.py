"""Instructions out of labelled examples: the words that tell one label from the others."""

from __future__ import annotations

import re
from collections import Counter, defaultdict

from .neighbours import words


def instructions(listing: str, most: int = 12) -> str:
    """What tells the labels apart in the examples that a text lists, `most` words a label."""
    by_label: dict[str, Counter[str]] = defaultdict(Counter)
    for text, label in _records(listing):
        by_label[label].update(set(words(text)))
    if len(by_label) < 2:
        return " ".join(listing.split()[:40])
    everywhere = sum(by_label.values(), Counter())
    lines = []
    for label, counts in sorted(by_label.items()):
        telling = sorted(counts, key=lambda w: (-(counts[w] ** 2) / everywhere[w], w))[:most]
        lines.append(f"{label}: {', '.join(telling)}")
    return "Decide by these signs.\n" + "\n".join(lines)


def _records(text: str) -> list[tuple[str, str]]:
    """(text, label) of each example in a listing: blocks of `name: value` lines."""
    blocks = [
        dict(re.findall(r"^\W*(\w+)\W{1,4}[:=]?\s*(\S.*?)[\"',]*$", block, re.MULTILINE))
        for block in re.split(r"\n\s*\n", text)
    ]
    blocks = [block for block in blocks if len(block) > 1]
    values: dict[str, Counter[str]] = defaultdict(Counter)
    for block in blocks:
        for name, value in block.items():
            values[name][value] += 1
    labels = [
        name for name, seen in values.items() if 1 < len(seen) <= max(2, sum(seen.values()) // 2)
    ]
    if not labels:
        return []
    label = min(labels, key=lambda name: sum(map(len, values[name])) / len(values[name]))
    return [
        (" ".join(value for name, value in block.items() if name != label), block[label])
        for block in blocks
        if label in block
    ]
