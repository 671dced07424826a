"""What a model was made from, for its manifest: whoever has the rows can make it again and compare the hashes."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

from .rows import Cell

Origin = Mapping[str, Any]


def of(
    rows: Sequence[Mapping[str, Cell]],
    labels: Sequence[str],
    *,
    held_out: int,
    quality: str,
    seed: int,
    candidates: Sequence[Mapping[str, Any]],
) -> Origin:
    """As plain JSON values. How long a candidate took is left out: it differs each time."""
    tried = [{name: value for name, value in tried.items() if name != "seconds"} for tried in candidates]
    split = {"method": "hash of a row's content", "rows": len(rows), "held_out": held_out}
    data = {"sha256": data_sha256(rows, labels), "split": split}
    return {"data": data, "quality": quality, "seed": seed, "candidates": tried}


def data_sha256(rows: Sequence[Mapping[str, Cell]], labels: Sequence[str]) -> str:
    """The hash of rows with their labels, in this order; the order of a row's columns makes no difference."""
    found = hashlib.sha256()
    for row, label in zip(rows, labels, strict=True):
        found.update(json.dumps([label, dict(row)], sort_keys=True).encode())
    return found.hexdigest()
