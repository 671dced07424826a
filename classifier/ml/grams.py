"""Text as counts of word and character n-grams, weighted by TF-IDF.

Words and pairs of words say what a text is about; 2 to 5 characters within a word see through inflection and
typing errors, and carry the languages that put no space between words. The form is the usual one: sublinear
term frequency (1 + log count) times smoothed inverse document frequency, each of the two families scaled to
length 1.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

TEXT_LENGTH = 10_000

_WORD = re.compile(r"\w+")
_SHORTEST, _LONGEST = 2, 5
_TEXTS_LOOKED_AT = 100_000

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
    """Every 2 to 5 characters of a token padded with a space on both sides, with the token's place."""
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

    def weigh(self, text: str) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
        """Places and TF-IDF weights of the n-grams in one text."""
        places = self.places
        counts = Counter(places[gram] for gram, _ in FAMILIES[self.name](text) if gram in places)
        columns = np.fromiter(counts, dtype=np.int32, count=len(counts))
        frequencies = np.fromiter(counts.values(), dtype=np.float32, count=len(counts))
        weights = (1 + np.log(frequencies)) * self.idf[columns]
        norm = np.sqrt(weights @ weights)
        return columns, weights / norm if norm else weights


@dataclass(frozen=True)
class Vectoriser:
    """Turns texts into the rows of a sparse matrix, one column for each n-gram of each family."""

    families: tuple[Family, ...]

    @property
    def width(self) -> int:
        return sum(len(family.vocabulary) for family in self.families)

    def matrix(self, texts: Sequence[str]) -> csr_matrix:
        """Shape (texts, width), float32."""
        columns: list[NDArray[np.int32]] = [np.empty(0, np.int32)]
        weights: list[NDArray[np.float32]] = [np.empty(0, np.float32)]
        ends = np.zeros(len(texts) + 1, dtype=np.int64)
        for row, text in enumerate(texts, 1):
            offset = 0
            ends[row] = ends[row - 1]
            for family in self.families:
                places, values = family.weigh(text)
                columns.append(places + np.int32(offset))
                weights.append(values)
                offset += len(family.vocabulary)
                ends[row] += len(places)
        parts = (np.concatenate(weights), np.concatenate(columns), ends)
        return csr_matrix(parts, shape=(len(texts), self.width))

    def token_weights(self, text: str, weights: NDArray[np.float32]) -> list[float]:
        """What each token adds to a sum over this text's features, shape of `weights` (width,).

        Exact: an n-gram's part is shared evenly by its occurrences, and a pair of words by its two tokens.
        """
        shares = [0.0] * len(tokens(text))
        offset = 0
        for family in self.families:
            columns, values = family.weigh(text)
            parts = dict(zip(columns.tolist(), (values * weights[columns + offset]).tolist(), strict=True))
            owners: dict[int, list[int]] = defaultdict(list)
            for gram, tokens_of_gram in FAMILIES[family.name](text):
                if gram in family.places:
                    owners[family.places[gram]].extend(tokens_of_gram)
            for column, places in owners.items():
                for place in places:
                    shares[place] += parts[column] / len(places)
            offset += len(family.vocabulary)
        return shares

    def pack(self, prefix: str) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
        """Vocabulary as JSON and inverse document frequencies as arrays."""
        vocabulary = {family.name: list(family.vocabulary) for family in self.families}
        return vocabulary, {f"{prefix}{family.name}_idf": family.idf for family in self.families}

    @classmethod
    def unpack(cls, vocabulary: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]], prefix: str) -> Vectoriser:
        return cls(
            tuple(
                Family(name, tuple(vocabulary[name]), arrays[f"{prefix}{name}_idf"])
                for name in FAMILIES
                if name in vocabulary
            )
        )


def learn(texts: Sequence[str], *, families: Sequence[str], features: int, rarest: int) -> Vectoriser:
    """The vectoriser of a training set: per family the `features` n-grams that stand in the most texts.

    An n-gram must stand in `rarest` texts. Of a very large set every k-th text is looked at.
    """
    seen = texts[:: 1 + len(texts) // _TEXTS_LOOKED_AT]
    return Vectoriser(tuple(_learn_family(name, seen, features, rarest) for name in families))


def _learn_family(name: str, texts: Sequence[str], features: int, rarest: int) -> Family:
    frequencies: Counter[str] = Counter()
    for text in texts:
        frequencies.update({gram for gram, _ in FAMILIES[name](text)})
    common = [item for item in frequencies.items() if item[1] >= rarest] or list(frequencies.items())
    common.sort(key=lambda item: (-item[1], item[0]))
    chosen = sorted(common[:features])
    counts = np.array([count for _, count in chosen], dtype=np.float64)
    idf = np.log((1 + len(texts)) / (1 + counts)) + 1
    return Family(name, tuple(gram for gram, _ in chosen), idf.astype(np.float32))
