"""Several models of different kinds as one: a logarithmic opinion pool (Hinton 2002).

Each part's scores count with a weight of its own. The parts err in different places, so together they err less.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from . import arrays
from .predictor import Scorer
from .schema import Schema
from .sentence_linear import SentenceLinear
from .sentences import Encoders
from .table_forest import TableForest
from .table_linear import TableLinear
from .text_linear import TextLinear
from .text_sum import TextSum

PARTS: Mapping[str, type[Scorer]] = {
    form.form: form for form in (TextLinear, TextSum, SentenceLinear, TableLinear, TableForest)
}


@dataclass(frozen=True)
class Pool:
    form: ClassVar[str] = "pool"

    parts: tuple[Scorer, ...]
    weights: tuple[float, ...]

    @classmethod
    def of(cls, parts: Sequence[Scorer], weights: Sequence[float]) -> Pool:
        """Parts that are linear in the same encoder's vectors become one, so that a text is read once."""
        kept: list[tuple[Scorer, float]] = []
        of_encoder: dict[str, list[tuple[SentenceLinear, float]]] = defaultdict(list)
        for part, weight in _flat(parts, weights):
            if isinstance(part, SentenceLinear):
                of_encoder[part.encoder.sha256].append((part, weight))
            else:
                kept.append((part, weight))
        kept += [(SentenceLinear.sum_of(linear), 1.0) for linear in of_encoder.values()]
        return cls(tuple(part for part, _ in kept), tuple(weight for _, weight in kept))

    @property
    def levels(self) -> Mapping[str, Sequence[str]]:
        """Those that any of the parts knows."""
        known: dict[str, dict[str, None]] = defaultdict(dict)
        for part in self.parts:
            for name, levels in part.levels.items():
                known[name].update(dict.fromkeys(levels))
        return {name: tuple(levels) for name, levels in known.items()}

    @property
    def encoders(self) -> Sequence[str]:
        return sorted({sha256 for part in self.parts for sha256 in part.encoders})

    def scores(self, inputs: Sequence[Any]) -> NDArray[np.float64]:
        return mixed([part.scores(inputs) for part in self.parts], self.weights)

    def reasons(self, inputs: Sequence[Any], chosen: Sequence[int]) -> list[dict[str, float]]:
        found = [part.reasons(inputs, chosen) for part in self.parts]
        return [self._together(of_input) for of_input in zip(*found, strict=True)]

    def _together(self, found: Sequence[Mapping[str, float]]) -> dict[str, float]:
        total: dict[str, float] = defaultdict(float)
        for weight, reasons in zip(self.weights, found, strict=True):
            for name, value in reasons.items():
                total[name] += weight * value
        return dict(total)

    def pack(self) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
        settings: list[dict[str, Any]] = []
        packed: dict[str, NDArray[Any]] = {}
        for number, part in enumerate(self.parts):
            own, found = part.pack()
            settings.append({"form": part.form, "settings": own})
            packed |= arrays.named(f"part{number}_", found)
        return {"parts": settings, "weights": self.weights}, packed

    @classmethod
    def unpack(
        cls, schema: Schema, settings: Mapping[str, Any], packed: dict[str, NDArray[Any]], encoders: Encoders
    ) -> Pool:
        parts = tuple(
            PARTS[part["form"]].unpack(schema, part["settings"], arrays.within(f"part{number}_", packed), encoders)
            for number, part in enumerate(settings["parts"])
        )
        return cls(parts, tuple(map(float, settings["weights"])))


def _flat(parts: Sequence[Scorer], weights: Sequence[float]) -> Iterator[tuple[Scorer, float]]:
    """The parts, and those of pools among them, with the weight that each has in the whole."""
    for part, weight in zip(parts, weights, strict=True):
        if isinstance(part, Pool):
            yield from _flat(part.parts, [weight * own for own in part.weights])
        else:
            yield part, weight


def mixed(scores: Sequence[NDArray[np.float64]], weights: Sequence[float]) -> NDArray[np.float64]:
    """The weighted sum of the parts' scores, each (rows, labels)."""
    total: NDArray[np.float64] = np.sum([weight * part for weight, part in zip(weights, scores, strict=True)], axis=0)
    return total
