"""What a model is before it is fitted."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .predictor import Scorer

Targets = NDArray[np.intp]
Fit = Callable[[Sequence[Any], Targets, int], Scorer]

LINEAR, TEXTS, TUNED, MEANING, GAUSSIAN = "linear", "texts", "tuned", "meaning", "gaussian"
TREES, SHALLOW, PAIRS, VOTES, POOL = "trees", "shallow trees", "trees of pairs", "votes", "pool"
OF_TREES = frozenset({TREES, SHALLOW, PAIRS, VOTES})


@dataclass(frozen=True)
class Candidate:
    """`fit(inputs, targets, seed)` gives a scorer; every label, 0 to n - 1, occurs in the targets.

    Candidates of different families see different things in an input, so the best of each are worth pooling.
    """

    name: str
    fit: Fit
    family: str = LINEAR
