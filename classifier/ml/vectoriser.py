"""Text as counts of the n-grams that a model knows, weighted by TF-IDF.

The form is the usual one: sublinear term frequency (1 + log count) times smoothed inverse document frequency,
each of the two families scaled to length 1.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, vstack

from . import grams, hashes
from .hashes import Occurrences
from .lookup import Lookup

Integer = TypeVar("Integer", np.int32, np.int64)

_TEXTS_LOOKED_AT = 100_000


@dataclass(frozen=True)
class Vectoriser:
    """Turns texts into the rows of a sparse matrix, one column for each n-gram of each family.

    `widths` says how many columns a family has, `idf` (width,) are the inverse document frequencies. The columns of a
    family go from its most frequent n-gram to its rarest, so what is used together lies together. `listing` are the
    n-grams themselves, in UTF-8 and a line each; only people read them.
    """

    widths: Mapping[str, int]
    idf: NDArray[np.float32]
    lookup: Lookup
    listing: NDArray[np.uint8]

    @classmethod
    def of(cls, vocabulary: Mapping[str, Sequence[str]], idf: NDArray[np.float32]) -> Vectoriser:
        """From the n-grams of each family and their inverse document frequencies, those of words first."""
        widths = {family: len(vocabulary[family]) for family in grams.FAMILIES if family in vocabulary}
        hashed = [hashes.of_grams(family, vocabulary[family]) for family in widths]
        lines = "\n".join(gram for family in widths for gram in vocabulary[family])
        listing = np.frombuffer(lines.encode("utf-8", "surrogatepass"), np.uint8)
        return cls(widths, idf, Lookup.of(np.concatenate(hashed)), listing)

    @classmethod
    def learn(cls, texts: Sequence[str], *, features: Mapping[str, int], rarest: int) -> Vectoriser:
        """The vectoriser of a training set: per family so many n-grams, those that stand in the most texts.

        An n-gram must stand in `rarest` texts. Of a very large set every k-th text is looked at.
        """
        seen = texts[:: 1 + len(texts) // _TEXTS_LOOKED_AT]
        common = {
            family: _most_common(family, seen, features[family], rarest)
            for family in grams.FAMILIES
            if family in features
        }
        counts = np.array([count for found in common.values() for _, count in found], dtype=np.float64)
        idf = np.log((1 + len(seen)) / (1 + counts)) + 1
        return cls.of({family: [gram for gram, _ in found] for family, found in common.items()}, idf.astype(np.float32))

    @property
    def width(self) -> int:
        return len(self.idf)

    @property
    def vocabulary(self) -> dict[str, list[str]]:
        """The n-grams of each family in the order of their columns."""
        lines = iter(self.listing.tobytes().decode("utf-8", "surrogatepass").split("\n"))
        return {family: [next(lines) for _ in range(width)] for family, width in self.widths.items()}

    @property
    def is_word(self) -> NDArray[np.bool_]:
        """Which columns are those of single words, (width,)."""
        named = self.vocabulary.items()
        return np.array([family == "words" and " " not in gram for family, found in named for gram in found], bool)

    def matrix(self, texts: Sequence[str]) -> csr_matrix:
        """Shape (texts, width), float32."""
        parts = [self.weigh(found) for found in hashes.of_texts(texts, tuple(self.widths))]
        return parts[0] if len(parts) == 1 else vstack(parts, format="csr")

    def weigh(self, found: Occurrences) -> csr_matrix:
        """Shape (texts, width), float32; n-grams of other vectorisers may be among what was found."""
        known, columns = self.lookup.find(found.hashes)
        cells, counts = _counted(found.rows.take(known) * np.int64(self.width) + columns)
        rows = cells // max(1, self.width)
        columns = cells - rows * self.width
        weights = self._weighted(columns, counts, 2 * rows)
        starts = rows.searchsorted(np.arange(found.texts + 1))
        parts = (weights, columns.astype(np.int32), starts.astype(np.int32))
        return csr_matrix(parts, shape=(found.texts, self.width))

    def weigh_one(self, found: Occurrences) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
        """The columns of one text's n-grams, which ascend, and their weights: the row of its matrix, without the
        matrix.
        """
        columns, counts = _counted(self.lookup.find(found.hashes)[1])
        return columns, self._weighted(columns, counts, 0)

    def _weighted(
        self, columns: NDArray[Any], counts: NDArray[np.float32], texts: NDArray[Any] | int
    ) -> NDArray[np.float32]:
        """The weights of what was counted; `texts` are even numbers, each text has its own."""
        weights = np.log(counts)
        weights += 1
        weights *= self.idf.take(columns)
        # Each text's words are scaled by themselves, and so are its characters.
        stretches = texts + (columns >= self.widths.get("words", 0))
        weights /= np.sqrt(np.bincount(stretches, weights * weights)).take(stretches)
        return weights

    def token_weights(self, text: str, weigh: Callable[[NDArray[np.int32]], NDArray[np.float32]]) -> list[float]:
        """What each token adds to a sum over this text's features; `weigh` gives the weights of some columns.

        Exact: an n-gram's part is shared evenly by its occurrences, and a pair of words by its two tokens.
        """
        row = self.matrix([text])
        parts = dict(zip(row.indices.tolist(), (row.data * weigh(row.indices)).tolist(), strict=True))
        owners: dict[int, list[int]] = defaultdict(list)
        for family in self.widths:
            found = list(grams.FAMILIES[family](text))
            known, columns = self.lookup.find(hashes.of_grams(family, [gram for gram, _ in found]))
            for place, column in zip(known.tolist(), columns.tolist(), strict=True):
                owners[column].extend(found[place][1])
        shares = [0.0] * len(grams.tokens(text))
        for column, tokens in owners.items():
            for token in tokens:
                shares[token] += parts[column] / len(tokens)
        return shares

    def pack(self, prefix: str) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
        """The number of n-grams in each family, and the arrays."""
        arrays: dict[str, NDArray[Any]] = {f"{prefix}grams": self.listing, f"{prefix}idf": self.idf}
        return dict(self.widths), arrays | self.lookup.pack(prefix)

    @classmethod
    def unpack(cls, settings: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]], prefix: str) -> Vectoriser:
        if f"{prefix}grams" not in arrays:
            return _from_format_1(settings, arrays, prefix)
        idf = arrays[f"{prefix}idf"]
        widths = {family: int(settings[family]) for family in grams.FAMILIES if family in settings}
        if any(width < 0 for width in widths.values()) or sum(widths.values()) != len(idf):
            raise ValueError(f"The families of n-grams have {widths} columns, and frequencies {len(idf):,}.")
        return cls(widths, idf, Lookup.unpack(arrays, prefix, width=len(idf)), arrays[f"{prefix}grams"])


def _most_common(family: str, texts: Sequence[str], features: int, rarest: int) -> list[tuple[str, int]]:
    frequencies: Counter[str] = Counter()
    for text in texts:
        frequencies.update({gram for gram, _ in grams.FAMILIES[family](text)})
    common = [item for item in frequencies.items() if item[1] >= rarest] or list(frequencies.items())
    common.sort(key=lambda item: (-item[1], item[0]))
    return common[:features]


def _from_format_1(
    vocabulary: Mapping[str, Sequence[str]], arrays: Mapping[str, NDArray[Any]], prefix: str
) -> Vectoriser:
    """From n-grams as JSON, which stood in the order of the alphabet, and frequencies in a file for each family."""
    idf = [arrays[f"{prefix}{family}_idf"] for family in grams.FAMILIES if family in vocabulary]
    return Vectoriser.of(vocabulary, np.concatenate(idf))


def _counted(cells: NDArray[Integer]) -> tuple[NDArray[Integer], NDArray[np.float32]]:
    """The values, each once and ascending, and how often each stood there. What is given is sorted in place."""
    cells.sort()
    is_last = np.ones(len(cells), bool)
    np.not_equal(cells[1:], cells[:-1], out=is_last[:-1])
    lasts = is_last.nonzero()[0]
    counts = lasts.astype(np.float32)
    counts[1:] -= lasts[:-1]
    counts[:1] += 1
    return cells.take(lasts), counts
