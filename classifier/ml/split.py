"""Which rows are held out for the evaluation."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from .rows import Cell

_HASHES = float(1 << 64)


def held_out(inputs: Sequence[Mapping[str, Cell]], labels: Sequence[str], share: float = 0.2) -> NDArray[np.bool_]:
    """True for each row that is kept from training, shape (rows,).

    A row is held out when a hash of its inputs falls below `share`. So the same content falls on the same
    side in every version of a data set, in any order of rows and columns, and duplicates (up to case and
    spacing) never straddle. The share of each label follows in expectation: of a label with n rows, n * share
    ± sqrt(n * share).

    One exception: a label whose rows would all be held out gets those with its highest hash back, together
    with every other row of that content. They may change sides in a later version in which the label has more
    rows.
    """
    hashes = np.fromiter((content_hash(row) for row in inputs), dtype=np.uint64, count=len(inputs))
    held: NDArray[np.bool_] = hashes < np.uint64(share * _HASHES)
    _, places = np.unique(np.asarray(labels, dtype=object), return_inverse=True)
    needed = ~np.isin(np.arange(places.max(initial=-1) + 1), places[~held])
    if needed.any():
        highest = np.zeros(len(needed), dtype=np.uint64)
        np.maximum.at(highest, places, hashes)
        held &= ~np.isin(hashes, highest[needed])
    return held


def content_hash(row: Mapping[str, Cell]) -> int:
    """64 bits of a row's content. Which rows are held out follows from it, so it must never change."""
    present = sorted((name, " ".join(cell.casefold().split())) for name, cell in row.items() if cell)
    content = "\x1e".join(f"{name}\x1f{cell}" for name, cell in present)
    return int.from_bytes(hashlib.blake2b(content.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "big")
