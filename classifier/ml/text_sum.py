"""Scores of texts by several linear models at once: what a model is that was fine-tuned from another one.

The base's scores are features of the new model beside the text's own n-grams. As all of it is linear, the weights
that the base's scores get are multiplied into the base's weights, and nothing of the base is computed twice.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, hstack

from . import arrays, hashes
from .hashes import Occurrences
from .linear import Linear
from .schema import Schema
from .sentences import Encoders
from .text_linear import TextLinear
from .vectoriser import Vectoriser


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

    def scores(self, inputs: Sequence[Any]) -> NDArray[np.float64]:
        families = tuple({family: None for part in self.parts for family in part.families})
        return np.concatenate([self._scores_of(found) for found in hashes.of_texts(inputs, families)])

    def _scores_of(self, found: Occurrences) -> NDArray[np.float64]:
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


def tune(
    base: TextLinear | TextSum,
    vectoriser: Vectoriser,
    texts: Sequence[str],
    solve: Callable[[csr_matrix], Linear],
) -> TextSum:
    """Fit on the n-grams of `texts` and on what the base says of them; its labels may be others than the new ones."""
    matrix = hstack([vectoriser.matrix(texts), csr_matrix(base.scores(texts), dtype=np.float32)], format="csr")
    joint = solve(matrix)
    own, mixed = joint.weights[: vectoriser.width], joint.weights[vectoriser.width :]
    # The new weights are (base's labels, labels); each part of the base is rewritten for the new labels.
    lifted = [
        TextLinear(
            part.vectoriser,
            Linear.rounded((part.linear.weights @ mixed).T, part.linear.intercepts @ mixed),
        )
        for part in (base.parts if isinstance(base, TextSum) else (base,))
    ]
    return TextSum((TextLinear(vectoriser, Linear(own, joint.intercepts)), *lifted))


def _added(shares: Sequence[Mapping[str, float]]) -> dict[str, float]:
    words: dict[str, float] = defaultdict(float)
    for share in shares:
        for word, weight in share.items():
            words[word] += weight
    return dict(words)
