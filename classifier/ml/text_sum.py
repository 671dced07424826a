"""Scores of texts by several linear models at once: what a model is that was fine-tuned from another one."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from . import arrays, hashes
from .hashes import Occurrences
from .schema import Schema
from .sentences import Encoders
from .text_linear import TextLinear


@dataclass(frozen=True)
class TextSum:
    """Inputs are strings; every part scores the same labels, and the scores are added up."""

    form: ClassVar[str] = "text_sum"

    parts: tuple[TextLinear, ...]

    @property
    def levels(self) -> Mapping[str, Sequence[str]]:
        return {}

    @property
    def encoders(self) -> Sequence[str]:
        return ()

    @property
    def families(self) -> tuple[str, ...]:
        return tuple({family: None for part in self.parts for family in part.families})

    def scores(self, inputs: Sequence[Any]) -> NDArray[np.float64]:
        return np.concatenate([self.scores_of(found) for found in hashes.of_texts(inputs, self.families)])

    def scores_of(self, found: Occurrences) -> NDArray[np.float64]:
        total: NDArray[np.float64] = np.sum([part.scores_of(found) for part in self.parts], axis=0)
        return total

    def reasons(self, inputs: Sequence[Any], chosen: Sequence[int]) -> list[dict[str, float]]:
        """Per input, what each of its words adds to its label's score against the others; exact."""
        found = [part.reasons(inputs, chosen) for part in self.parts]
        return [_added(of_input) for of_input in zip(*found, strict=True)]

    def pack(self) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
        settings: list[dict[str, Any]] = []
        found: dict[str, NDArray[Any]] = {}
        for number, part in enumerate(self.parts):
            own, packed = part.pack()
            settings.append(own)
            found |= arrays.named(f"part{number}_", packed)
        return {"parts": settings}, found

    @classmethod
    def unpack(
        cls, schema: Schema, settings: Mapping[str, Any], packed: dict[str, NDArray[Any]], encoders: Encoders
    ) -> TextSum:
        parts = (
            TextLinear.unpack(schema, own, arrays.within(f"part{number}_", packed), encoders)
            for number, own in enumerate(settings["parts"])
        )
        return cls(tuple(parts))


def _added(shares: Sequence[Mapping[str, float]]) -> dict[str, float]:
    words: dict[str, float] = defaultdict(float)
    for share in shares:
        for word, weight in share.items():
            words[word] += weight
    return dict(words)
