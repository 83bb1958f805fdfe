"""Answers inside of rows that are not scored yet: a killed run does not pay for them twice."""

from __future__ import annotations

import contextlib

from dspnb.lm import written
from dspnb.lm.base import Completion
from dspnb.lm.usage import Usage

from .database import Database, Statement


class Answers:
    """The answers that a store holds for one run. Safe from several threads."""

    def __init__(self, database: Database, run: str) -> None:
        self._database, self._run = database, run
        self._known: dict[bytes, Completion] = {}
        rows = database.read("SELECT key, completion FROM answers WHERE run = ?", (run,))
        for key, text in rows:
            with contextlib.suppress(ValueError, TypeError):  # damaged: it is asked again
                self._known[key] = written.from_json(text)

    @property
    def any(self) -> bool:
        """Whether an earlier session left some."""
        return bool(self._known)

    def find(self, key: bytes) -> Completion | None:
        """The answer of an earlier session."""
        return self._known.get(key)

    def statement(self, key: bytes, completion: Completion) -> Statement | None:
        """What writes an answer down; None for one that is not JSON."""
        try:
            text = written.to_json(completion)
        except ValueError:
            return None
        return "INSERT OR REPLACE INTO answers VALUES (?, ?, ?)", (self._run, key, text)

    def dropping(self, key: bytes) -> Statement:
        """What forgets one that is part of a scored row now."""
        return "DELETE FROM answers WHERE run = ? AND key = ?", (self._run, key)

    def write(self, *statements: Statement) -> None:
        """Do it; when this returns, it outlives the process."""
        if statements:
            self._database.write(*statements)

    @property
    def usage(self) -> Usage:
        """What those of earlier sessions took."""
        usage = Usage()
        for completion in self._known.values():
            usage = usage.add(completion)
        return usage
