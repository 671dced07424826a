"""Scores of a table's rows: one weight for each level, number and n-gram."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, hstack

from .encoder import Encoder
from .linear import Linear
from .schema import Schema


@dataclass(frozen=True)
class Design:
    """Turns a table's rows into a sparse matrix: levels one-hot, numbers standardised, gaps marked.

    `centres` and `scales` have shape (fields,).
    """

    encoder: Encoder
    centres: NDArray[np.float64]
    scales: NDArray[np.float64]

    @classmethod
    def learn(cls, encoder: Encoder, records: Sequence[Any]) -> Design:
        dense = encoder.dense(records)
        known = ~np.isnan(dense)
        counts = np.maximum(known.sum(axis=0), 1)
        centres = np.where(known, dense, 0).sum(axis=0) / counts
        deviations = np.where(known, dense - centres, 0)
        scales = np.sqrt((deviations**2).sum(axis=0) / counts)
        return cls(encoder, centres, np.where(scales > 0, scales, 1))

    @cached_property
    def owners(self) -> tuple[str, ...]:
        """The column behind each feature of the matrix."""
        names = []
        for name, _ in self.encoder.fields:
            names += [name] * (len(self.encoder.levels[name]) + 1 if name in self.encoder.levels else 2)
        for name, vectoriser in self.encoder.texts.items():
            names += [name] * vectoriser.width
        return tuple(names)

    def matrix(self, records: Sequence[Any]) -> csr_matrix:
        """Shape (records, features), float32."""
        dense = self.encoder.dense(records)
        blocks = [self._block(place, dense[:, place]) for place in range(dense.shape[1])]
        blocks += [self.encoder.text(records, name) for name in self.encoder.texts]
        return csr_matrix(hstack(blocks, format="csr", dtype=np.float32))

    def _block(self, place: int, values: NDArray[np.float64]) -> csr_matrix:
        """The features of one field; the last of them marks what is missing."""
        rows, missing = np.arange(len(values)), np.isnan(values)
        name, _ = self.encoder.fields[place]
        if name in self.encoder.levels:
            width = len(self.encoder.levels[name]) + 1
            columns = np.where(missing, width - 1, values).astype(np.intp)
            return csr_matrix((np.ones(len(values), np.float32), (rows, columns)), shape=(len(values), width))
        scaled = np.clip((values - self.centres[place]) / self.scales[place], -10, 10)
        return csr_matrix(np.column_stack([np.where(missing, 0, scaled), missing]).astype(np.float32))


@dataclass(frozen=True)
class TableLinear:
    """Inputs are mappings from column names to JSON scalars."""

    form: ClassVar[str] = "table_linear"

    design: Design
    linear: Linear

    @property
    def levels(self) -> Mapping[str, Sequence[str]]:
        return self.design.encoder.levels

    def scores(self, inputs: Sequence[Any]) -> NDArray[np.float64]:
        return self.linear.scores(self.design.matrix(inputs))

    def reasons(self, inputs: Sequence[Any], chosen: Sequence[int]) -> list[dict[str, float]]:
        """Per input, what each column adds to its label's score against the others; exact."""
        matrix, owners = self.design.matrix(inputs), self.design.owners
        found = []
        for row, label in enumerate(chosen):
            weights = self.linear.against_others(label)
            columns = dict.fromkeys(owners, 0.0)
            start, end = matrix.indptr[row], matrix.indptr[row + 1]
            for feature, value in zip(matrix.indices[start:end], matrix.data[start:end], strict=True):
                columns[owners[feature]] += float(value * weights[feature])
            found.append(columns)
        return found

    def pack(self) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
        settings, arrays = self.design.encoder.pack()
        scaling = {"centres": self.design.centres, "scales": self.design.scales}
        return settings, arrays | scaling | self.linear.pack()

    @classmethod
    def unpack(cls, schema: Schema, settings: Mapping[str, Any], arrays: dict[str, NDArray[Any]]) -> TableLinear:
        encoder = Encoder.unpack(schema, settings, arrays)
        return cls(Design(encoder, arrays["centres"], arrays["scales"]), Linear.unpack(arrays))
