"""What a run's events say, in words that every front end without a page shares."""

from __future__ import annotations

from dspnb.better import likely
from dspnb.events import (
    Body,
    Compared,
    Estimated,
    Evaluated,
    Proposed,
    Resumed,
    Spent,
    Started,
    StatusChanged,
    Warned,
)
from dspnb.harmless import harmless
from dspnb.lm.money import money
from dspnb.lm.usage import Usage


def describe(body: Body, estimate: Estimated | None = None) -> str:
    """An event in one harmless line; empty for the many small ones.

    With `estimate`, what was spent stands beside it.
    """
    match body:
        case Started(optimizer):
            words = "; ".join(filter(None, [f"{optimizer} on {setup(body)}", chosen(body)]))
        case Resumed():
            words = resumed(body)
        case Estimated():
            words = estimated(body)
        case Proposed(candidate, parent, note):
            origin = f" from #{parent}" if parent is not None else ""
            changed = changes(body)
            words = f"#{candidate} {note}{origin}{f': {changed}' if changed else ''}"
        case Evaluated(candidate, split, mean, low, high, n, errors):
            failed = f", {errors} failed" if errors else ""
            words = f"#{candidate} {mean:.3f} [{low:.3f}, {high:.3f}] on {n} {split}{failed}"
        case Compared():
            words = "; ".join(filter(None, [*compared(body), _rows(body), verdict(body)]))
        case Spent():
            words = spent(body, estimate)
        case Warned(message):
            words = f"note: {message}"
        case StatusChanged(status, reason):
            words = f"{status}{f': {reason}' if reason else ''}"
        case _:
            words = ""
    return harmless(words)


def changes(body: Proposed) -> str:
    """What differs from the parent, predictor by predictor."""
    return "; ".join(f"{path}: {words}" for path, words in body.changes.items())


def resumed(body: Resumed) -> str:
    """What an earlier session did, which is not paid for again."""
    known = f"{_plural(body.rows, 'scored example')} {'is' if body.rows == 1 else 'are'} known"
    paid = f" for {money(body.dollars)}" if body.dollars else ""
    return f"resumed: {known}, from {_plural(body.calls, 'call')} made before{paid}"


def estimated(body: Estimated) -> str:
    """What the whole run may take.

    >>> estimated(Estimated({"baseline": 4, "rest": 8}, 12, 4_100, 0.31, 64.0))
    'about 12 runs of the program (baseline 4, rest 8), at most 12 calls, 4.1k tokens, $0.31, 60 s'
    """
    parts = [f"{name} {count:,}" for name, count in body.program_calls.items() if count]
    detail = f" ({', '.join(parts)})" if len(parts) > 1 else ""
    return f"about {_runs(body)}{detail}{questions(body)}, at most {_limits(body)}"


def questions(body: Estimated) -> str:
    """What is asked of the proposer, beside the runs of the program; empty when nothing is.

    >>> questions(Estimated({"validating": 8}, 10, None, None, None, 2))
    ' and 2 questions to the proposer'
    """
    return f" and {_plural(body.questions, 'question')} to the proposer" * bool(body.questions)


def spent(body: Spent, estimate: Estimated | None = None) -> str:
    """What the whole run took; beside it what was expected, when it is known."""
    known = f" ({body.known:,} known from before)" if body.known else ""
    cached = f" and {body.cached:,} from the cache" if body.cached else ""
    cost = _paid(body.dollars, body.unpriced)
    took = [
        f"{_plural(body.program_calls, 'run')} of the program{known}",
        f"{_plural(body.calls, 'call')}{cached}",
        f"{compact(body.tokens)} tokens",
        *([cost] if cost else []),
    ]
    words = f"spent: {', '.join(took)}, in {clock(body.seconds)}"
    if estimate is None:
        return words
    return f"{words}; expected {_runs(estimate)}{questions(estimate)}, at most {_limits(estimate)}"


def compared(body: Compared) -> list[str]:
    """What held-out examples say, one thought a piece."""
    if body.best == body.baseline:
        words = [f"held out: {body.before:.2f} on {body.n:,}", "nothing beat the program as it was"]
        return [*words, *_opened(body)]
    optimism = body.search - body.after
    return [
        f"held out: {body.before:.2f} -> {body.after:.2f} on {body.n:,}: {body.difference:+.3f} "
        f"[{body.low:+.2f}, {body.high:+.2f}], P(better) {likely(body.better)}",
        f"fixed {body.fixed:,}, broke {body.broke:,}",
        f"search said {body.search:.2f} (optimism {optimism:+.2f})",
        *_opened(body),
    ]


def verdict(body: Compared) -> str:
    """That the best candidate is not what the run returns; empty when it is."""
    if body.returned or body.best == body.baseline:
        return ""
    return "not distinguishable from the program as it was, which is returned"


def setup(body: Started) -> str:
    """What it learns from, and what it may spend."""
    sets = [("train", body.train), ("val", body.val), ("test", body.test)]
    sizes = " / ".join(f"{count:,} {name}" for name, count in sets if count)
    budget = f", budget {body.budget}" if body.budget else ""
    aside = f"; {reserved(body)}" if body.reserved else ""
    return f"{sizes}{budget}{aside}"


def chosen(body: Started) -> str:
    """What the optimizer was chosen for; empty when the user named it."""
    return f"chosen for you: {body.chosen}" if body.chosen else ""


def reserved(body: Started) -> str:
    """Where the held-out examples come from; empty when the user gave them."""
    return f"{body.test:,} held-out examples were set aside from validation" * body.reserved


def compact(count: float) -> str:
    """A large count, short; as `compact` of the page.

    >>> compact(845), compact(12_340), compact(210_000), compact(1_200_000)
    ('845', '12.3k', '210k', '1.2M')
    """
    if count < 1000:
        return f"{count:,.0f}"
    scaled, unit = (count / 1000, "k") if count < 999_500 else (count / 1_000_000, "M")
    return f"{scaled:.1f}".removesuffix(".0") + unit if scaled < 99.95 else f"{scaled:,.0f}{unit}"


def clock(seconds: float) -> str:
    """Time since the start.

    >>> clock(42), clock(725.9), clock(3723)
    ('0:42', '12:05', '1:02:03')
    """
    minutes, second = divmod(max(0, int(seconds)), 60)
    hour, minute = divmod(minutes, 60)
    return f"{hour}:{minute:02}:{second:02}" if hour else f"{minute}:{second:02}"


def roughly(seconds: float) -> str:
    """An estimate of time, no more exact than it is.

    >>> roughly(3), roughly(64), roughly(240), roughly(8000)
    ('a few seconds', '60 s', '4 min', '2 h')
    """
    if seconds < 10:
        return "a few seconds"
    if seconds < 90:
        return f"{round(seconds / 10) * 10} s"
    return f"{seconds / 60:.0f} min" if seconds < 90 * 60 else f"{seconds / 3600:.0f} h"


def spending(usage: Usage) -> str:
    """Calls, tokens and money so far."""
    cached = f" (+{usage.cached:,} from the cache)" if usage.cached else ""
    tokens = f"{compact(usage.tokens_in + usage.tokens_out)} tokens"
    cost = _paid(usage.dollars, usage.unpriced)
    return ", ".join([_plural(usage.calls, "call") + cached, tokens, *([cost] if cost else [])])


def _opened(body: Compared) -> list[str]:
    times = {1: "once", 2: "twice"}.get(body.opened, f"{body.opened:,} times")
    return [f"test opened {times}"] if body.opened else []


def _rows(body: Compared) -> str:
    return "rows before and after: `run.comparison.rows(i)`" if body.fixed or body.broke else ""


def _runs(body: Estimated) -> str:
    return f"{_plural(sum(body.program_calls.values()), 'run')} of the program"


def _limits(body: Estimated) -> str:
    limits = [
        _plural(body.calls, "call"),
        f"{compact(body.tokens)} tokens" if body.tokens else "",
        money(body.dollars) if body.dollars or (body.dollars is None and body.tokens) else "",
        roughly(body.seconds) if body.seconds is not None else "",
    ]
    return ", ".join(filter(None, limits))


def _paid(dollars: float, unpriced: int) -> str:
    return money(dollars, unpriced) if dollars or unpriced else ""


def _plural(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'s' * (count != 1)}"
