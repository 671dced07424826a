"""One temperature, so that of the answers given with 80 % confidence about 80 % are right."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax

_COLDEST, _HOTTEST = 1e-3, 1e3


def temperature(scores: NDArray[np.float64], targets: NDArray[np.intp]) -> float:
    """The divisor of out-of-fold scores (rows, labels) with the least log loss (Guo et al. 2017).

    Without any row it is 1.
    """
    if not len(scores):
        return 1.0

    def loss(log_temperature: float) -> float:
        return smoothed_loss(scores / np.exp(log_temperature), targets)

    found = minimize_scalar(loss, bounds=(np.log(_COLDEST), np.log(_HOTTEST)), method="bounded")
    return float(np.exp(found.x))


def smoothed_loss(scores: NDArray[np.float64], targets: NDArray[np.intp]) -> float:
    """Mean log loss of scores (rows, labels) whose targets are smoothed.

    As Platt (1999) does, by one row's weight spread over the labels, so that a few rows which all came out right do not
    make a model certain of everything.
    """
    smoothing = 1.0 / (len(scores) + 2)
    logarithms = log_softmax(scores, axis=1)
    right = logarithms[np.arange(len(targets)), targets].mean()
    return -float((1 - smoothing) * right + smoothing * logarithms.mean())
