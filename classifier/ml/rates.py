"""What the levels of a category with very many of them say of the label.

A tree tells at most 255 levels apart. Of more it sees how often each label occurs with a level (Micci-Barreca 2001),
and how often the level occurs at all.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

Names = Sequence[str | None]
Floats = NDArray[np.float64]

MOST_LEVELS = 20_000
_LABELS = 16
# So many rows of a level weigh as much as all rows together do.
_PRIOR_ROWS = 5.0
_FOLDS = 5
_BINARY = 2


@dataclass(frozen=True)
class Rates:
    """`values` (levels + 1, fields) are each level's shares of the most frequent labels, and the logarithm of how many
    rows it has; the last row is that of any other level.
    """

    levels: tuple[str, ...]
    values: NDArray[np.float32]

    @cached_property
    def _codes(self) -> dict[str, int]:
        return _codes(self.levels)

    def of(self, names: Names) -> Floats:
        """Shape (rows, fields), NaN where a name is missing."""
        found = self.values[_places(names, self._codes)].astype(np.float64)
        found[_missing(names)] = np.nan
        return found


def learn(names: Names, targets: NDArray[np.intp], *, seed: int) -> tuple[Rates, Floats]:
    """The rates of the levels, and those that the rows are to be fitted with, (rows, fields).

    A row's own label must not be among what it is fitted with, so it gets the rates of rows in other folds; to them a
    level that has a single row is unknown, as others will be to a served model.
    """
    counted = Counter(name for name in names if name is not None)
    levels = tuple(sorted(sorted(counted, key=lambda name: (-counted[name], name))[:MOST_LEVELS]))
    places = _places(names, _codes(levels))
    shape = (len(levels) + 1, int(targets.max()) + 1)
    fold = np.random.default_rng(seed).permutation(len(targets)) % _FOLDS
    counts = [_counts(places[fold == each], targets[fold == each], shape) for each in range(_FOLDS)]
    total: Floats = np.sum(counts, axis=0)
    shown = _shown(np.bincount(targets))
    prior = np.bincount(targets) / len(targets)
    fitted = np.empty((len(targets), len(shown) + 1))
    for each, own in enumerate(counts):
        fitted[fold == each] = _values(total - own, prior, shown)[places[fold == each]]
    fitted[_missing(names)] = np.nan
    return Rates(levels, _values(total, prior, shown).astype(np.float32)), fitted


def _codes(levels: Sequence[str]) -> dict[str, int]:
    return {level: code for code, level in enumerate(levels)}


def _places(names: Names, codes: Mapping[str, int]) -> NDArray[np.intp]:
    """Where each name stands in the values."""
    return np.array([len(codes) if name is None else codes.get(name, len(codes)) for name in names], dtype=np.intp)


def _missing(names: Names) -> NDArray[np.bool_]:
    return np.array([name is None for name in names], dtype=bool)


def _counts(places: NDArray[np.intp], targets: NDArray[np.intp], shape: tuple[int, int]) -> Floats:
    """The rows of each level and label; none of other levels, of which nothing is to be known."""
    levels, labels = shape
    counts = np.bincount(places * labels + targets, minlength=levels * labels).reshape(shape).astype(np.float64)
    counts[-1] = 0
    return counts


def _shown(counts: NDArray[np.intp]) -> NDArray[np.intp]:
    """The labels whose shares are shown: of two the second says it all."""
    if len(counts) == _BINARY:
        return np.array([1], dtype=np.intp)
    return np.argsort(-counts, kind="stable")[:_LABELS]


def _values(counts: Floats, prior: Floats, shown: NDArray[np.intp]) -> Floats:
    rows = counts.sum(axis=1, keepdims=True)
    shares = (counts + _PRIOR_ROWS * prior) / (rows + _PRIOR_ROWS)
    return np.concatenate([shares[:, shown], np.log1p(rows)], axis=1)
