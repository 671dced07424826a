"""Confidence set right by what turned out to be true (top-label calibration, Gupta and Ramdas 2022)."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Isotonic:
    """Where a model was `stated` (knots,) sure, it was right in the share `true` (knots,) of the cases; both rise."""

    stated: NDArray[np.float64]
    true: NDArray[np.float64]

    @property
    def is_sound(self) -> bool:
        """Whether both rise, as many of the one as of the other, within 0 and 1."""
        both = (self.stated, self.true)
        within = all(each.ndim == 1 and each.size and each.min() >= 0 and each.max() <= 1 for each in both)
        return within and len(self.stated) == len(self.true) and all(bool((np.diff(each) >= 0).all()) for each in both)

    def confidence(self, stated: NDArray[np.float64]) -> NDArray[np.float64]:
        """The true share for each stated confidence, (rows,)."""
        return np.interp(stated, self.stated, self.true)

    def corrected(self, probabilities: NDArray[np.float64]) -> NDArray[np.float64]:
        """Probabilities (rows, labels) whose greatest is the true one; the others keep their ratios and share the rest.

        Which label is the most probable never changes: where it would, the two become equally probable.
        """
        rows, top = np.arange(len(probabilities)), probabilities.argmax(axis=1)
        others = probabilities.copy()
        others[rows, top] = 0.0
        rest = others.sum(axis=1, keepdims=True)
        # Where a model was so sure that nothing is left for the others, they share evenly.
        others = np.where(rest > 0, others / np.where(rest > 0, rest, 1), 1 / max(1, probabilities.shape[1] - 1))
        others[rows, top] = 0.0
        second = others.max(axis=1)
        sure = np.maximum(self.confidence(probabilities[rows, top]), second / (1 + second))
        result: NDArray[np.float64] = others * (1 - sure)[:, None]
        result[rows, top] = np.maximum(sure, result.max(axis=1))
        return result

    def pack(self) -> dict[str, NDArray[Any]]:
        return {field.name: getattr(self, field.name) for field in fields(self)}

    @classmethod
    def unpack(cls, arrays: dict[str, NDArray[Any]]) -> Isotonic:
        return cls(**{field.name: arrays[field.name] for field in fields(cls)})
