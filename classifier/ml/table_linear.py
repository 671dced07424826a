"""Scores of a table's rows: one weight for each level, number and n-gram."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, hstack

from .columns import Columns
from .linear import Linear
from .quantiles import Quantiles
from .schema import Schema
from .sentences import Encoders

# Vectors of length one would be held back more than they deserve, beside levels that are 0 or 1.
_LENGTH = np.float32(4)


@dataclass(frozen=True)
class Design:
    """Turns a table's rows into a sparse matrix: levels one-hot, numbers standardised and, with `quantiles`, as places
    among them; gaps marked.

    `centres` and `scales` have shape (fields,).
    """

    columns: Columns
    centres: NDArray[np.float64]
    scales: NDArray[np.float64]
    quantiles: Quantiles | None = None

    @classmethod
    def learn(cls, columns: Columns, records: Sequence[Any], *, bends: bool = False) -> Design:
        """With `bends`, the effect of a number need not be a straight line."""
        dense = columns.dense(records)
        known = ~np.isnan(dense)
        counts = np.maximum(known.sum(axis=0), 1)
        centres = np.where(known, dense, 0).sum(axis=0) / counts
        deviations = np.where(known, dense - centres, 0)
        scales = np.sqrt((deviations**2).sum(axis=0) / counts)
        quantiles = Quantiles.learn(dense[:, len(columns.levels) :]) if bends else None
        return cls(columns, centres, np.where(scales > 0, scales, 1), quantiles)

    @cached_property
    def owners(self) -> tuple[str, ...]:
        """The column behind each feature of the matrix."""
        names = []
        for (name, _), width in zip(self.columns.fields, self._widths, strict=True):
            names += [name] * width
        stretches = self.quantiles.stretches if self.quantiles else 0
        for name, _ in self.columns.fields[len(self.columns.levels) :]:
            names += [name] * stretches
        for name, vectoriser in self.columns.texts.items():
            names += [name] * vectoriser.width
        for name in self.columns.meant:
            names += [name] * self.columns.meanings([], name).shape[1]
        return tuple(names)

    @cached_property
    def _widths(self) -> list[int]:
        """How many features each field has: a level's and one for what is missing, or a number and whether it is."""
        levels = self.columns.levels
        return [len(levels[name]) + 1 if name in levels else 2 for name, _ in self.columns.fields]

    def matrix(self, records: Sequence[Any]) -> csr_matrix:
        """Shape (records, features), float32."""
        matrix = csr_matrix(hstack(self.blocks(records), format="csr", dtype=np.float32))
        matrix.eliminate_zeros()
        matrix.sort_indices()
        return matrix

    def blocks(self, records: Sequence[Any]) -> list[csr_matrix]:
        """The parts that stand side by side in the matrix: first all fields, then places, if any, then each text, and
        what each text means.
        """
        dense = self.columns.dense(records)
        texts = [self.columns.text(records, name) for name in self.columns.texts]
        texts += [_side_by_side(_LENGTH * self.columns.meanings(records, name)) for name in self.columns.meant]
        if not self.quantiles:
            return [self._fields(dense), *texts]
        places = self.quantiles.places(dense[:, len(self.columns.levels) :]).astype(np.float32)
        return [self._fields(dense), _side_by_side(places), *texts]

    def lengths(self, *, words: float, ngrams: float) -> NDArray[np.float32]:
        """A factor for each feature of the matrix, (features,): that of single words, that of other n-grams, else 1."""
        singles = [vectoriser.is_word for vectoriser in self.columns.texts.values()]
        of_texts = [np.where(single, words, ngrams) for single in singles]
        meanings = sum(self.columns.meanings([], name).shape[1] for name in self.columns.meant)
        before = len(self.owners) - sum(map(len, singles)) - meanings
        return np.concatenate([np.ones(before), *of_texts, np.ones(meanings)], dtype=np.float32)

    def gaps(self, fields: csr_matrix) -> NDArray[np.float64]:
        """The share of a record's fields that are missing or unknown, (records,), from the first of its blocks."""
        marks = np.array(self._widths, dtype=np.intp).cumsum() - 1
        share: NDArray[np.float64] = np.asarray(fields[:, marks].sum(axis=1), np.float64).ravel() / max(1, len(marks))
        return share

    def _fields(self, dense: NDArray[np.float64]) -> csr_matrix:
        """Levels come first, as they do among those of the columns."""
        levels = len(self.columns.levels)
        missing, widths = np.isnan(dense), np.array(self._widths, dtype=np.intp)
        firsts = widths.cumsum() - widths
        scaled = np.clip((dense - self.centres) / self.scales, -10, 10)[:, levels:]
        known = np.where(missing, widths - 1, dense)[:, :levels].astype(np.intp) + firsts[:levels]
        numbers = np.broadcast_to(firsts[levels:], scaled.shape)
        gaps = missing[:, levels:]
        values = np.concatenate([np.ones(known.shape), np.where(gaps, 0, scaled), gaps], axis=1, dtype=np.float32)
        columns = np.concatenate([known, numbers, numbers + 1], axis=1, dtype=np.int32)
        return _written_out(values, columns, int(widths.sum()))


def _side_by_side(values: NDArray[np.float32]) -> csr_matrix:
    every = np.tile(np.arange(values.shape[1], dtype=np.int32), (len(values), 1))
    return _written_out(values, every, values.shape[1])


def _written_out(values: NDArray[np.float32], columns: NDArray[np.int32], width: int) -> csr_matrix:
    """A sparse matrix of as many values in each row, zeros among them, which stand in such columns."""
    ends = np.arange(len(values) + 1, dtype=np.int32) * np.int32(columns.shape[1])
    return csr_matrix((values.ravel(), columns.ravel(), ends), shape=(len(values), width))


@dataclass(frozen=True)
class TableLinear:
    """Inputs are mappings from column names to JSON scalars."""

    form: ClassVar[str] = "table_linear"

    design: Design
    linear: Linear

    @property
    def levels(self) -> Mapping[str, Sequence[str]]:
        return self.design.columns.levels

    @property
    def encoders(self) -> Sequence[str]:
        return self.design.columns.encoders

    def scores(self, inputs: Sequence[Any]) -> NDArray[np.float64]:
        return self.linear.scores(*self.design.blocks(inputs))

    def reasons(self, inputs: Sequence[Any], chosen: Sequence[int]) -> list[dict[str, float]]:
        """Per input, what each column adds to its label's score against the others; exact."""
        matrix, owners = self.design.matrix(inputs), self.design.owners
        found = []
        for row, label in enumerate(chosen):
            part = slice(matrix.indptr[row], matrix.indptr[row + 1])
            features = matrix.indices[part]
            weights = matrix.data[part] * self.linear.against_others(label, features)
            columns = dict.fromkeys(owners, 0.0)
            for feature, weight in zip(features.tolist(), weights.tolist(), strict=True):
                columns[owners[feature]] += weight
            found.append(columns)
        return found

    def pack(self) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
        settings, arrays = self.design.columns.pack()
        scaling = {"centres": self.design.centres, "scales": self.design.scales}
        edges = {"edges": self.design.quantiles.edges} if self.design.quantiles else {}
        return settings, arrays | scaling | edges | self.linear.pack()

    @classmethod
    def unpack(
        cls, schema: Schema, settings: Mapping[str, Any], arrays: dict[str, NDArray[Any]], encoders: Encoders
    ) -> TableLinear:
        columns = Columns.unpack(schema, settings, arrays, encoders)
        quantiles = Quantiles(arrays["edges"]) if "edges" in arrays else None
        return cls(Design(columns, arrays["centres"], arrays["scales"], quantiles), Linear.unpack(arrays))
