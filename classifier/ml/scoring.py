"""What a few rows say of a model, in single numbers."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Interval = tuple[float, float]

_Z = 1.959964


def wilson(successes: int, trials: int) -> Interval:
    """The 95 % interval of a share (Wilson 1927); (0, 1) without any trial."""
    if not trials:
        return 0.0, 1.0
    share, square = successes / trials, _Z**2
    middle = share + square / (2 * trials)
    spread = _Z * float(np.sqrt(share * (1 - share) / trials + square / (4 * trials**2)))
    scale = 1 + square / trials
    # The share itself lies within, also where rounding would put a bound a hair inside of it.
    return min(share, max(0.0, (middle - spread) / scale)), max(share, min(1.0, (middle + spread) / scale))


def log_loss(right: NDArray[np.float64]) -> float:
    """Mean of -log of the probabilities given to the right labels (rows,), which are taken as at least 1e-12."""
    return float(-np.log(np.maximum(right, 1e-12)).mean())
