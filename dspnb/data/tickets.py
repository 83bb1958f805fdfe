"""440 support tickets to a made-up maker of smart-home things, each with a team and an urgency."""

from __future__ import annotations

from pathlib import Path

from .examples import Examples, examples


def tickets() -> Examples:
    """The support tickets, in a fixed order.

    Input: `ticket`. Labels: `team` (logistics, finance, hardware, software, identity, aftersales,
    sales or trust: from 20 % down to 5 % of the rows) and `urgency` (low, normal or high). No
    team's name stands in a ticket.

    >>> tickets()[0].inputs.keys(), len(tickets())
    (dict_keys(['ticket']), 440)
    """
    return examples(Path(__file__).with_name("tickets.jsonl"), inputs=["ticket"])
