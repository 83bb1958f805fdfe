"""Models: what answers messages."""

from .base import Block, Completion, LanguageModel, Message
from .client import LM
from .embedder import Embedder
from .recorded import Recorded
from .replayed import Replayed
from .usage import Usage

Model = LM | Recorded | Replayed  # what `%lm` sets

__all__ = [
    "LM",
    "Block",
    "Completion",
    "Embedder",
    "LanguageModel",
    "Message",
    "Model",
    "Recorded",
    "Replayed",
    "Usage",
]
