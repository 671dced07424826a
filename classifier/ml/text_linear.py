"""Scores of texts: n-grams and a linear model."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from . import grams, hashes
from .hashes import Occurrences
from .linear import Linear
from .schema import Schema
from .sentences import Encoders
from .vectoriser import Vectoriser


@dataclass(frozen=True)
class TextLinear:
    """Inputs are strings; of a long one the first 10,000 characters count."""

    form: ClassVar[str] = "text_linear"

    vectoriser: Vectoriser
    linear: Linear

    @property
    def levels(self) -> Mapping[str, Sequence[str]]:
        return {}

    @property
    def encoders(self) -> Sequence[str]:
        return ()

    @property
    def families(self) -> tuple[str, ...]:
        return tuple(self.vectoriser.widths)

    def scores(self, inputs: Sequence[Any]) -> NDArray[np.float64]:
        return np.concatenate([self.scores_of(found) for found in hashes.of_texts(inputs, self.families)])

    def scores_of(self, found: Occurrences) -> NDArray[np.float64]:
        if found.texts == 1:
            return self.linear.scores_of_one(*self.vectoriser.weigh_one(found))
        return self.linear.scores(self.vectoriser.weigh(found))

    def reasons(self, inputs: Sequence[Any], chosen: Sequence[int]) -> list[dict[str, float]]:
        """Per input, what each of its words adds to its label's score against the others; exact."""
        return [self._words(text, label) for text, label in zip(inputs, chosen, strict=True)]

    def _words(self, text: str, label: int) -> dict[str, float]:
        shares = self.vectoriser.token_weights(text, partial(self.linear.against_others, label))
        words: dict[str, float] = defaultdict(float)
        for token, share in zip(grams.tokens(text), shares, strict=True):
            words[token] += share
        return dict(words)

    def pack(self) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
        vocabulary, arrays = self.vectoriser.pack("")
        return {"vocabulary": vocabulary}, arrays | self.linear.pack()

    @classmethod
    def unpack(
        cls, _: Schema, settings: Mapping[str, Any], arrays: dict[str, NDArray[Any]], __: Encoders
    ) -> TextLinear:
        return cls(Vectoriser.unpack(settings["vocabulary"], arrays, ""), Linear.unpack(arrays))
