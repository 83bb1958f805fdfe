"""The wire formats of the OpenAI protocol, as pure functions: requests out, answers in."""

from .base import Format, Reader
from .chat import Chat
from .sse import Events

__all__ = ["Chat", "Events", "Format", "Reader"]
