"""Arrays as one file, laid out as they are computed with, so that it is mapped into memory once and never copied."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from mmap import mmap
from typing import Any

import numpy as np
from numpy.typing import NDArray

_ALIGNMENT = 64


def join(arrays: Mapping[str, NDArray[Any]]) -> tuple[bytes, dict[str, Any]]:
    """The content of the file, and for each name what `split` needs to find its array in there.

    What several parts of a model have in common, such as the n-grams of a text, stands there once.
    """
    parts: list[bytes] = []
    places: dict[str, Any] = {}
    known: dict[bytes, int] = {}
    size = 0
    for name, array in arrays.items():
        content = array.tobytes()
        if content not in known:
            parts += [bytes(-size % _ALIGNMENT), content]
            known[content] = size + len(parts[-2])
            size = known[content] + len(content)
        places[name] = {"dtype": array.dtype.str, "shape": array.shape, "at": known[content]}
    return b"".join(parts), places


def split(content: mmap, places: Mapping[str, Any]) -> dict[str, NDArray[Any]]:
    """The arrays, read-only. Raises ValueError, TypeError or OverflowError for places that make no sense."""
    return {name: _array(content, **place) for name, place in places.items()}


def named(prefix: str, own: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
    """The arrays of one part of a model, under names that no other part has."""
    return {f"{prefix}{name}": array for name, array in own.items()}


def within(prefix: str, packed: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
    """What `named` was given."""
    return {name.removeprefix(prefix): array for name, array in packed.items() if name.startswith(prefix)}


def _array(content: mmap, *, dtype: str, shape: Sequence[int], at: int) -> NDArray[Any]:
    # Of the ways to look into a buffer, this one refuses objects and places outside of it, before it as well.
    return np.frombuffer(content, dtype, math.prod(shape), at).reshape(shape)
