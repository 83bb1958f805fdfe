"""Models: what answers messages."""

from .base import Block, Completion, LanguageModel, Message
from .client import LM
from .usage import Usage

__all__ = ["LM", "Block", "Completion", "LanguageModel", "Message", "Usage"]
