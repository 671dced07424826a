"""Whether a model's confidence needs more than a temperature, found out on rows that it was not fitted on."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from sklearn.isotonic import IsotonicRegression

from .isotonic import Isotonic

# On fewer rows steps follow chance.
_ROWS_FOR_STEPS = 1_000
_PARTS = 5
# So many standard errors better than none have steps to be.
_CLEARLY = 2.0


def learn(probabilities: NDArray[np.float64], targets: NDArray[np.intp], *, seed: int) -> Isotonic | None:
    """Steps for out-of-fold probabilities (rows, labels), where on rows that they were not fitted on they are clearly
    better than none.
    """
    if len(targets) < _ROWS_FOR_STEPS:
        return None
    stated, right = probabilities.max(axis=1), probabilities.argmax(axis=1) == targets
    part = np.random.default_rng(seed).permutation(len(targets)) % _PARTS
    true = np.empty(len(targets))
    for number in range(_PARTS):
        rest = part == number
        true[rest] = _steps(stated[~rest], right[~rest]).confidence(stated[rest])
    gain = np.log(np.where(right, true, 1 - true)) - np.log(np.where(right, stated, np.maximum(1 - stated, 1e-12)))
    if gain.mean() <= _CLEARLY * gain.std() / np.sqrt(len(gain)):
        return None
    return _steps(stated, right)


def _steps(stated: NDArray[np.float64], right: NDArray[np.bool_]) -> Isotonic:
    """Nothing is certain: at either end there is room for the one row that would have said otherwise."""
    doubt = 1 / (len(stated) + 2)
    found = IsotonicRegression(y_min=doubt, y_max=1 - doubt).fit(stated, right)
    return Isotonic(np.asarray(found.X_thresholds_, np.float64), np.asarray(found.y_thresholds_, np.float64))
