"""The wire formats of the OpenAI protocol, as pure functions: requests out, answers in."""

from .base import Format, Reader
from .chat import Chat
from .responses import Responses
from .sse import Events
from .text import Text

__all__ = ["Chat", "Events", "Format", "Reader", "Responses", "Text"]
