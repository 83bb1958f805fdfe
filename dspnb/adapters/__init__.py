"""Between a signature's values and a model's text."""

from .base import Adapter, Reader
from .chat import ChatAdapter
from .compact import CompactAdapter
from .json import JSONAdapter
from .two_step import TwoStepAdapter
from .xml import XMLAdapter

__all__ = [
    "Adapter",
    "ChatAdapter",
    "CompactAdapter",
    "JSONAdapter",
    "Reader",
    "TwoStepAdapter",
    "XMLAdapter",
]
