"""The models that are worth trying on a data set.

A candidate is a name and a function that fits. Adding a kind of model is adding a candidate here and, where
it computes in a way of its own, a scorer to the forms in artefact.py.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from . import encoder, growth, solvers, text_sum
from .folds import sample
from .growth import Growth
from .linear import Linear
from .predictor import Scorer
from .schema import Schema
from .table_forest import Dense, TableForest
from .table_linear import Design, TableLinear
from .text_linear import TextLinear
from .text_sum import TextSum
from .vectoriser import Vectoriser

Targets = NDArray[np.intp]
Fit = Callable[[Sequence[Any], Targets, int], Scorer]

QUALITIES = ("fast", "auto", "best")

_MANY_ROWS = 3_000
_FEW_ROWS = 1_000
_FEATURES = 10_000
_FEWEST_FEATURES = 500
# A machine for each label takes 3 microseconds for each row and label, half a microsecond on words alone. Up to the
# first product of rows and labels there is time for several candidates, up to the second for one with characters, up to
# the third for words.
_COMFORTABLE = 5_000_000
_BEARABLE = 12_000_000
_ENDURABLE = 100_000_000
# Weights of one model: 32 MB.
_WEIGHTS = 8_000_000
# N-grams in a training matrix, of some 130,000 short texts: fitting takes about 60 bytes for each.
_ENTRIES = 20_000_000
_TEXTS_MEASURED = 500
_TEXT_DIMENSIONS = 32
_TREES = 3_000


@dataclass(frozen=True)
class Candidate:
    """`fit(inputs, targets, seed)` gives a scorer; every label, 0 to n - 1, occurs in the targets."""

    name: str
    fit: Fit


def worth_trying(
    schema: Schema, *, rows: int, labels: int, quality: str, base: Scorer | None = None
) -> list[Candidate]:
    """The candidates for a data set, cheapest first; `fast` leaves only the first, a linear one.

    A `base` of texts adds one that starts from it, which is then the first.
    """
    if quality not in QUALITIES:
        raise ValueError(f"quality is {quality!r}; choose one of {', '.join(QUALITIES)}")
    offered = _texts(rows, labels) if schema.kind == "text" else _tables(schema, rows, labels)
    if schema.kind == "text" and isinstance(base, TextLinear | TextSum):
        offered.insert(0, Candidate("tuned from the base, linear on characters, C=1", partial(_tune, base)))
    return offered[:1] if quality == "fast" else offered


def _texts(rows: int, labels: int) -> list[Candidate]:
    features = max(_FEWEST_FEATURES, min(_FEATURES, _WEIGHTS // (2 * labels)))
    learn = partial(Vectoriser.learn, features=features, rarest=1 if rows < _MANY_ROWS else 2)
    words = partial(learn, families=("words",))
    characters = partial(learn, families=("characters",))
    both = partial(learn, families=("words", "characters"))
    usual = Candidate("linear on words and characters, C=1", _text(both, partial(solvers.support_vectors, c=1.0)))
    calm = Candidate("linear on words and characters, C=0.2", _text(both, partial(solvers.support_vectors, c=0.2)))
    spelt = Candidate("linear on characters, C=1", _text(characters, partial(solvers.support_vectors, c=1.0)))
    plain = Candidate("linear on words, C=1", _text(words, partial(solvers.support_vectors, c=1.0)))
    last = Candidate("discriminant on words and characters", _text(both, solvers.discriminant))
    if rows * labels <= _COMFORTABLE:
        return [usual, calm, spelt]
    if rows * labels <= _BEARABLE:
        return [usual]
    return [plain, last] if rows * labels <= _ENDURABLE else [last]


def _tables(schema: Schema, rows: int, labels: int) -> list[Candidate]:
    weights = Candidate("linear, C=1", partial(_fit_weights, schema))
    if labels * Growth().rounds > _TREES:
        return [weights]
    trees = Candidate("boosted trees", partial(_fit_trees, schema, Growth()))
    if rows < _FEW_ROWS:
        calm = Growth(rate=0.05, rounds=60, leaves=8, l2=1.0)
        return [weights, trees, Candidate("boosted trees, small", partial(_fit_trees, schema, calm))]
    slow = Growth(rate=0.05, rounds=min(250, _TREES // labels), l2=1.0)
    return [weights, trees, Candidate("boosted trees, slow", partial(_fit_trees, schema, slow))]


def _text(learn: Callable[[Sequence[str]], Vectoriser], solve: Callable[..., Linear]) -> Fit:
    def fit(texts: Sequence[Any], targets: Targets, seed: int) -> Scorer:
        vectoriser = learn(texts)
        rows = _rows_that_fit(vectoriser, texts, targets, seed)
        matrix: csr_matrix = vectoriser.matrix([texts[row] for row in rows])
        return TextLinear(vectoriser, solve(matrix, targets[rows], seed=seed))

    return fit


def _tune(base: TextLinear | TextSum, texts: Sequence[Any], targets: Targets, seed: int) -> Scorer:
    vectoriser = Vectoriser.learn(texts, families=("characters",), features=_FEATURES, rarest=1)
    rows = _rows_that_fit(vectoriser, texts, targets, seed)
    solve = partial(solvers.support_vectors, targets=targets[rows], c=1.0, seed=seed)
    return text_sum.tune(base, vectoriser, [texts[row] for row in rows], solve)


def _rows_that_fit(vectoriser: Vectoriser, texts: Sequence[str], targets: Targets, seed: int) -> Targets:
    """All rows, or of a very large set as many as memory has room for."""
    measured = texts[:: 1 + len(texts) // _TEXTS_MEASURED]
    entries = max(1.0, vectoriser.matrix(measured).nnz / len(measured))
    return sample(targets, seed=seed, size=int(_ENTRIES / entries))


def _fit_weights(schema: Schema, records: Sequence[Any], targets: Targets, seed: int) -> Scorer:
    design = Design.learn(encoder.learn(records, schema), records)
    return TableLinear(design, solvers.logistic(design.matrix(records), targets, c=1.0, seed=seed))


def _fit_trees(schema: Schema, how: Growth, records: Sequence[Any], targets: Targets, seed: int) -> Scorer:
    columns = encoder.learn(records, schema)
    projections = {
        name: solvers.strongest_dimensions(columns.text(records, name), _TEXT_DIMENSIONS, seed=seed)
        for name in columns.texts
    }
    dense = Dense(columns, projections)
    trees = growth.grow(dense.matrix(records), targets, categories=len(columns.levels), how=how, seed=seed)
    return TableForest(dense, trees)
