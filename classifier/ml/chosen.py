"""The candidate that is the best, fitted, and its confidence set right."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from . import correction, fit
from .fit import Examples, Trial
from .isotonic import Isotonic
from .predictor import Predictor
from .prepared import Prepared

_GOLDEN = 16
# With up to so many rows, what is fitted on all of them is so much surer than what the candidates' trials have shown
# that its temperature is worth a trial of its own.
_FEW_ROWS = 1_000


@dataclass(frozen=True)
class Chosen:
    """The trial that is the best, and how confidence is set right in it."""

    trial: Trial
    isotonic: Isotonic | None
    data: Prepared
    seed: int

    @classmethod
    def of(cls, trial: Trial, data: Prepared, seed: int) -> Chosen:
        isotonic = correction.learn(trial.probabilities(), data.targets[trial.rows], seed=seed)
        return cls(trial, isotonic, data, seed)

    def served(self) -> Predictor:
        """Fitted on all rows."""
        data = self.data
        found = self.fitted(np.arange(len(data.targets)))
        if len(data.targets) > _FEW_ROWS:
            return found
        examples = Examples(data.inputs, data.targets, data.all_distinct)
        trial = fit.cross_validate(self.trial.candidate, examples, seed=self.seed, progress=lambda share: None)
        return replace(found, temperature=trial.temperature)

    def fitted(self, rows: NDArray[np.intp]) -> Predictor:
        data, trial = self.data, self.trial
        scorer = trial.candidate.fit([data.inputs[row] for row in rows], data.targets[rows], self.seed)
        golden = rows[np.unique(np.linspace(0, len(rows) - 1, _GOLDEN).astype(int))]
        examples = tuple(data.inputs[row] for row in golden)
        return Predictor(data.schema, data.names, trial.temperature, scorer, examples, isotonic=self.isotonic)
