"""The layering rule: a part imports only from parts on lines above its own."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "dspnb"
LAYERS = """
errors
constraints  harmless  identity  events  distributions  pairs  cancellation  controls
intervals  better  expected  plain_table
pool  plots
lm
types  tasks
annotations
scopes
field
field_text
jsonable
signature  budget  testing
derived  inputs  trace
example
adapters  provenance  batch  frame  predictor  overlap
saving  context  metrics  asking  prepared
report  streaming  under_way  answering
module  predict
fingerprints
awaiting
checks  modules  preview  evaluate  diff  refit  source
store  trainer  failing  unanswered  comparison  dividing
optimizers  data  candidate  in_flight  watching
simulation
row_calls
plan  work
asked  estimate
allowance  choosing
making
driver
run
beginning  kept_run
run_diff  run_export
runs
frontends
compiling
notebook  __main__
"""
DEPTH = {name: depth for depth, layer in enumerate(LAYERS.split("\n")) for name in layer.split()}
NOTEBOOK_ONLY = {"IPython", "ipywidgets", "anywidget", "traitlets"}
HEAVY = {
    "bm25s",
    "litellm",
    "optuna",
    "matplotlib",
    "pandas",
    "torch",
    "uvloop",
    "httptools",
    "dask",
    "rich",
}


def part_of(path):
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imported(path):
    """The dspnb parts and the other packages that a file imports anywhere in it."""
    here = ("dspnb", *path.relative_to(PACKAGE).with_suffix("").parts)
    for node in ast.walk(ast.parse(path.read_text())):
        match node:
            case ast.ImportFrom(module, names, level):
                base = here[: len(here) - level] if level else ()
                full = [*base, *(module.split(".") if module else [])]
                yield from (
                    [".".join(full)]
                    if full != ["dspnb"]
                    else [f"dspnb.{alias.name}" for alias in names]
                )
            case ast.Import(names):
                yield from (alias.name for alias in names)


def test_every_part_has_its_layer():
    parts = {part_of(path) for path in PACKAGE.rglob("*.py")} - {"__init__"}

    assert parts == set(DEPTH)


def upward(path):
    """The imports of a file that do not point to a line above its own."""
    part = part_of(path)
    return [
        f"{path.relative_to(PACKAGE)} imports {name}"
        for name in imported(path)
        if name.startswith("dspnb.")
        and (other := name.split(".")[1]) != part
        and (other not in DEPTH or DEPTH[other] >= DEPTH[part])
        and {part, other} != {"module", "predict"}  # a base class and its leaf
    ]


def test_imports_point_to_the_layers_above():
    files = [path for path in PACKAGE.rglob("*.py") if part_of(path) in DEPTH]

    assert [line for path in files for line in upward(path)] == []


@pytest.mark.parametrize(
    "line",
    [
        "from .run import Run",
        "from dspnb.run import Run",
        "from . import run",
        "import dspnb.run",
        "from dspnb import compile",
        "from .budget import Budget",  # on the same line of the list
        "def late():\n    from .run import Run",
        "if TYPE_CHECKING:\n    from .run import Run",
    ],
)
def test_an_import_that_points_elsewhere_is_found(line, tmp_path, monkeypatch):
    monkeypatch.setitem(globals(), "PACKAGE", tmp_path)
    (tmp_path / "signature.py").write_text(f"from .errors import UsageError\n{line}\n")

    assert len(upward(tmp_path / "signature.py")) == 1


def test_only_the_notebook_knows_the_notebook():
    wrong = [
        f"{path.relative_to(PACKAGE)} imports {name}"
        for path in PACKAGE.rglob("*.py")
        if part_of(path) != "notebook"
        for name in imported(path)
        if name.split(".")[0] in NOTEBOOK_ONLY
    ]

    assert wrong == []


def test_the_core_never_speaks():
    wrong = [
        str(path.relative_to(PACKAGE))
        for path in PACKAGE.rglob("*.py")
        if part_of(path) not in ("notebook", "frontends")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Name) and node.id == "print"
    ]

    assert wrong == []


@pytest.mark.parametrize(
    ("code", "unwanted"),
    [
        ("import dspnb", HEAVY | NOTEBOOK_ONLY),
        (
            "from IPython.core.interactiveshell import InteractiveShell as S\n"
            "s = S.instance(); r = s.run_cell('import dspnb\\n%load_ext dspnb'); assert r.success",
            HEAVY | {"ipywidgets", "anywidget"},
        ),
    ],
    ids=["import", "load_ext"],
)
def test_nothing_heavy_is_loaded_before_it_is_needed(code, unwanted):
    done = subprocess.run(
        [sys.executable, "-c", f"{code}\nimport sys; print(*sys.modules)"],
        capture_output=True,
        text=True,
        check=True,
        cwd=PACKAGE.parent,
    )

    assert unwanted & set(done.stdout.split()) == set()
