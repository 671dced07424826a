"""Labelled rows as a training takes them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .errors import rejected
from .fit import Examples
from .rows import Cell
from .schema import Schema
from .split import content_hash


@dataclass(frozen=True)
class Prepared:
    """`targets` (rows,) are places in `names`. All others are places of rows: `distinct` those in training, and
    `all_distinct` all of them, without repetitions.
    """

    schema: Schema
    names: tuple[str, ...]
    inputs: Sequence[Any]
    targets: NDArray[np.intp]
    training: NDArray[np.intp]
    held_out: NDArray[np.intp]
    distinct: NDArray[np.intp]
    all_distinct: NDArray[np.intp]

    @property
    def examples(self) -> Examples:
        return Examples(self.inputs, self.targets, self.distinct)


def prepare(
    rows: Sequence[Mapping[str, Cell]], labels: Sequence[str], held_out: NDArray[np.bool_], schema: Schema
) -> Prepared:
    """Raise TableRejected for fewer than two labels or labels that never repeat, and ValueError for a label whose rows
    are all held out.
    """
    names = tuple(sorted(set(labels)))
    if len(names) <= 1:
        raise rejected(None, "one_label", "There are fewer than two labels; add rows of another label.")
    if len(names) == len(labels):
        raise rejected(None, "labels_never_repeat", "Every label has one row only; add rows.")
    places = {name: place for place, name in enumerate(names)}
    targets = np.array([places[label] for label in labels], dtype=np.intp)
    training = np.flatnonzero(~held_out)
    if len(np.unique(targets[training])) < len(names):
        raise ValueError("All rows of a label are held out; take the held-out rows from split.held_out.")
    contents = np.fromiter((content_hash(row) for row in rows), dtype=np.uint64, count=len(rows))
    distinct, all_distinct = (
        _distinct(contents, targets, each, len(names)) for each in (training, np.arange(len(rows)))
    )
    return Prepared(
        schema, names, schema.inputs(rows), targets, training, np.flatnonzero(held_out), distinct, all_distinct
    )


def _distinct(
    contents: NDArray[np.uint64], targets: NDArray[np.intp], places: NDArray[np.intp], labels: int
) -> NDArray[np.intp]:
    """The places without those that repeat an earlier row and its label, which a fold's model would know from others.

    All of them, if otherwise no label had two rows.
    """
    both = np.stack([contents[places], targets[places].astype(np.uint64)], axis=1)
    _, first = np.unique(both, axis=0, return_index=True)
    return places[np.sort(first)] if len(first) > labels else places
