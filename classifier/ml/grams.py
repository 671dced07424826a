"""Text as counts of word and character n-grams, weighted by TF-IDF.

Words and pairs of words say what a text is about; 2 to 5 characters within a word see through inflection and typing
errors, and carry the languages that put no space between words. The form is the usual one: sublinear term frequency
(1 + log count) times smoothed inverse document frequency, each of the two families scaled to length 1.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, hstack
from sklearn.feature_extraction.text import CountVectorizer

TEXT_LENGTH = 10_000

_WORD = re.compile(r"\w+")
_SHORTEST, _LONGEST = 2, 5

Owned = tuple[str, tuple[int, ...]]


def tokens(text: str) -> list[str]:
    """The runs between white space, which explanations are given in."""
    return text[:TEXT_LENGTH].split()


def words(text: str) -> Iterator[Owned]:
    """Every word and pair of words, each with the places of the tokens it comes from."""
    found = [(word, place) for place, token in enumerate(tokens(text.lower())) for word in _WORD.findall(token)]
    for word, place in found:
        yield word, (place,)
    for (left, first), (right, second) in pairwise(found):
        yield f"{left} {right}", (first, second)


def characters(text: str) -> Iterator[Owned]:
    """Every 2 to 5 characters of a token that is padded with a space on both sides, with the token's place."""
    for place, token in enumerate(tokens(text.lower())):
        padded = f" {token} "
        for length in range(_SHORTEST, min(_LONGEST, len(padded)) + 1):
            for start in range(len(padded) - length + 1):
                yield padded[start : start + length], (place,)


FAMILIES = {"words": words, "characters": characters}


@dataclass(frozen=True)
class Family:
    """The n-grams of one family that a model knows, and their inverse document frequencies."""

    name: str
    vocabulary: tuple[str, ...]
    idf: NDArray[np.float32]

    @cached_property
    def places(self) -> dict[str, int]:
        return {gram: place for place, gram in enumerate(self.vocabulary)}

    def row(self, text: str) -> tuple[NDArray[np.intp], NDArray[np.float32]]:
        """Places and TF-IDF weights of the n-grams in one text."""
        places = self.places
        counts = Counter(places[gram] for gram, _ in FAMILIES[self.name](text) if gram in places)
        columns = np.fromiter(counts, dtype=np.intp, count=len(counts))
        frequencies = np.fromiter(counts.values(), dtype=np.float32, count=len(counts))
        weights = (1 + np.log(frequencies)) * self.idf[columns]
        norm = np.sqrt(weights @ weights)
        return columns, weights / norm if norm else weights

    def matrix(self, texts: Sequence[str]) -> csr_matrix:
        rows = [self.row(text) for text in texts]
        ends = np.cumsum([0, *(len(columns) for columns, _ in rows)])
        columns = np.concatenate([np.empty(0, np.intp), *(columns for columns, _ in rows)])
        weights = np.concatenate([np.empty(0, np.float32), *(weights for _, weights in rows)])
        return csr_matrix((weights, columns, ends), shape=(len(texts), len(self.vocabulary)), dtype=np.float32)
