"""A program's state as a JSON file, in DSPy's layout, with names and types of fields added.

Reading a file runs no code: it is data, checked against the program that reads it.
"""

from .fitting import Fitting, fit
from .layouts import adapter_entry, adapter_from
from .predictor import FLAT, dotted
from .reading import Entry, Saved, SavedField, read
from .writing import write

__all__ = [
    "FLAT",
    "Entry",
    "Fitting",
    "Saved",
    "SavedField",
    "adapter_entry",
    "adapter_from",
    "dotted",
    "fit",
    "read",
    "write",
]
