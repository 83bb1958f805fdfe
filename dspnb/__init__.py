"""Programming language models, in a notebook."""

from typing import Any

from . import data, metrics
from .budget import Budget
from .compiling import compile
from .context import configure, use
from .data import Examples, Split, examples, split
from .diff import Diff, diff
from .errors import DspnbError, LMError, LoadWarning, ParseError, UsageError
from .evaluate import Report, evaluate
from .example import Example, Prediction, Score
from .lm import LM, Completion
from .module import Module
from .modules import ChainOfThought
from .optimizers import (
    BootstrapFewShot,
    BootstrapFewShotWithRandomSearch,
    LabeledFewShot,
)
from .predict import Predict
from .preview import preview
from .provenance import Provenance
from .run import Run
from .signature import Field, InputField, OutputField, Signature

__version__ = "0.1.0"

__all__ = [
    "LM",
    "BootstrapFewShot",
    "BootstrapFewShotWithRandomSearch",
    "Budget",
    "ChainOfThought",
    "Completion",
    "Diff",
    "DspnbError",
    "Example",
    "Examples",
    "Field",
    "InputField",
    "LMError",
    "LabeledFewShot",
    "LoadWarning",
    "Module",
    "OutputField",
    "ParseError",
    "Predict",
    "Prediction",
    "Provenance",
    "Report",
    "Run",
    "Score",
    "Signature",
    "Split",
    "UsageError",
    "compile",
    "configure",
    "data",
    "diff",
    "evaluate",
    "examples",
    "metrics",
    "preview",
    "split",
    "use",
]


def load_ipython_extension(shell: Any) -> None:
    """`%load_ext dspnb`"""
    from .notebook import load

    load(shell)


def unload_ipython_extension(shell: Any) -> None:
    """`%unload_ext dspnb`"""
    from .notebook import unload

    unload(shell)
