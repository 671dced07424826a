"""From hashes to columns: a sorted table, searched for thousands of hashes at once, that lies on disk as it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

_LAST = np.uint64(2**64 - 1)
# How many that follow on each other a hash is compared with at a time. Four are almost always enough, and for a text or
# two a second look costs more than what the first one looks at in vain; for many it is the other way round.
_FEW, _MANY = np.arange(4, dtype=np.int32), np.arange(1, dtype=np.int32)
_FEW_HASHES = 1_024


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
        """Which of the hashes are known, in no order, and their columns."""
        starts, following = self.starts.take(hashes >> self._shift), _FEW if len(hashes) <= _FEW_HASHES else _MANY
        known, columns, left = self._found(hashes, starts[:, None] + following)
        while len(left):
            following = following + len(following)
            more, others, behind = self._found(hashes.take(left), starts.take(left)[:, None] + following)
            known, columns = np.concatenate([known, left.take(more)]), np.concatenate([columns, others])
            left = left.take(behind)
        return known, columns

    def _found(
        self, hashes: NDArray[np.uint64], places: NDArray[np.int32]
    ) -> tuple[NDArray[np.intp], NDArray[np.int32], NDArray[np.intp]]:
        """Which of the hashes are at their places, (hashes, places for each), their columns, and which may stand behind
        them.
        """
        found = self.hashes.take(places, mode="clip")
        here = (found == hashes[:, None]).ravel().nonzero()[0]
        columns = self.columns.take(places.ravel().take(here), mode="clip")
        return here // places.shape[1], columns, (found[:, -1] < hashes).nonzero()[0]

    @cached_property
    def _shift(self) -> np.uint64:
        return np.uint64(65 - len(self.starts).bit_length())

    def pack(self, prefix: str) -> dict[str, NDArray[Any]]:
        return {f"{prefix}hashes": self.hashes, f"{prefix}columns": self.columns, f"{prefix}starts": self.starts}

    @classmethod
    def unpack(cls, arrays: Mapping[str, NDArray[Any]], prefix: str, *, width: int) -> Lookup:
        """Raises ValueError for a column that there is not, since sparse products do not look before they read, and for
        a search that would not end.
        """
        lookup = cls(arrays[f"{prefix}hashes"], arrays[f"{prefix}columns"], arrays[f"{prefix}starts"])
        columns, starts = lookup.columns, lookup.starts
        if columns.dtype != np.int32 or columns.shape != (width,) or ((columns < 0) | (columns >= width)).any():
            raise ValueError(f"The table of n-grams has columns beyond the {width:,} of the model.")
        if (
            starts.dtype != np.int32
            or ((starts < 0) | (starts > width)).any()
            or lookup.hashes[-1:].tolist() != [_LAST]
        ):
            raise ValueError("The table of n-grams has searches that would not end.")
        return lookup
