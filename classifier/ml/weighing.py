"""How much each part of a pool counts."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from . import calibrate
from .pool import mixed


def best_weights(scores: Sequence[NDArray[np.float64]], targets: NDArray[np.intp]) -> tuple[float, ...]:
    """The weights, none below zero, with which out-of-fold scores have the least log loss; a sum of them needs no
    further temperature.
    """

    def loss(logarithms: NDArray[np.float64]) -> float:
        return calibrate.smoothed_loss(mixed(scores, np.exp(logarithms).tolist()), targets)

    start = [-np.log(calibrate.temperature(part, targets) * len(scores)) for part in scores]
    found = minimize(loss, start, method="Nelder-Mead", options={"maxiter": 200})
    return tuple(np.exp(found.x).tolist())
