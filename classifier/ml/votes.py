"""Trees that are grown apart and vote, as plain arrays, and the walk through them in numpy.

scikit-learn's RandomForestClassifier grows them (Breiman 2001). Their nodes are copied out once, after fitting, and
nothing of scikit-learn is needed to compute with them.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

_NODES_AT_ONCE = 400_000
# What no tree has seen is not impossible.
_DOUBT = 0.01


@dataclass(frozen=True)
class Votes:
    """All nodes of all trees, one after the other; a leaf points at itself.

    `feature`, `threshold`, `left`, `right`, `missing_left` and `leaf` have shape (nodes,); `leaf` is the row of
    `shares` (leaves, labels) with the labels' shares of a leaf's rows. `roots` has shape (trees,); `depth` (1,) is the
    length of the longest path.
    """

    feature: NDArray[np.int32]
    threshold: NDArray[np.float32]
    left: NDArray[np.int32]
    right: NDArray[np.int32]
    missing_left: NDArray[np.bool_]
    leaf: NDArray[np.int32]
    shares: NDArray[np.float16]
    roots: NDArray[np.int32]
    depth: NDArray[np.int32]

    def scores(self, features: NDArray[np.float64]) -> NDArray[np.float64]:
        """The logarithms of the mean shares, (rows, labels); `features` is (rows, features), NaN where nothing is
        known.
        """
        labels = self.shares.shape[1]
        means = np.empty((len(features), labels))
        step = max(1, _NODES_AT_ONCE // (len(self.roots) * labels))
        for start in range(0, len(features), step):
            leaves = self.leaf[self._ends(rounded(features[start : start + step]))]
            means[start : start + step] = self.shares[leaves].mean(axis=1, dtype=np.float64)
        scores: NDArray[np.float64] = np.log((1 - _DOUBT) * means + _DOUBT / labels)
        return scores

    def _ends(self, features: NDArray[np.float32]) -> NDArray[np.int32]:
        """The leaf that each row reaches in each tree, shape (rows, trees)."""
        rows = np.arange(len(features))[:, None]
        node = np.tile(self.roots, (len(features), 1))
        for _ in range(int(self.depth[0])):
            value = features[rows, self.feature[node]]
            goes_left = (value <= self.threshold[node]) | (np.isnan(value) & self.missing_left[node])
            node = np.where(goes_left, self.left[node], self.right[node])
        return node

    def pack(self) -> dict[str, NDArray[Any]]:
        return {field.name: getattr(self, field.name) for field in fields(self)}

    @classmethod
    def unpack(cls, arrays: dict[str, NDArray[Any]]) -> Votes:
        return cls(**{field.name: arrays[field.name] for field in fields(cls)})


def rounded(features: NDArray[np.float64]) -> NDArray[np.float32]:
    """In single precision, in which these trees are grown; what is too large for it becomes the largest number."""
    most = float(np.finfo(np.float32).max)
    return np.clip(features, -most, most).astype(np.float32)
