"""What a benchmark asks for: its predictors, its hidden rules, and some of its examples."""

from __future__ import annotations

from dspnb.data.benchmark import Benchmark, Rule

from .cards import examples, signature
from .markup import fold, listing, table
from .text import esc

SHOWN = 5  # examples


def benchmark(value: Benchmark) -> str:
    """What it is, floor and ceiling; folded: predictors, rules with their shares, examples."""
    predictors = "".join(
        f"<p><code>{esc(path)}</code></p>{signature(each)}"
        for path, each in value.signatures.items()
    )
    rules = table(
        ["rule", "matters", "", "in words", "predictor"],
        (_rule_row(value, rule) for rule in value.rules),
    )
    count = len(value.signatures)
    return (
        f"<p><b>{esc(value.name)}</b>: {esc(value.about)}</p>"
        f"<p>floor {value.floor:.2f}, ceiling {value.ceiling:.2f}</p>"
        + fold(f"{count} predictor{'s' * (count != 1)}", predictors)
        + fold(f"{len(value.rules)} rules, and the share of examples that each changes", rules)
        + fold("some examples", examples(value.examples(SHOWN)))
    )


def _rule_row(value: Benchmark, rule: Rule) -> list[str]:
    ways = [esc(text) for text in rule.texts]
    return [
        f"<code>{esc(rule.name)}</code>",
        f"{value.shares[rule.name]:.0%}",
        "wrong" * rule.wrong,
        listing(ways),
        f"<code>{esc(rule.path)}</code>" if rule.path else "",
    ]
