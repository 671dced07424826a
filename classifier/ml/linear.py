"""Linear scores: one weight for each feature and label.

The weights are kept as (features, labels) in C order, which is the (labels, features) of scikit-learn in
Fortran order: a sparse row times them touches only the rows of the features that occur, and nothing is
copied.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

# So much each process that serves a model may well have for itself.
_FEW_BYTES = 4 * 1024 * 1024


@dataclass(frozen=True)
class Linear:
    """Weights (features, labels) and intercepts (labels,), both float32.

    The weights are rounded to half precision when they are made, so that what is evaluated is what is stored.
    """

    weights: NDArray[np.float32]
    intercepts: NDArray[np.float32]

    @classmethod
    def rounded(cls, weights: NDArray[Any], intercepts: NDArray[Any]) -> Linear:
        """From coefficients as scikit-learn has them: (labels, features), or (1, features) for two labels."""
        if len(weights) == 1:
            weights = np.concatenate([-weights / 2, weights / 2])
            intercepts = np.concatenate([-intercepts / 2, intercepts / 2])
        return cls.of_labels(weights, intercepts)

    @classmethod
    def of_labels(cls, weights: NDArray[Any], intercepts: NDArray[Any]) -> Linear:
        """From coefficients (labels, features) and intercepts (labels,)."""
        half = np.ascontiguousarray(weights.T).astype(np.float16)
        return cls(half.astype(np.float32), intercepts.astype(np.float32))

    @cached_property
    def _precise(self) -> NDArray[np.float64]:
        return self.weights.astype(np.float64)

    def scores_of_vectors(self, vectors: NDArray[np.float32]) -> NDArray[np.float64]:
        """Shape (rows, labels), of dense features; in double precision, so that a row's scores do not depend on others
        beside it.
        """
        scores: NDArray[np.float64] = vectors.astype(np.float64) @ self._precise + self.intercepts
        return scores

    def scores(self, *blocks: csr_matrix) -> NDArray[np.float64]:
        """Shape (rows, labels), of matrices that hold the features side by side."""
        total, first = self.intercepts, 0
        for block in blocks:
            last = first + block.shape[1]
            total = total + block @ self.weights[first:last]
            first = last
        return total.astype(np.float64)

    def scores_of_one(self, features: NDArray[np.int32], values: NDArray[np.float32]) -> NDArray[np.float64]:
        """Shape (1, labels), of the features that a row has: what `scores` says of it beside others, to the last bit.

        Sums are made in the same order, and a matrix, which takes longer to make than to multiply, is not.
        """
        parts = self.weights.take(features, axis=0)
        parts *= values[:, None]
        total: NDArray[np.float32] = self.intercepts + np.add.reduce(parts, axis=0)
        return total.astype(np.float64)[None]

    def against_others(self, label: int, features: NDArray[np.int32]) -> NDArray[np.float32]:
        """How much more each of the features speaks for a label than for the others on average, (features,)."""
        weights, labels = self.weights[features], self.weights.shape[1]
        rest: NDArray[np.float32] = (weights[:, label] - weights.mean(axis=1)) * labels / (labels - 1)
        return rest

    def pack(self) -> dict[str, NDArray[Any]]:
        """Few weights are stored in half precision, which is what they are rounded to. Many stay in their file in the
        form in which they are computed with, so that the processes that serve a model share them.
        """
        weights = self.weights.astype(np.float16) if self.weights.nbytes <= _FEW_BYTES else self.weights
        return {"weights": weights, "intercepts": self.intercepts}

    @classmethod
    def unpack(cls, arrays: dict[str, NDArray[Any]]) -> Linear:
        return cls(np.asarray(arrays["weights"], dtype=np.float32), arrays["intercepts"])
