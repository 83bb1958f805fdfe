"""An answer with five typed outputs, of which two hold models; for both sides."""

from __future__ import annotations

from pydantic import BaseModel


class Item(BaseModel):
    """A thing that was ordered."""

    name: str
    price: float
    tags: list[str] = []


class Address(BaseModel):
    """Where it goes."""

    street: str
    city: str
    zip: int


ANSWER = """\
[[ ## summary ## ]]
The customer wants two lamps, take {i}.

[[ ## count ## ]]
{i}

[[ ## team ## ]]
shipping

[[ ## lines ## ]]
[{{"name": "lamp", "price": 12.5, "tags": ["new", "red"]}}, {{"name": "bulb {i}", "price": 1.0}}]

[[ ## address ## ]]
{{"street": "Main St. {i}", "city": "Ulm", "zip": 89073}}

[[ ## completed ## ]]"""
