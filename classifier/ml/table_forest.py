"""Scores of a table's rows: trees, boosted or voting."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from scipy.special import logsumexp

from .columns import Columns, names_of
from .forest import Forest
from .rates import Rates
from .schema import Schema
from .sentences import Encoders
from .votes import Votes


@dataclass(frozen=True)
class Dense:
    """Turns a table's rows into the dense matrix that trees split.

    First the fields of the columns, then of each text the strongest dimensions and which of the telling n-grams are in
    it, then the strongest dimensions of what they mean, then the rates of categories with very many levels.
    `projections` are (n-grams, dimensions), `telling` the columns of n-grams, `meanings` (width, dimensions).
    """

    columns: Columns
    projections: Mapping[str, NDArray[np.float32]]
    telling: Mapping[str, NDArray[np.int32]]
    rates: Mapping[str, Rates]
    meanings: Mapping[str, NDArray[np.float32]] = field(default_factory=dict)

    @property
    def levels(self) -> Mapping[str, Sequence[str]]:
        return {**self.columns.levels, **{name: rates.levels for name, rates in self.rates.items()}}

    def matrix(self, records: Sequence[Any]) -> NDArray[np.float64]:
        """Shape (records, features), NaN where a value is missing or unknown."""
        return self.beside(records, [rates.of(names_of(records, name)) for name, rates in self.rates.items()])

    def beside(self, records: Sequence[Any], rates: Sequence[NDArray[np.float64]]) -> NDArray[np.float64]:
        """The matrix with other `rates` than those that a served model would see, each (records, fields)."""
        texts = [part for name in self.projections for part in self._of_text(records, name)]
        meant = [self.columns.meanings(records, name) @ found for name, found in self.meanings.items()]
        return np.concatenate([self.columns.dense(records), *texts, *meant, *rates], axis=1)

    def _of_text(self, records: Sequence[Any], name: str) -> Iterator[NDArray[Any]]:
        found = self.columns.text(records, name)
        yield found @ self.projections[name]
        yield found[:, self.telling[name]].toarray() > 0


@dataclass(frozen=True)
class TableForest:
    """Inputs are mappings from column names to JSON scalars."""

    form: ClassVar[str] = "table_forest"

    dense: Dense
    forest: Forest | Votes

    @property
    def levels(self) -> Mapping[str, Sequence[str]]:
        return self.dense.levels

    @property
    def encoders(self) -> Sequence[str]:
        return self.dense.columns.encoders

    def scores(self, inputs: Sequence[Any]) -> NDArray[np.float64]:
        return self.forest.scores(self.dense.matrix(inputs))

    def reasons(self, inputs: Sequence[Any], chosen: Sequence[int]) -> list[dict[str, float]]:
        """Per input, by how much its label's log-odds fall when a column is left out.

        What columns do only together is counted with each of them, so the numbers do not add up to the whole.
        """
        names = [column.name for column in self.dense.columns.features]
        variants = [variant for row in inputs for variant in (row, *({**row, name: None} for name in names))]
        labels = np.repeat(np.asarray(chosen), len(names) + 1)
        odds = log_odds(self.scores(variants), labels).reshape(len(inputs), len(names) + 1)
        falls = odds[:, :1] - odds[:, 1:]
        return [dict(zip(names, row, strict=True)) for row in falls.tolist()]

    def pack(self) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
        settings, arrays = self.dense.columns.pack()
        projections = enumerate(self.dense.projections.values())
        places: dict[str, NDArray[Any]] = {f"text{place}_projection": array for place, array in projections}
        places |= {f"text{place}_telling": array for place, array in enumerate(self.dense.telling.values())}
        places |= {f"text{place}_meanings": array for place, array in enumerate(self.dense.meanings.values())}
        levels = {name: list(rates.levels) for name, rates in self.dense.rates.items()}
        values = {f"rates{place}": rates.values for place, rates in enumerate(self.dense.rates.values())}
        votes = isinstance(self.forest, Votes)
        return {**settings, "rates": levels, "votes": votes}, arrays | places | values | self.forest.pack()

    @classmethod
    def unpack(
        cls, schema: Schema, settings: Mapping[str, Any], arrays: dict[str, NDArray[Any]], encoders: Encoders
    ) -> TableForest:
        columns = Columns.unpack(schema, settings, arrays, encoders)
        projections = {name: arrays[f"text{place}_projection"] for place, name in enumerate(columns.texts)}
        # A model that was saved before there were telling n-grams, rates and votes has none of them.
        none = np.empty(0, np.int32)
        telling = {name: arrays.get(f"text{place}_telling", none) for place, name in enumerate(columns.texts)}
        named = settings.get("rates", {}).items()
        rates = {name: Rates(tuple(levels), arrays[f"rates{place}"]) for place, (name, levels) in enumerate(named)}
        forest = Votes if settings.get("votes") else Forest
        meanings = {name: arrays[f"text{place}_meanings"] for place, name in enumerate(columns.meant)}
        return cls(Dense(columns, projections, telling, rates, meanings), forest.unpack(arrays))


def log_odds(scores: NDArray[np.float64], labels: NDArray[np.intp]) -> NDArray[np.float64]:
    """How much a row's label outweighs all others together, shape (rows,)."""
    rows = np.arange(len(scores))
    own = scores[rows, labels]
    others = scores.copy()
    others[rows, labels] = -np.inf
    result: NDArray[np.float64] = own - logsumexp(others, axis=1)
    return result
