"""The columns of a table as numbers.

A category becomes its place among the levels the model knows, a date becomes four numbers, a truth value 0 or
1. What is missing, not parsable or not known becomes NaN.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from . import cells
from .rows import Cell
from .schema import Column, Schema
from .vectoriser import Vectoriser

# Gradient boosting knows 255 categories a feature.
_LEVELS = 254
_TEXT_FEATURES = 5_000
_MANY_ROWS = 3_000
_SECONDS_A_DAY = 86_400.0

Record = Mapping[str, object]


def cell_of(record: Record, name: str) -> Cell:
    """The cell of an input, whose values may be JSON values or CSV strings."""
    return cells.from_json(record.get(name))


@dataclass(frozen=True)
class Columns:
    """Knows the columns of a table, the levels of its categories and the n-grams of its texts."""

    features: tuple[Column, ...]
    levels: Mapping[str, tuple[str, ...]]
    texts: Mapping[str, Vectoriser]

    @cached_property
    def fields(self) -> tuple[tuple[str, int], ...]:
        """The column behind each feature of `dense`, and which part of it; categories come first."""
        numbers = [column for column in self.features if column.type in {"number", "boolean", "datetime"}]
        parts = [(c.name, part) for c in numbers for part in range(4 if c.type == "datetime" else 1)]
        return tuple([(name, 0) for name in self.levels] + parts)

    @cached_property
    def _codes(self) -> dict[str, dict[str, int]]:
        return {name: {level: code for code, level in enumerate(levels)} for name, levels in self.levels.items()}

    def dense(self, records: Sequence[Record]) -> NDArray[np.float64]:
        """Shape (records, fields); text columns are not in it."""
        matrix = np.full((len(records), len(self.fields)), np.nan)
        place = 0
        types = {column.name: column.type for column in self.features}
        for name, part in self.fields:
            if part:
                continue
            values = _numbers([cell_of(record, name) for record in records], types[name], self._codes.get(name, {}))
            matrix[:, place : place + values.shape[1]] = values
            place += values.shape[1]
        return matrix

    def text(self, records: Sequence[Record], name: str) -> csr_matrix:
        return self.texts[name].matrix([text_of(record, name) for record in records])

    def pack(self) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
        arrays: dict[str, NDArray[Any]] = {}
        vocabularies = {}
        for place, (name, vectoriser) in enumerate(self.texts.items()):
            vocabularies[name], packed = vectoriser.pack(f"text{place}_")
            arrays |= packed
        levels = {name: list(values) for name, values in self.levels.items()}
        return {"levels": levels, "vocabularies": vocabularies}, arrays

    @classmethod
    def unpack(cls, schema: Schema, settings: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> Columns:
        levels = {name: tuple(values) for name, values in settings["levels"].items()}
        texts = {
            name: Vectoriser.unpack(vocabulary, arrays, f"text{place}_")
            for place, (name, vocabulary) in enumerate(settings["vocabularies"].items())
        }
        return cls(schema.features, levels, texts)


def learn(records: Sequence[Record], schema: Schema) -> Columns:
    """The columns of a training set: per category column its 254 most frequent levels."""
    levels, texts = {}, {}
    for column in schema.features:
        if column.type == "category":
            counts = Counter(cells.category(cell) for cell in _present(records, column.name))
            levels[column.name] = tuple(sorted(level for level, _ in counts.most_common(_LEVELS)))
        elif column.type == "text":
            texts[column.name] = Vectoriser.learn(
                [text_of(record, column.name) for record in records],
                features={"words": _TEXT_FEATURES, "characters": _TEXT_FEATURES},
                rarest=1 if len(records) < _MANY_ROWS else 2,
            )
    return Columns(schema.features, levels, texts)


def text_of(record: Record, name: str) -> str:
    return cells.category(cell_of(record, name) or "")


def _present(records: Sequence[Record], name: str) -> list[str]:
    return [cell for record in records if (cell := cell_of(record, name)) is not None]


def _numbers(column: Sequence[Cell], kind: str, codes: Mapping[str, int]) -> NDArray[np.float64]:
    """Shape (rows, 1), or (rows, 4) for dates."""
    if kind == "datetime":
        return np.array([_moment(cell) for cell in column], dtype=np.float64).reshape(-1, 4)
    if kind == "category":
        values = [None if cell is None else codes.get(cells.category(cell)) for cell in column]
    elif kind == "boolean":
        values = [None if cell is None else cells.boolean(cell) for cell in column]
    else:
        return np.array([np.nan if cell is None else _number(cell) for cell in column]).reshape(-1, 1)
    return np.array([np.nan if value is None else float(value) for value in values]).reshape(-1, 1)


def _number(cell: str) -> float:
    value = cells.number(cell)
    return np.nan if value is None else value


def _moment(cell: Cell) -> tuple[float, float, float, float]:
    """Days since 1970, month, day of the week, hour."""
    moment = None if cell is None else cells.instant(cell)
    if moment is None:
        return (np.nan,) * 4
    return moment.timestamp() / _SECONDS_A_DAY, moment.month, moment.weekday(), moment.hour
