"""A real kernel under test, of any ipykernel version, without a browser."""

from __future__ import annotations

import ast
import contextlib
import os
import queue
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from jupyter_client import KernelManager

ROOT = Path(__file__).parent.parent
VERSIONS = ("6.30.1", "7.0.1", "7.3.0", "7.4.0")

SETUP = """
%load_ext dspnb
%lm offline latency={latency} cache=False
import dspnb, time, threading
from dspnb import *
Team = Signature("ticket -> team: Literal['logistics', 'finance', 'hardware', 'software', "
                 "'identity', 'aftersales', 'sales', 'trust']")
triage = Predict(Team)
rows = dspnb.data.tickets()[:60]
%examples tickets --from rows --inputs ticket --split 20/20/20
"""


def packages_of(version: str) -> Path:
    """A folder with this ipykernel, to be put before the environment's own on the path."""
    folder = ROOT / ".venv" / "kernels" / version
    if not (folder / "ipykernel").is_dir():
        unfinished = folder.with_suffix(f".{os.getpid()}")
        wanted = [f"ipykernel=={version}", "nest_asyncio"]  # the second is a need of the older ones
        command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps"]
        subprocess.run([*command, "--target", str(unfinished), *wanted], check=True)
        unfinished.rename(folder)
    return folder


@dataclass
class Reply:
    """What came back from one execution."""

    status: str
    texts: str = ""
    error: str = ""
    messages: list[dict[str, Any]] = field(default_factory=list)


class Kernel:
    """A kernel that is talked to as a front end does."""

    def __init__(self, manager: KernelManager) -> None:
        self.manager = manager
        self.client = manager.client()
        self.client.start_channels()
        self.client.wait_for_ready(timeout=60)
        self.seen: list[dict[str, Any]] = []  # every message on iopub, in order

    def run(self, code: str, timeout: float = 60.0) -> Reply:
        """Execute, and wait for the end."""
        return self.finish(self.start(code), timeout)

    def start(self, code: str) -> str:
        """Execute without waiting; gives the message's id."""
        return str(self.client.execute(code))

    def finish(self, request: str, timeout: float = 60.0) -> Reply:
        """Wait for the end of an execution."""
        reply, deadline = None, time.monotonic() + timeout
        while time.monotonic() < deadline and reply is None:
            self.drain()
            with contextlib.suppress(queue.Empty):
                message = self.client.get_shell_msg(timeout=0.05)
                if message["parent_header"].get("msg_id") == request:
                    reply = message["content"]
        if reply is None:
            raise TimeoutError(f"no reply within {timeout} s")
        self.until(
            lambda m: _parent(m) == request and m["content"].get("execution_state") == "idle"
        )
        own = [m for m in self.seen if _parent(m) == request]
        streams = [m["content"]["text"] for m in own if m["msg_type"] == "stream"]
        results = [
            m["content"]["data"].get("text/plain", "") for m in own if "data" in m["content"]
        ]
        errors = ["\n".join(m["content"]["traceback"]) for m in own if m["msg_type"] == "error"]
        return Reply(reply["status"], "\n".join([*streams, *results]), "\n".join(errors), own)

    def value(self, expression: str) -> Any:
        """The value of a plain expression, asked for while no cell runs."""
        reply = self.run(f"print(repr({expression}))")
        assert reply.status == "ok", reply.error
        printed = [m["content"]["text"] for m in reply.messages if m["msg_type"] == "stream"]
        return ast.literal_eval("".join(printed))

    def drain(self) -> None:
        """Take in what has come on iopub."""
        with contextlib.suppress(queue.Empty):
            while True:
                self.seen.append(self.client.get_iopub_msg(timeout=0))

    def until(self, wanted: Any, timeout: float = 30.0) -> dict[str, Any]:
        """The first message, past or future, of which this is true."""
        checked, deadline = 0, time.monotonic() + timeout
        while time.monotonic() < deadline:
            for message in self.seen[checked:]:
                checked += 1
                if wanted(message):
                    return message
            with contextlib.suppress(queue.Empty):
                self.seen.append(self.client.get_iopub_msg(timeout=0.1))
        raise TimeoutError(f"no such message within {timeout} s")

    def updates(self, model: str, trait: str) -> list[tuple[float, Any]]:
        """(time, value) of each update of a widget's trait that was sent to the page."""
        return [
            (m["header"]["date"].timestamp(), m["content"]["data"]["state"][trait])
            for m in self.seen
            if m["msg_type"] == "comm_msg"
            and m["content"]["comm_id"] == model
            and trait in m["content"]["data"].get("state", {})
        ]

    def on_subshell(self, code: str, timeout: float = 10.0) -> dict[str, Any]:
        """Execute on a subshell, as the page's Stop does while a cell is busy; gives the reply."""
        session, control = self.client.session, self.client.control_channel
        control.send(session.msg("create_subshell_request"))
        made = self.client.get_control_msg(timeout=timeout)["content"]["subshell_id"]
        request = session.msg(
            "execute_request",
            {"code": "", "silent": True, "user_expressions": {"known": code}},
        )
        request["header"]["subshell_id"] = made
        self.client.shell_channel.send(request)
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline:
            with contextlib.suppress(queue.Empty):
                message = self.client.get_shell_msg(timeout=0.05)
                if _parent(message) == request["header"]["msg_id"]:
                    return dict(message["content"]["user_expressions"]["known"])
        raise TimeoutError(f"no reply on the subshell within {timeout} s")


@contextlib.contextmanager
def kernel(version: str | None = None, latency: float = 0.0) -> Iterator[Kernel]:
    """A kernel with dspnb loaded, the offline model set, and a program to compile."""
    paths = [str(ROOT), *([str(packages_of(version))] if version else [])]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(reversed(paths))}
    manager = KernelManager(kernel_name="python3")
    manager.start_kernel(env=environment, stderr=subprocess.DEVNULL)
    running = Kernel(manager)
    try:
        ready = running.run(SETUP.format(latency=latency))
        assert ready.status == "ok", ready.error or ready.texts
        yield running
    finally:
        running.client.stop_channels()
        manager.shutdown_kernel(now=True)


def _parent(message: dict[str, Any]) -> str:
    return str(message["parent_header"].get("msg_id", ""))
