"""Scores of texts: the vector of a sentence encoder and a linear model."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from . import grams
from .linear import Linear
from .schema import Schema
from .sentences import Embeds, Encoders

# What explaining one text may cost: so many tokens are read once more, all versions of the text together.
_TOKENS_READ_AGAIN = 800


@dataclass(frozen=True)
class SentenceLinear:
    """Inputs are strings; of a long one as many tokens count as the encoder reads."""

    form: ClassVar[str] = "sentence_linear"

    encoder: Embeds
    linear: Linear

    @classmethod
    def sum_of(cls, parts: Sequence[tuple[SentenceLinear, float]]) -> SentenceLinear:
        """Several of one encoder, each with the weight that its scores have."""
        weights = sum(weight * part.linear.weights for part, weight in parts)
        intercepts = sum(weight * part.linear.intercepts for part, weight in parts)
        return cls(parts[0][0].encoder, Linear.of_labels(np.asarray(weights).T, np.asarray(intercepts)))

    @property
    def levels(self) -> Mapping[str, Sequence[str]]:
        return {}

    @property
    def encoders(self) -> Sequence[str]:
        return (self.encoder.sha256,)

    def scores(self, inputs: Sequence[Any]) -> NDArray[np.float64]:
        return self.scores_of(self.encoder.embed(inputs))

    def scores_of(self, vectors: NDArray[np.float32]) -> NDArray[np.float64]:
        return self.linear.scores_of_vectors(vectors)

    def reasons(self, inputs: Sequence[Any], chosen: Sequence[int]) -> list[dict[str, float]]:
        """Per input, by how much its label's lead over the others falls when a word is left out (occlusion)."""
        return [self._words(text, label) for text, label in zip(inputs, chosen, strict=True)]

    def _words(self, text: str, label: int) -> dict[str, float]:
        tokens = grams.tokens(text)
        stretches = _stretches(tokens)
        without = [" ".join(tokens[:first] + tokens[last:]) for first, last in stretches]
        leads = self._leads([" ".join(tokens), *without], label)
        words: dict[str, float] = defaultdict(float)
        for (first, last), lead in zip(stretches, leads[1:], strict=True):
            for token in tokens[first:last]:
                words[token] += float(leads[0] - lead) / (last - first)
        return dict(words)

    def _leads(self, texts: Sequence[str], label: int) -> NDArray[np.float64]:
        """How far the label's score lies above the mean of the others, (texts,)."""
        scores = self.scores(texts)
        others: NDArray[np.float64] = np.delete(scores, label, axis=1).mean(axis=1)
        leads: NDArray[np.float64] = scores[:, label] - others
        return leads

    def pack(self) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
        return {"encoder": self.encoder.sha256}, self.linear.pack()

    @classmethod
    def unpack(
        cls, _: Schema, settings: Mapping[str, Any], arrays: dict[str, NDArray[Any]], encoders: Encoders
    ) -> SentenceLinear:
        return cls(encoders.get(settings["encoder"]), Linear.unpack(arrays))


def _stretches(tokens: Sequence[str]) -> list[tuple[int, int]]:
    """From where to where tokens are left out: one by one, or several neighbours at once where there are many."""
    most = max(2, min(len(tokens), _TOKENS_READ_AGAIN // max(1, len(tokens))))
    bounds = np.linspace(0, len(tokens), min(most, len(tokens)) + 1).astype(int).tolist()
    return list(pairwise(bounds))
