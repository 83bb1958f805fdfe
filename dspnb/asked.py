"""From what an optimizer asks for to works: which program, which model, and the rows' keys."""

from __future__ import annotations

from collections.abc import Callable

from .candidate import Candidate
from .errors import UsageError
from .events import Split
from .fingerprints import example_print, fingerprint_of, state_print
from .identity import ByIdentity
from .lm.base import LanguageModel
from .module import Module, State
from .optimizers import Complete, Evaluate, Train, Trained
from .plan import Plan
from .report import Row
from .work import Completing, Scored, Scoring, Training, Work, key_of, keys_of, warm


class Asked:
    """Makes the works of one run. A row's key says all that the row depends on."""

    def __init__(self, plan: Plan, run: str, checkpoint: Callable[[], object]) -> None:
        self._plan, self._run, self._checkpoint = plan, run, checkpoint
        self._times: dict[bytes, int] = {}  # a question -> how often it was put
        self._trained: dict[str, LanguageModel] = {}  # by role
        self._example_print = ByIdentity(example_print, most=1_000_000)
        self._model_print = ByIdentity(_model_print, most=100)

    def work(self, ask: Evaluate | Complete | Train) -> Work:
        """What an ask comes to. Raises `UsageError` for training without a trainer."""
        plan = self._plan
        match ask:
            case Evaluate(state, examples, rollout, role):
                lm = self.model(role)
                keys = keys_of(self._start(state, lm, rollout), examples, self._example_print)
                program, changed = plan.program.with_state(state), state != plan.program.state
                params = warm(plan.here.params, rollout) if rollout else None
                return Scoring(
                    program, examples, plan.metric, keys, lm, rollout,
                    params=params, changed=changed,
                )  # fmt: skip
            case Complete(signature, inputs, temperature):
                lm = self.model("proposer")
                warmth = () if temperature is None else (f"temperature {float(temperature)}",)
                key = key_of(
                    "complete", self._salt(lm), fingerprint_of((signature, dict(inputs))).digest,
                    self._model_print(lm), plan.context_fingerprint.digest, *warmth,
                )  # fmt: skip
                return Completing(ask, self._once_more(key), lm)
            case Train(rows):
                if plan.trainer is None:
                    raise UsageError(
                        f"{plan.optimizer_name} trains weights; say with what: "
                        "`compile(..., trainer=...)`."
                    )
                learned = [f"{row.score.value}{example_print(row.example)}" for row in rows]
                key = key_of("train", fingerprint_of(plan.trainer).digest, *learned)
                return Training(ask, self._once_more(key), plan.trainer, self._checkpoint)

    def scoring(
        self, candidate: Candidate, split: Split, places: tuple[int, ...] | None = None
    ) -> Scoring:
        """A candidate on the validation or the held-out examples: all, or those at `places`.

        Raises `UsageError` for a place that there is not.
        """
        plan, lm = self._plan, self.model(candidate.role)
        examples = plan.val if split == "val" else plan.test
        if places is not None:
            if wrong := [place for place in places if not 0 <= place < len(examples)]:
                raise UsageError(
                    f"{plan.optimizer_name} asks for the example at {wrong[0]!r} of {split}; the "
                    f"places are 0 to {len(examples) - 1}."
                )
            examples = [examples[place] for place in places]
        program = plan.program.with_state(candidate.state)
        keys = keys_of(self._start(candidate.state, lm, 0), examples, self._example_print)
        whose, changed = Scored(candidate, split, places), candidate.id > 0
        return Scoring(program, examples, plan.metric, keys, lm, 0, whose, changed=changed)

    def model(self, role: str) -> LanguageModel:
        """The model of a role: a trained one, or one of those that were given."""
        return self._trained.get(role) or self._plan.model(role)

    def program(self, candidate: Candidate) -> Module:
        """The program of a candidate."""
        program = self._plan.program.with_state(candidate.state)
        if candidate.role in self._trained:
            program.set_lm(self._trained[candidate.role])
        return program

    def trained(self, row: Row) -> Trained:
        """The model that a row of `Train` names, made now or in an earlier session."""
        assert row.prediction is not None and self._plan.trainer is not None
        name = row.prediction["model"]
        role = f"trained {name}"
        if role not in self._trained:
            self._trained[role] = self._plan.trainer.model(name)
        return Trained(role)

    def _start(self, state: State, lm: LanguageModel, rollout: int) -> bytes:
        plan = self._plan
        sampled = (f"at {warm(plan.here.params, rollout)['temperature']}",) if rollout else ()
        return key_of(
            self._salt(lm), plan.program_fingerprint.digest, plan.metric_fingerprint.digest,
            plan.context_fingerprint.digest, self._model_print(lm), state_print(state),
            str(rollout), *sampled,
        )  # fmt: skip

    def _salt(self, lm: LanguageModel) -> str:
        """What keeps the rows of a run to itself, where each is to be asked for anew."""
        anew = getattr(lm, "asks_anew", False) or getattr(lm, "cache", True) is False
        return self._run if self._plan.fresh or anew else ""

    def _once_more(self, key: bytes) -> bytes:
        """The key of the same question put once more."""
        times = self._times[key] = self._times.get(key, 0) + 1
        return key_of(key.hex(), str(times))


def _model_print(lm: LanguageModel) -> str:
    return fingerprint_of(lm).digest
