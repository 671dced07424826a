"""The columns of a table as numbers.

A category becomes its place among the levels the model knows, a date becomes several numbers, a truth value 0 or
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
from .sentences import NO_ENCODERS, Embeds, Encoders
from .vectoriser import Vectoriser

# Gradient boosting knows 255 categories a feature.
LEVELS = 254
_NGRAMS = {"words": 2_000, "characters": 4_000}
_MANY_ROWS = 3_000
_SECONDS_A_DAY = 86_400.0
_DAYS_A_YEAR = 365.25
DATE_PARTS = 11
# Models that were saved before dates had more of them.
_FIRST_DATE_PARTS = 4

Record = Mapping[str, object]


def cell_of(record: Record, name: str) -> Cell:
    """The cell of an input, whose values may be JSON values or CSV strings."""
    return cells.from_json(record.get(name))


@dataclass(frozen=True)
class Columns:
    """Knows the columns of a table, the levels of its categories and the n-grams of its texts; with an `encoder` also
    what the texts mean.
    """

    features: tuple[Column, ...]
    levels: Mapping[str, tuple[str, ...]]
    texts: Mapping[str, Vectoriser]
    date_parts: int = DATE_PARTS
    encoder: Embeds | None = None

    @property
    def encoders(self) -> Sequence[str]:
        """The hash of the encoder, if there is one."""
        return (self.encoder.sha256,) if self.encoder else ()

    @property
    def meant(self) -> Sequence[str]:
        """The columns whose texts the encoder reads."""
        return tuple(self.texts) if self.encoder else ()

    @cached_property
    def fields(self) -> tuple[tuple[str, int], ...]:
        """The column behind each feature of `dense`, and which part of it; categories come first."""
        numbers = [column for column in self.features if column.type in {"number", "boolean", "datetime"}]
        parts = [(c.name, part) for c in numbers for part in range(self._width(c.type))]
        return tuple([(name, 0) for name in self.levels] + parts)

    @cached_property
    def _codes(self) -> dict[str, dict[str, int]]:
        return {name: {level: code for code, level in enumerate(levels)} for name, levels in self.levels.items()}

    def _width(self, kind: str) -> int:
        return self.date_parts if kind == "datetime" else 1

    def dense(self, records: Sequence[Record]) -> NDArray[np.float64]:
        """Shape (records, fields); text columns are not in it."""
        matrix = np.full((len(records), len(self.fields)), np.nan)
        place = 0
        types = {column.name: column.type for column in self.features}
        for name, part in self.fields:
            if part:
                continue
            column, width = [cell_of(record, name) for record in records], self._width(types[name])
            matrix[:, place : place + width] = _numbers(column, types[name], self._codes.get(name, {}))[:, :width]
            place += width
        return matrix

    def text(self, records: Sequence[Record], name: str) -> csr_matrix:
        return self.texts[name].matrix([text_of(record, name) for record in records])

    def meanings(self, records: Sequence[Record], name: str) -> NDArray[np.float32]:
        """Shape (records, width), zeros where there is no text. A text that stands in many records is read once."""
        if self.encoder is None:
            raise ValueError("These columns have no encoder.")
        texts = [text_of(record, name) for record in records]
        places = {text: place for place, text in enumerate(dict.fromkeys(filter(None, texts)))}
        vectors = self.encoder.embed(list(places))
        nothing = np.zeros((1, self.encoder.width), np.float32)
        return np.concatenate([vectors, nothing])[[places.get(text, len(places)) for text in texts]]

    def pack(self) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
        arrays: dict[str, NDArray[Any]] = {}
        vocabularies = {}
        for place, (name, vectoriser) in enumerate(self.texts.items()):
            vocabularies[name], packed = vectoriser.pack(f"text{place}_")
            arrays |= packed
        levels = {name: list(values) for name, values in self.levels.items()}
        settings = {"levels": levels, "vocabularies": vocabularies, "date_parts": self.date_parts}
        names = [column.name for column in self.features]
        return settings | {"features": names, "encoders": list(self.encoders)}, arrays

    @classmethod
    def unpack(
        cls,
        schema: Schema,
        settings: Mapping[str, Any],
        arrays: Mapping[str, NDArray[Any]],
        encoders: Encoders = NO_ENCODERS,
    ) -> Columns:
        levels = {name: tuple(values) for name, values in settings["levels"].items()}
        texts = {
            name: Vectoriser.unpack(vocabulary, arrays, f"text{place}_")
            for place, (name, vocabulary) in enumerate(settings["vocabularies"].items())
        }
        needed = settings.get("encoders", [])
        encoder = encoders.get(needed[0]) if needed else None
        # A model that was saved before some read only a part of the columns reads all of them.
        named = settings.get("features", [column.name for column in schema.features])
        features = tuple(column for column in schema.features if column.name in named)
        return cls(features, levels, texts, settings.get("date_parts", _FIRST_DATE_PARTS), encoder)


def learn(
    records: Sequence[Record], schema: Schema, *, most_levels: int = LEVELS, encoder: Embeds | None = None
) -> Columns:
    """The columns of a training set: per category column its most frequent levels, 254 if it is for trees."""
    levels, texts = {}, {}
    for column in schema.features:
        if column.type == "category":
            counts = Counter(cells.category(cell) for cell in _present(records, column.name))
            levels[column.name] = tuple(sorted(level for level, _ in counts.most_common(most_levels)))
        elif column.type == "text":
            texts[column.name] = Vectoriser.learn(
                [text_of(record, column.name) for record in records],
                features=_NGRAMS,
                rarest=1 if len(records) < _MANY_ROWS else 2,
            )
    return Columns(schema.features, levels, texts, encoder=encoder)


def names_of(records: Sequence[Record], name: str) -> list[str | None]:
    """The names of a category column's levels, None where one is missing."""
    return [None if (cell := cell_of(record, name)) is None else cells.category(cell) for record in records]


def text_of(record: Record, name: str) -> str:
    return cells.category(cell_of(record, name) or "")


def _present(records: Sequence[Record], name: str) -> list[str]:
    return [cell for record in records if (cell := cell_of(record, name)) is not None]


def _numbers(column: Sequence[Cell], kind: str, codes: Mapping[str, int]) -> NDArray[np.float64]:
    """Shape (rows, 1), or (rows, DATE_PARTS) for dates. Each cell is read once, however often it occurs."""
    read: dict[Cell, Any] = {cell: _meaning(cell, kind, codes) for cell in set(column)}
    found = np.array([read[cell] for cell in column], dtype=np.float64)
    return found.reshape(len(column), -1) if len(column) else np.empty((0, DATE_PARTS))


def _meaning(cell: Cell, kind: str, codes: Mapping[str, int]) -> float | tuple[float, ...]:
    if kind == "datetime":
        return _moment(cell)
    if cell is None:
        return np.nan
    if kind == "category":
        value: float | None = codes.get(cells.category(cell))
    else:
        value = cells.boolean(cell) if kind == "boolean" else cells.number(cell)
    return np.nan if value is None else float(value)


def _moment(cell: Cell) -> tuple[float, ...]:
    """Days since 1970, month, day of the week, hour, day of the month; then as points on a circle the day of the year,
    the day of the week and the hour.
    """
    moment = None if cell is None else cells.instant(cell)
    if moment is None:
        return (np.nan,) * DATE_PARTS
    days, weekday, hour = moment.timestamp() / _SECONDS_A_DAY, moment.weekday(), moment.hour
    turns = (moment.timetuple().tm_yday / _DAYS_A_YEAR, weekday / 7, (hour + moment.minute / 60) / 24)
    circles = (each for turn in turns for each in (np.sin(2 * np.pi * turn), np.cos(2 * np.pi * turn)))
    return days, moment.month, weekday, hour, moment.day, *circles
