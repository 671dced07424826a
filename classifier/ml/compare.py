"""Whether a new version may take the place of the one that serves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import sqrt

import numpy as np
from numpy.typing import NDArray

from .predictor import Predictor
from .rows import Cell


@dataclass(frozen=True)
class Comparison:
    """Both twins on the same rows: `gained` only the candidate has right, `lost` only the champion."""

    rows: int
    champion_accuracy: float
    candidate_accuracy: float
    gained: int
    lost: int
    not_worse: bool
    reason: str


def compare(
    champion: Predictor, candidate: Predictor, rows: Sequence[Mapping[str, Cell]], labels: Sequence[str]
) -> Comparison:
    """Compare two twins on rows that neither was fitted on.

    The candidate is worse when it loses more rows than it gains by more than one standard error of that
    difference, sqrt(gained + lost), the one of McNemar's test (1947). Rows on which both are right or both
    wrong say nothing. On no rows at all the candidate is not worse.
    """
    old, new = (_right(model, rows, labels) for model in (champion, candidate))
    gained, lost = int((new & ~old).sum()), int((old & ~new).sum())
    noise = sqrt(gained + lost)
    not_worse = lost - gained <= noise
    reason = (
        f"On the same {len(rows):,} held-out rows the new version is right where the old one is wrong "
        f"{gained:,} times, and the other way round {lost:,} times. "
    )
    if not len(rows):
        reason = "There are no held-out rows to compare the versions on, so nothing speaks against the new one."
    elif not_worse:
        reason += f"It is not worse by more than chance would explain ({noise:.1f} rows)."
    else:
        reason += f"That is a loss of more rows than chance would explain ({noise:.1f}), so the old one stays."
    return Comparison(len(rows), _share(old), _share(new), gained, lost, not_worse, reason)


def _right(model: Predictor, rows: Sequence[Mapping[str, Cell]], labels: Sequence[str]) -> NDArray[np.bool_]:
    batches = model.in_batches(model.schema.inputs(rows))
    answers = [model.labels[answer] for batch in batches for answer in batch.argmax(axis=1)]
    return np.array([answer == label for answer, label in zip(answers, labels, strict=True)], dtype=bool)


def _share(right: NDArray[np.bool_]) -> float:
    return float(right.mean()) if len(right) else 0.0
