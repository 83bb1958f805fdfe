"""A real JupyterLab on loopback, and a notebook in a real Chromium."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat

ROOT = Path(__file__).parent.parent.parent
SCREENSHOTS = Path(__file__).parent / "screenshots"
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--force-color-profile=srgb",
    "--hide-scrollbars",
]
SETTINGS = {
    # Outputs out of view are not drawn otherwise.
    "@jupyterlab/notebook-extension:tracker": {"windowingMode": "none"},
    "@jupyterlab/apputils-extension:notification": {
        "fetchNews": "false",
        "checkForUpdates": False,
    },
}
KERNEL_IDLE = """() => {
  const panel = window.jupyterapp?.shell?.currentWidget;
  return panel?.context?.sessionContext?.session?.kernel?.status === 'idle'; }"""
SHOWN = """() => { const panel = window.jupyterapp?.shell?.currentWidget;
  return panel?.context?.isReady && panel.content.widgets.length > 0; }"""


@contextlib.contextmanager
def jupyter_lab(folder: Path, kernels: dict[str, dict[str, str]] | None = None) -> Iterator[str]:
    """JupyterLab over a folder, with a home of its own; gives its address.

    `kernels` adds kernels by name, with variables for their environment.
    """
    with tempfile.TemporaryDirectory(prefix="lab-home-", ignore_cleanup_errors=True) as name:
        home = Path(name)
        _write_settings(home / "settings")
        extensions = home / "path" / "labextensions"
        extensions.mkdir(parents=True)
        (extensions / "dspnb").symlink_to(ROOT / "dspnb" / "labextension")  # of this checkout
        for kernel, variables in (kernels or {}).items():
            _write_kernel(home / "data" / "kernels" / kernel, variables)
        port = _free_port()
        log = home / "server.log"
        with log.open("w") as out:
            server = subprocess.Popen(
                [sys.executable, "-m", "jupyter", "lab", *_options(folder, port)],
                env=_environment(home),
                stdout=out,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        try:
            url = f"http://127.0.0.1:{port}"
            _wait_for(server, url, log)
            yield url
        finally:
            server.terminate()  # the server shuts its kernels down
            with contextlib.suppress(subprocess.TimeoutExpired):
                server.wait(15)
            if server.poll() is None:
                server.kill()
                server.wait()


class Notebook:
    """A notebook in a page: the few things that a test does with it."""

    def __init__(self, page: Any, url: str, name: str) -> None:
        self.page, self.url = page, f"{url}/doc/tree/{name}"
        self.errors: list[str] = []
        self.dialogs: list[str] = []
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("dialog", self._dismiss)

    def open(self, *, kernel: bool = True) -> None:
        """Load the page and wait for its cells, and for an idle kernel."""
        self.page.goto(self.url)
        self.page.wait_for_function(KERNEL_IDLE if kernel else SHOWN, timeout=90_000)
        self.page.wait_for_selector("#jupyterlab-splash", state="detached", timeout=30_000)

    def start_cell(self, number: int) -> None:
        """Run a cell without waiting."""
        self.page.evaluate(
            """i => { const nb = window.jupyterapp.shell.currentWidget.content;
            nb.deselectAll(); nb.activeCellIndex = i; (window.__done ??= {})[i] = false;
            window.jupyterapp.commands.execute('notebook:run-cell')
              .then(() => { window.__done[i] = true; }); }""",
            number,
        )

    def finish_cell(self, number: int, timeout: float = 60.0) -> None:
        """Wait until a started cell has ended."""
        self.page.wait_for_function(
            "i => window.__done[i] === true", arg=number, timeout=1000 * timeout
        )

    def run_cell(self, number: int) -> None:
        """Run a cell to its end."""
        self.start_cell(number)
        self.finish_cell(number)

    def start_all(self) -> None:
        """Run All, without waiting."""
        self.page.evaluate(
            """() => { window.__all = false;
            window.jupyterapp.commands.execute('notebook:run-all-cells')
              .then(() => { window.__all = true; }); }"""
        )

    def finish_all(self, timeout: float = 120.0) -> None:
        """Wait until Run All has ended."""
        self.page.wait_for_function("() => window.__all", timeout=1000 * timeout)

    def outputs(self, number: int) -> list[dict[str, Any]]:
        """The outputs of a cell, as they would be saved."""
        return list(self._cells()[number].get("outputs", []))

    def failures(self) -> list[dict[str, Any]]:
        """The errors among all outputs; those of magics are on the standard error stream."""
        outputs = [output for cell in self._cells() for output in cell.get("outputs", [])]
        return [o for o in outputs if o["output_type"] == "error" or o.get("name") == "stderr"]

    def _cells(self) -> list[dict[str, Any]]:
        return list(
            self.page.evaluate(
                "() => window.jupyterapp.shell.currentWidget.content.model.toJSON().cells"
            )
        )

    def text(self, number: int) -> str:
        """All text that a cell's outputs hold."""
        return "\n".join(
            "".join(output.get("text") or output.get("data", {}).get("text/plain", ""))
            + "\n".join(output.get("traceback", []))
            for output in self.outputs(number)
        )

    def evaluate(self, code: str) -> str:
        """What an expression is worth in the kernel, asked beside the cells."""
        return str(
            self.page.evaluate(
                """async code => {
                const kernel = window.jupyterapp.shell.currentWidget
                  .context.sessionContext.session.kernel;
                const asked = kernel.requestExecute(
                  { code: '', silent: true, user_expressions: { value: code } });
                const value = (await asked.done).content.user_expressions.value;
                return value.data ? value.data['text/plain'] : value.evalue; }""",
                code,
            )
        )

    def command(self, name: str, **arguments: Any) -> None:
        """Execute a command of JupyterLab."""
        self.page.evaluate(
            "([name, args]) => window.jupyterapp.commands.execute(name, args)", [name, arguments]
        )

    def save(self) -> None:
        """Write the file."""
        self.command("docmanager:save")
        self.page.wait_for_function(
            "() => !window.jupyterapp.shell.currentWidget.context.model.dirty", timeout=20_000
        )

    def shut_down_kernel(self) -> None:
        """End the kernel; the page stays."""
        self.page.evaluate(
            "() => window.jupyterapp.shell.currentWidget.context.sessionContext.shutdown()"
        )

    def theme(self, name: str) -> None:
        """Change to `Light` or `Dark`."""
        self.command("apputils:change-theme", theme=f"JupyterLab {name}")
        light = "true" if name == "Light" else "false"
        self.page.wait_for_selector(
            f"body[data-jp-theme-light='{light}']", state="attached", timeout=20_000
        )
        self.page.wait_for_selector("#jupyterlab-splash", state="detached", timeout=20_000)

    def screenshots(self, name: str, target: Any = None) -> None:
        """Keep how it looks, light and dark."""
        SCREENSHOTS.mkdir(exist_ok=True)
        for theme in ("Dark", "Light"):
            self.theme(theme)
            (target or self.page).screenshot(path=SCREENSHOTS / f"{name}-{theme.lower()}.png")

    def _dismiss(self, dialog: Any) -> None:
        self.dialogs.append(dialog.message)
        dialog.dismiss()


def write_notebook(path: Path, *cells: str, kernel: str = "python3") -> Path:
    """A notebook with these code cells."""
    notebook = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell(cell) for cell in cells],
        metadata={"kernelspec": {"name": kernel, "display_name": kernel, "language": "python"}},
    )
    nbformat.write(notebook, path)
    return path


def _options(folder: Path, port: int) -> list[str]:
    return [
        "--no-browser",
        "--allow-root",
        "--ip=127.0.0.1",
        f"--port={port}",
        "--ServerApp.port_retries=0",
        f"--ServerApp.root_dir={folder}",
        "--IdentityProvider.token=",
        "--ServerApp.disable_check_xsrf=True",
        "--LabApp.expose_app_in_browser=True",
    ]


def _environment(home: Path) -> dict[str, str]:
    return {
        **os.environ,
        "HOME": str(home),
        "JUPYTER_CONFIG_DIR": str(home / "config"),
        "JUPYTER_DATA_DIR": str(home / "data"),
        "JUPYTER_PATH": str(home / "path"),
        "JUPYTER_RUNTIME_DIR": str(home / "runtime"),
        "IPYTHONDIR": str(home / "ipython"),
        "JUPYTERLAB_SETTINGS_DIR": str(home / "settings"),
        "JUPYTERLAB_WORKSPACES_DIR": str(home / "workspaces"),
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": str(ROOT),
    }


def _write_settings(folder: Path) -> None:
    for plugin, body in SETTINGS.items():
        package, name = plugin.split(":")
        (folder / package).mkdir(parents=True, exist_ok=True)
        (folder / package / f"{name}.jupyterlab-settings").write_text(json.dumps(body))


def _write_kernel(folder: Path, variables: dict[str, str]) -> None:
    folder.mkdir(parents=True)
    spec = {
        "argv": [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"],
        "display_name": folder.name,
        "language": "python",
        "env": variables,
    }
    (folder / "kernel.json").write_text(json.dumps(spec))


def _free_port() -> int:
    with socket.socket() as made:
        made.bind(("127.0.0.1", 0))
        return int(made.getsockname()[1])


def _wait_for(server: subprocess.Popen[bytes], url: str, log: Path) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        if server.poll() is not None:
            break
        with contextlib.suppress(OSError):
            urllib.request.urlopen(f"{url}/api/status", timeout=1).read()
            return
        time.sleep(0.05)
    raise RuntimeError(f"JupyterLab did not start:\n{log.read_text()[-2000:]}")
