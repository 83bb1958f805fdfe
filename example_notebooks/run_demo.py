"""Execute the quickstart in a real kernel and print the scores before and after."""

from __future__ import annotations

import json
import os
import sys
import tempfile
import time
from pathlib import Path

import nbformat
from jupyter_client import AsyncKernelManager as KernelManager
from nbclient import NotebookClient

HERE = Path(__file__).parent
OUT = HERE / "out"
SCORES = """
import json
print(json.dumps([[r.mean, *r.interval, len(r.rows)] for r in (before, after)]))
"""


def main() -> None:
    """Run it, save the executed notebook, print the table."""
    start = time.monotonic()
    notebook, scores = execute(HERE / "01_quickstart.ipynb", OUT)
    executed = OUT / "01_quickstart.ipynb"
    nbformat.write(notebook, executed)
    print(table(scores))
    print(f"\nThe executed notebook: {executed}  ({time.monotonic() - start:.0f} s)")
    print("To do it live, with the plot moving: make lab")


def execute(path: Path, folder: Path) -> tuple[nbformat.NotebookNode, list[list[float]]]:
    """The executed notebook, and `[mean, low, high, examples]` before and after.

    Files that the notebook writes go to `folder`.
    """
    notebook = nbformat.read(path, 4)
    notebook.cells.append(nbformat.v4.new_code_cell(SCORES))
    run(notebook, folder)
    scores = json.loads(notebook.cells.pop().outputs[0].text)
    return notebook, scores


def run(notebook: nbformat.NotebookNode, folder: Path) -> None:
    """Execute a notebook in place, in `folder`. Raises when a cell does."""
    folder.mkdir(exist_ok=True)
    resources = {"metadata": {"path": str(folder)}}
    with tempfile.TemporaryDirectory() as sockets:
        kernel = KernelManager()
        if os.name == "posix":  # over TCP, the kernel warns of eavesdroppers
            kernel = KernelManager(transport="ipc", ip=f"{sockets}/kernel")
        client = NotebookClient(notebook, km=kernel, timeout=600, resources=resources)
        client.execute(cleanup_kc=True)  # it would leave the kernel that it was given running


def table(scores: list[list[float]]) -> str:
    """The two scores on the held-out tickets, with their intervals."""
    lines = [f"{'':12}{'score':>7}   {'95% interval':16} held-out tickets"]
    for name, (mean, low, high, n) in zip(("as written", "compiled"), scores, strict=True):
        lines.append(f"{name:12}{mean:7.3f}   {f'{low:.3f} to {high:.3f}':16} {n:.0f}")
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
