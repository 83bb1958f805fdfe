"""Between a signature's values and a model's text."""

from .base import Adapter
from .chat import ChatAdapter

__all__ = ["Adapter", "ChatAdapter"]
