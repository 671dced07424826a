"""Gradient boosted trees as plain arrays, and the walk through them in numpy.

The trees are grown by scikit-learn's HistGradientBoostingClassifier. Its nodes are copied out once, after
fitting, and nothing of scikit-learn is needed to compute with them.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

_NODES_AT_ONCE = 400_000
_BITS = 32
WORDS = 8


@dataclass(frozen=True)
class Forest:
    """All nodes of all trees, one after the other; a leaf points at itself.

    `feature`, `threshold`, `left`, `right`, `missing_left`, `value`, `bitset` have shape (nodes,). `bitset`
    is the row of `bitsets` (sets, 8), 256 bits, with the categories that go left, or -1 where the split is by
    threshold. `roots` and `label` have shape (trees,), `baseline` (scores,); `depth` (1,) is the length of
    the longest path.
    """

    feature: NDArray[np.int32]
    threshold: NDArray[np.float64]
    left: NDArray[np.int32]
    right: NDArray[np.int32]
    missing_left: NDArray[np.bool_]
    value: NDArray[np.float64]
    bitset: NDArray[np.int32]
    bitsets: NDArray[np.uint32]
    roots: NDArray[np.int32]
    label: NDArray[np.int32]
    baseline: NDArray[np.float64]
    depth: NDArray[np.int32]

    def scores(self, features: NDArray[np.float64]) -> NDArray[np.float64]:
        """Shape (rows, labels); `features` is (rows, features), NaN where nothing is known."""
        raw = np.tile(self.baseline, (len(features), 1))
        step = max(1, _NODES_AT_ONCE // len(self.roots))
        for start in range(0, len(features), step):
            leaves = self.value[self._leaves(features[start : start + step])]
            for label in range(raw.shape[1]):
                raw[start : start + step, label] += leaves[:, self.label == label].sum(axis=1)
        return np.concatenate([-raw / 2, raw / 2], axis=1) if raw.shape[1] == 1 else raw

    def _leaves(self, features: NDArray[np.float64]) -> NDArray[np.int32]:
        """The leaf that each row reaches in each tree, shape (rows, trees)."""
        rows = np.arange(len(features))[:, None]
        node = np.tile(self.roots, (len(features), 1))
        for _ in range(int(self.depth[0])):
            value = features[rows, self.feature[node]]
            goes_left = value <= self.threshold[node]
            by_category = self.bitset[node] >= 0
            if by_category.any():
                goes_left[by_category] = self._is_in_set(self.bitset[node[by_category]], value[by_category])
            goes_left = np.where(np.isnan(value), self.missing_left[node], goes_left)
            node = np.where(goes_left, self.left[node], self.right[node])
        return node

    def _is_in_set(self, sets: NDArray[np.int32], values: NDArray[np.float64]) -> NDArray[np.bool_]:
        codes = np.nan_to_num(values).astype(np.uint32)
        words = self.bitsets[sets, codes // _BITS]
        return ((words >> (codes % _BITS)) & 1).astype(bool)

    def pack(self) -> dict[str, NDArray[Any]]:
        return {field.name: getattr(self, field.name) for field in fields(self)}

    @classmethod
    def unpack(cls, arrays: dict[str, NDArray[Any]]) -> Forest:
        return cls(**{field.name: arrays[field.name] for field in fields(cls)})
