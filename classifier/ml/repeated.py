"""How sure the accuracy of a model of few rows is: cross-validation, again and again."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.stats import t

from . import fit
from .fit import Examples, Trial
from .scoring import Interval, wilson

_TIMES = 5
_LEVEL = 0.95


def interval(trial: Trial, examples: Examples, *, seed: int) -> Interval:
    """The 95 % interval of the accuracy of a trial's candidate, from its folds and those of four more trials of it.

    Folds share the rows that they are fitted on, so their spread is corrected (Nadeau and Bengio 2003). It is at least
    as wide as if each row were tested once (Wilson 1927), so that a few rows which all came out right promise no more
    than a few rows can.
    """
    again = (
        fit.cross_validate(trial.candidate, examples, seed=seed + time, progress=lambda share: None)
        for time in range(1, _TIMES)
    )
    accuracies = np.concatenate([_of_folds(each, examples.targets) for each in (trial, *again)])
    rows, folds = len(trial.rows), len(accuracies) // _TIMES
    middle = float(accuracies.mean())
    spread = 0.0
    if folds > 1:
        variance = float(accuracies.var(ddof=1)) * (1 / len(accuracies) + 1 / (folds - 1))
        spread = float(t.ppf((1 + _LEVEL) / 2, len(accuracies) - 1)) * variance**0.5
    low, high = wilson(round(middle * rows), rows)
    return min(low, max(0.0, middle - spread)), max(high, min(1.0, middle + spread))


def _of_folds(trial: Trial, targets: NDArray[np.intp]) -> NDArray[np.float64]:
    right = trial.scores.argmax(axis=1) == targets[trial.rows]
    return np.array([right[trial.fold == fold].mean() for fold in np.unique(trial.fold)])
