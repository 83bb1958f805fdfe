"""What DSPy's compact adapter writes for three models, and the tokens of that and of ours.

Runs in a Python that has dspy; reads our notations as JSON from standard input.
"""

import enum
import json
import os
import sys
from typing import Literal, Optional

os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"  # else it asks the network for prices

from pydantic import BaseModel, Field


class Tone(enum.Enum):
    CALM = "calm"
    ANGRY = "angry"


class Flat(BaseModel):
    name: str
    age: int
    height: float
    member: bool
    city: str


class Item(BaseModel):
    title: str
    price: float


class Nested(BaseModel):
    customer: str
    items: list[Item]
    note: str
    total: float
    paid: bool


class Described(BaseModel):
    title: str = Field(description="in at most ten words")
    tone: Tone = Field(description="how the writer feels")
    kind: Literal["bug", "wish", "praise"]
    order: Optional[int] = Field(description="the number of the order")  # noqa: UP045
    tags: list[str] = Field(description="lower case")


MODELS = {model.__name__: model for model in (Flat, Nested, Described)}


def main() -> None:
    """Print the tokens of each notation, DSPy's and ours, and DSPy's text."""
    import dspy
    import litellm
    from dspy.adapters.baml_adapter import BAMLAdapter

    def tokens(text: str) -> int:
        return len(litellm.encode(model="gpt-4o", text=text))

    ours = json.load(sys.stdin)
    counts = {}
    for name, model in MODELS.items():
        signature = dspy.Signature({"out": (model, dspy.OutputField())}, "Do.")
        system = BAMLAdapter().format_field_structure(signature)
        theirs = system.partition("should be of type: ")[2].partition("[[ ##")[0].strip()
        counts[name] = {"dspy": tokens(theirs), "ours": tokens(ours[name]), "text": theirs}
    json.dump(counts, sys.stdout)


if __name__ == "__main__":
    main()
