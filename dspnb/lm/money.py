"""Money as people read it; a price that nobody knows is never shown as nothing."""

from __future__ import annotations

import math

UNKNOWN = "unknown price"


def money(dollars: float | None, unpriced: int = 0) -> str:
    """Dollars to two significant digits, or to the whole dollar, and what is not in them.

    `dollars` is None when no price is known; `unpriced` counts the calls that are not in them.

    >>> money(0.00123), money(12.34), money(0.0), money(None)
    ('$0.0012', '$12', '$0', 'unknown price')
    >>> money(0.00123, unpriced=3), money(0.0, unpriced=1)
    ('$0.0012 + 3 calls of unknown price', '1 call of unknown price')
    """
    if dollars is None:
        return UNKNOWN
    if not unpriced:
        return _amount(dollars)
    unknown = f"{unpriced:,} call{'s' * (unpriced != 1)} of {UNKNOWN}"
    return f"{_amount(dollars)} + {unknown}" if dollars else unknown


def _amount(dollars: float) -> str:
    if dollars <= 0:
        return "$0"
    if dollars >= 9.95:
        return f"${dollars:,.0f}"
    dollars = float(f"{dollars:.1e}")  # 0.0999 has the digits of 0.10
    return f"${dollars:.{min(1 - math.floor(math.log10(dollars)), 12)}f}"
