"""Dealing rows out so that every label has its share on every side."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

# Up to so many rows, so many folds. The fewer rows there are, the more a fold's model lacks those that it must not see.
_FOLDS = ((100, 10), (3_000, 5))
_FEWEST_FOLDS = 3


def folds(targets: NDArray[np.intp], *, seed: int) -> NDArray[np.intp]:
    """The fold of each row, or -1 for a row that always trains; shape (rows,).

    The rows of a label are shuffled and dealt out in turn, so every fold has its share of every label. The
    only row of a label always trains, therefore no fold is ever fitted without one of the labels.
    """
    random = np.random.default_rng(seed)
    order = random.permutation(len(targets))
    order = order[np.argsort(targets[order], kind="stable")]
    labels, starts, counts = np.unique(targets[order], return_index=True, return_counts=True)
    rank = np.arange(len(targets)) - np.repeat(starts, counts)
    number = next((number for rows, number in _FOLDS if len(targets) <= rows), _FEWEST_FOLDS)
    # Where a label's deal begins differs from label to label; else the first fold would get all the spare
    # rows.
    dealt = (rank + np.repeat(np.arange(len(labels)), counts)) % number
    dealt[np.repeat(counts, counts) == 1] = -1
    result = np.empty(len(targets), dtype=np.intp)
    result[order] = dealt
    return result


def sample(targets: NDArray[np.intp], *, seed: int, size: int) -> NDArray[np.intp]:
    """Places of at most about `size` rows, in order, of each label its share and at least two."""
    if len(targets) <= size:
        return np.arange(len(targets))
    order = np.random.default_rng(seed).permutation(len(targets))
    order = order[np.argsort(targets[order], kind="stable")]
    _, starts, counts = np.unique(targets[order], return_index=True, return_counts=True)
    rank = np.arange(len(targets)) - np.repeat(starts, counts)
    quota = np.maximum(2, np.round(counts * size / len(targets)))
    return np.sort(order[rank < np.repeat(quota, counts)])
