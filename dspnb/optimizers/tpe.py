"""Choose among options by what earlier choices scored: a tree-structured Parzen estimator."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from dspnb.errors import UsageError

Choice = Mapping[str, int]  # variable -> which of its options, from 0


class TPE:
    """Ask for a choice, tell what it scored, and ask again; higher is better.

    `options` says how many options each variable has. Optuna's TPE (Bergstra et al., 2011, NeurIPS;
    Akiba et al., 2019, arXiv 1907.10902) over all variables together; its first `startup` choices
    are random. Equal seeds, told the same, choose the same. Several choices may be asked for before
    one of them is told.

    >>> tpe = TPE({"instructions": 3, "demos": 2}, seed=1, startup=4)
    >>> for _ in range(20):
    ...     choice = tpe.ask()
    ...     tpe.tell(choice, value=choice["instructions"])
    >>> tpe.ask()["instructions"]
    2
    """

    def __init__(self, options: Mapping[str, int], seed: int, startup: int = 10) -> None:
        if any(n < 1 for n in options.values()):
            raise UsageError(f"Each variable has at least one option; got {dict(options)}.")
        import optuna

        self._options: dict[str, Any] = {
            name: optuna.distributions.CategoricalDistribution(range(n))
            for name, n in options.items()
        }
        with _quiet():
            sampler = optuna.samplers.TPESampler(
                seed=seed, multivariate=True, constant_liar=True, n_startup_trials=startup
            )
            self._study = optuna.create_study(direction="maximize", sampler=sampler)
        self._open: list[tuple[Choice, Any]] = []  # asked for, and not told yet

    def ask(self) -> dict[str, int]:
        """The next choice to score."""
        trial = self._study.ask(self._options)
        choice = {name: int(trial.params[name]) for name in self._options}
        self._open.append((choice, trial))
        return choice

    def tell(self, choice: Choice, value: float) -> None:
        """What a choice scored that was asked for. Raises `UsageError` when it was not."""
        for place, (asked, trial) in enumerate(self._open):
            if asked == choice:
                del self._open[place]
                self._study.tell(trial, value)
                return
        raise UsageError(
            f"{dict(choice)} was not asked for, or is told already; use `add` for other choices."
        )

    def add(self, choice: Choice, value: float) -> None:
        """What any other choice scored."""
        import optuna

        if choice.keys() != self._options.keys():
            raise UsageError(f"A choice has {list(self._options)}; got {dict(choice)}.")
        trial = optuna.trial.create_trial(
            params=dict(choice), distributions=self._options, value=value
        )
        self._study.add_trial(trial)


@contextmanager
def _quiet() -> Iterator[None]:
    """Optuna tells of each study on stderr, and warns that what is used here may change."""
    logger = logging.getLogger("optuna")
    level = logger.level
    logger.setLevel(logging.WARNING)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.setLevel(level)
