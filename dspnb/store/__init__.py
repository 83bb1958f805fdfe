"""What runs leave on disk: a SQLite file that any number of processes share.

Nothing that is read from it is ever run.
"""

from .answers import Answers
from .cells import Cell, Cells
from .database import Database, Statement, Unusable
from .kept import KeptRows
from .place import store_file
from .runs import KEY, NOT_SCORED, Command, Evaluation, KeptCandidate, Lock, Record, Runs
from .store import Store, opened

__all__ = [
    "KEY",
    "NOT_SCORED",
    "Answers",
    "Cell",
    "Cells",
    "Command",
    "Database",
    "Evaluation",
    "KeptCandidate",
    "KeptRows",
    "Lock",
    "Record",
    "Runs",
    "Statement",
    "Store",
    "Unusable",
    "opened",
    "store_file",
]
