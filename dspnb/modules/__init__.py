"""Ready-made modules, one a file."""

from .chain_of_thought import ChainOfThought

__all__ = ["ChainOfThought"]
