"""Numbers as places among a column's quantiles, so that a linear model can bend (Gorishniy et al. 2022).

Each stretch between two quantiles is a feature that goes from 0 to 1 while a number crosses it. That the numbers are
skewed makes no difference.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_STRETCHES = 8
_ROWS_A_STRETCH = 20
_FEWEST_STRETCHES = 2

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Quantiles:
    """`edges` (numbers, stretches + 1) rise in each row; a stretch without length is left out as always 0."""

    edges: Floats

    @classmethod
    def learn(cls, values: Floats) -> Quantiles:
        """Of (rows, numbers) values, NaN where they are missing."""
        stretches = min(_STRETCHES, max(_FEWEST_STRETCHES, len(values) // _ROWS_A_STRETCH))
        shares = np.linspace(0, 1, stretches + 1)
        edges = np.zeros((values.shape[1], stretches + 1))
        for number, column in enumerate(values.T):
            known = column[~np.isnan(column)]
            if len(known):
                edges[number] = _spread(known, shares)
        return cls(edges)

    @property
    def stretches(self) -> int:
        return int(self.edges.shape[1]) - 1

    def places(self, values: Floats) -> Floats:
        """Of (rows, numbers) values shape (rows, numbers * stretches), each 0 to 1; 0 where a value is missing."""
        starts, lengths = self.edges[:, :-1], np.diff(self.edges, axis=1)
        crossed = np.clip((values[:, :, None] - starts) / np.where(lengths > 0, lengths, np.inf), 0, 1)
        return np.nan_to_num(crossed).reshape(len(values), -1)


def _spread(known: Floats, shares: Floats) -> Floats:
    """Quantiles of the values that differ where there are few of them or one is very frequent, else of all."""
    edges = np.quantile(known, shares)
    if len(np.unique(edges)) < len(edges):
        edges = np.quantile(np.unique(known), shares)
    return np.asarray(edges, dtype=np.float64)
