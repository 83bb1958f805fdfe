"""What `%compile` binds: the compiled program, whose first use waits for its run."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Self

from dspnb.module import Module, State
from dspnb.provenance import Provenance
from dspnb.run import Run

from .bar import Bar


class Compiled(Module):
    """The best program of a run. Calling, evaluating or saving it waits until the run has ended.

    The kernel's interrupt ends the waiting, not the run. A run that failed raises its error here;
    `.run.best` is the best until then all the same.
    """

    def __init__(self, run: Run, name: str, on_end: Callable[[], None] = lambda: None) -> None:
        self.run = run
        self._name = name
        self._on_end = on_end
        self._program: Module | None = None
        self._updates: list[Callable[[Module], object]] = []

    def update(self, change: Callable[[Module], object]) -> None:
        """Have `change` done to the program when it is first used."""
        self._updates.append(change)

    def settle(self) -> bool:
        """Take the program over when the run has ended well; whether it is there."""
        if self._program is None and self.run.over and not self.run.error:
            self._program = self.program
        return self._program is not None

    @property
    def program(self) -> Module:
        """The program itself; waits for the run."""
        if self._program is None:
            self._wait()
            self._on_end()
            if self.run.error:
                raise self.run.error
            self._program = self.run.best
            while self._updates:
                self._updates.pop(0)(self._program)
        return self._program

    def _wait(self) -> None:
        bar = Bar()
        try:
            while not self.run.over:
                self.run.join(0.2)
                done, total = self.run.progress
                bar.show(done, total or 0, f"waiting for `{self._name}`: {self.run.summary}")
            self.run.join()
        finally:
            bar.close()

    def __call__(self, **inputs: Any) -> Any:
        return self.program(**inputs)

    def parts(self, path: str = "") -> Iterator[tuple[str, Module]]:
        return self.program.parts(path)

    @property
    def state(self) -> State:
        return self.program.state

    def with_state(self, state: State, *, provenance: Provenance | None = None) -> Self:
        return self.program.with_state(state, provenance=provenance)  # type: ignore[return-value]

    def __repr__(self) -> str:
        if self._program is not None:
            return repr(self._program)
        return f"{self._name}: {self.run!r}"
