"""Find a Chromium for the browser tests, or install one: `python tests/browser/chromium.py`."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

NAMES = (
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
)
REQUIRED = os.environ.get("DSPNB_REQUIRE_BROWSER") == "1"


def find() -> str | None:
    """The path of a Chromium that starts: the one in $CHROMIUM, the system's, Playwright's own."""
    if named := os.environ.get("CHROMIUM"):
        if _starts(named):
            return named
        raise SystemExit(f"$CHROMIUM is {named!r}, which does not start. Unset it or correct it.")
    for name in NAMES:
        path = shutil.which(name)
        if path and _starts(path):
            return path
    own = _playwrights_own()
    return own if own and _starts(own) else None


def find_or_install() -> str | None:
    """As `find`, after trying the system's package and then Playwright's download."""
    if path := find():
        return path
    if shutil.which("apt-get") and hasattr(os, "geteuid") and os.geteuid() == 0:
        _try("apt-get", "update", "-qq")
        _try("apt-get", "install", "-y", "-qq", "chromium")
        if path := find():
            return path
    _try(sys.executable, "-m", "playwright", "install", "chromium")
    return find()


def _starts(path: str) -> bool:
    """Whether it runs; on some systems `chromium-browser` only asks for another package."""
    try:
        done = subprocess.run([path, "--version"], capture_output=True, timeout=60, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0


def _playwrights_own() -> str | None:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        path = playwright.chromium.executable_path
    return path if Path(path).exists() else None


def _try(*command: str) -> None:
    """Run one way to install; a way that fails leaves the next one to be tried."""
    print(f"No Chromium for the browser tests: trying `{' '.join(command)}` ...", flush=True)
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    try:
        subprocess.run(command, check=True, timeout=900, stdin=subprocess.DEVNULL, env=environment)
    except (OSError, subprocess.SubprocessError) as error:
        print(f"That failed: {error}", flush=True)


def main() -> int:
    path = find_or_install()
    if path:
        print(f"Browser tests use {path}")
        return 0
    line = "=" * 78
    what = "cannot run, and DSPNB_REQUIRE_BROWSER=1 asks for them" if REQUIRED else "ARE SKIPPED"
    print(f"{line}\nNo Chromium was found or could be installed: the browser tests {what}.")
    print(f"Install Chromium or Chrome, or set CHROMIUM to the path of one.\n{line}")
    return 1 if REQUIRED else 0


if __name__ == "__main__":
    sys.exit(main())
