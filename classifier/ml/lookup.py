"""From hashes to columns: a sorted table, searched for thousands of hashes at once, that lies on disk as it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

_LAST = np.uint64(2**64 - 1)


@dataclass(frozen=True)
class Lookup:
    """`hashes` (known + 1,) ascend and end with the largest number there is; `columns` (known,) belong to them.

    `starts` (a power of two,) says for the first bits of a hash at which place of `hashes` a search begins. There are
    more than twice as many as hashes, so that most searches end where they begin.
    """

    hashes: NDArray[np.uint64]
    columns: NDArray[np.int32]
    starts: NDArray[np.int32]

    @classmethod
    def of(cls, hashes: NDArray[np.uint64]) -> Lookup:
        """The table in which each of the hashes has its place in them as its column."""
        order = np.argsort(hashes, kind="stable").astype(np.int32)
        ascending = hashes[order]
        bits = (2 * len(hashes) + 1).bit_length()
        firsts = np.arange(2**bits, dtype=np.uint64) << np.uint64(64 - bits)
        starts = np.searchsorted(ascending, firsts).astype(np.int32)
        return cls(np.append(ascending, _LAST), order, starts)

    def find(self, hashes: NDArray[np.uint64]) -> tuple[NDArray[np.intp], NDArray[np.int32]]:
        """Which of the hashes are known, and their columns."""
        places = self.starts.take(hashes >> self._shift)
        found = self.hashes.take(places)
        behind = (found < hashes).nonzero()[0]
        while len(behind):
            later = places.take(behind) + 1
            reached = self.hashes.take(later)
            places[behind], found[behind] = later, reached
            behind = behind[reached < hashes.take(behind)]
        known = (found == hashes).nonzero()[0]
        return known, self.columns.take(places[known], mode="clip")

    @cached_property
    def _shift(self) -> np.uint64:
        return np.uint64(65 - len(self.starts).bit_length())

    def pack(self, prefix: str) -> dict[str, NDArray[Any]]:
        return {f"{prefix}hashes": self.hashes, f"{prefix}columns": self.columns, f"{prefix}starts": self.starts}

    @classmethod
    def unpack(cls, arrays: Mapping[str, NDArray[Any]], prefix: str, *, width: int) -> Lookup:
        """Raises ValueError for a column that there is not: sparse products do not look before they read."""
        lookup = cls(arrays[f"{prefix}hashes"], arrays[f"{prefix}columns"], arrays[f"{prefix}starts"])
        columns = lookup.columns
        if columns.dtype != np.int32 or columns.shape != (width,) or ((columns < 0) | (columns >= width)).any():
            raise ValueError(f"The table of n-grams has columns beyond the {width:,} of the model.")
        return lookup
