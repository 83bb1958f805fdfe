"""Programming language models, in a notebook."""

from typing import Any

from . import data, errors, metrics
from .adapters import ChatAdapter, CompactAdapter, JSONAdapter, TwoStepAdapter, XMLAdapter
from .budget import Budget
from .checks import require, suggest
from .compiling import compile
from .context import configure, use
from .data import Examples, Split, examples, split
from .diff import Diff, diff
from .errors import (
    BatchError,
    CacheWarning,
    ConstraintError,
    DspnbError,
    InputError,
    LMError,
    LoadWarning,
    ParseError,
    UsageError,
)
from .evaluate import evaluate
from .example import Example, Prediction, Score
from .frontends import watch
from .kept_run import KeptRun
from .lm import LM, Completion, Embedder, Recorded, Replayed
from .lm.cache import Cache
from .lm.ledger import Ledger, ledger
from .module import Module, Setting
from .modules import (
    KNN,
    BestOfN,
    ChainOfThought,
    Ensemble,
    MultiChainComparison,
    NearestDemos,
    Parallel,
    Refine,
    majority,
)
from .optimizers import (
    COPRO,
    GEPA,
    SIMBA,
    BootstrapFewShot,
    BootstrapFewShotWithOptuna,
    BootstrapFewShotWithRandomSearch,
    EnsembleOf,
    InferRules,
    KNNFewShot,
    LabeledFewShot,
    MIPROv2,
    Race,
)
from .predict import Predict
from .preview import preview
from .provenance import Provenance
from .report import Report
from .run import Run
from .run_diff import RunDiff
from .runs import KeptRuns, runs
from .signature import Field, InputField, OutputField, Signature
from .types import (
    Audio,
    Citation,
    Citations,
    Code,
    Document,
    File,
    History,
    Image,
    Reasoning,
    Tool,
    ToolCalls,
    ToolResults,
)

__version__ = "0.1.0"

__all__ = [
    "COPRO",
    "GEPA",
    "KNN",
    "LM",
    "SIMBA",
    "Audio",
    "BatchError",
    "BestOfN",
    "BootstrapFewShot",
    "BootstrapFewShotWithOptuna",
    "BootstrapFewShotWithRandomSearch",
    "Budget",
    "Cache",
    "CacheWarning",
    "ChainOfThought",
    "ChatAdapter",
    "Citation",
    "Citations",
    "Code",
    "CompactAdapter",
    "Completion",
    "ConstraintError",
    "Diff",
    "Document",
    "DspnbError",
    "Embedder",
    "Ensemble",
    "EnsembleOf",
    "Example",
    "Examples",
    "Field",
    "File",
    "History",
    "Image",
    "InferRules",
    "InputError",
    "InputField",
    "JSONAdapter",
    "KNNFewShot",
    "KeptRun",
    "KeptRuns",
    "LMError",
    "LabeledFewShot",
    "Ledger",
    "LoadWarning",
    "MIPROv2",
    "Module",
    "MultiChainComparison",
    "NearestDemos",
    "OutputField",
    "Parallel",
    "ParseError",
    "Predict",
    "Prediction",
    "Provenance",
    "Race",
    "Reasoning",
    "Recorded",
    "Refine",
    "Replayed",
    "Report",
    "Run",
    "RunDiff",
    "Score",
    "Setting",
    "Signature",
    "Split",
    "Tool",
    "ToolCalls",
    "ToolResults",
    "TwoStepAdapter",
    "UsageError",
    "XMLAdapter",
    "compile",
    "configure",
    "data",
    "diff",
    "errors",
    "evaluate",
    "examples",
    "ledger",
    "majority",
    "metrics",
    "preview",
    "require",
    "runs",
    "split",
    "suggest",
    "use",
    "watch",
]


def load_ipython_extension(shell: Any) -> None:
    """`%load_ext dspnb`"""
    from .notebook import load

    load(shell)


def unload_ipython_extension(shell: Any) -> None:
    """`%unload_ext dspnb`"""
    from .notebook import unload

    unload(shell)
