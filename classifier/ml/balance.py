"""Rare labels that count for more."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from .linear import Linear

_TIMES_RARER = 10

Weights = NDArray[np.float64]


def is_needed(counts: Sequence[int]) -> bool:
    """Whether of labels with so many rows one is so much rarer than another that it may be overlooked."""
    return min(counts) * _TIMES_RARER < max(counts)


def of_labels(targets: NDArray[np.intp]) -> Weights:
    """The weight of each label's rows, with which the rare ones count as much more as the root of their rarity."""
    counts = np.bincount(targets)
    weights: Weights = np.sqrt(counts.mean() / counts)
    return weights


def undone(linear: Linear, weights: Weights) -> Linear:
    """Take back what the weights of the labels' rows have done to the labels' probabilities."""
    return replace(linear, intercepts=(linear.intercepts - np.log(weights)).astype(np.float32))
