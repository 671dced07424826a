"""The models that are worth trying on a data set.

A candidate is a name and a function that fits. Adding a kind of model is adding a candidate here and, where
it computes in a way of its own, a scorer to the parts in pool.py.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from . import columns, growth, solvers, text_sum
from .folds import sample
from .growth import Growth
from .linear import Linear
from .predictor import Scorer
from .schema import Schema
from .sentence_linear import SentenceLinear
from .sentences import Embeds
from .table_forest import Dense, TableForest
from .table_linear import Design, TableLinear
from .text_linear import TextLinear
from .text_sum import TextSum
from .vectoriser import Vectoriser

Targets = NDArray[np.intp]
Fit = Callable[[Sequence[Any], Targets, int], Scorer]

FAST = "fast"
QUALITIES = (FAST, "auto", "best")
MEANING, TREES = "meaning", "trees"

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
# Beyond so many rows for each label, its name says nothing new.
_ROWS_FOR_NAMES = 100
_WEIGHT_OF_NAMES = 2.0
# Of more vectors the linear model learns nothing more, and takes minutes.
_ROWS_OF_VECTORS = 50_000
_WORDS_OF_NAME = re.compile(r"[A-ZÀ-Þ]?[^\W\d_A-ZÀ-Þ]+|[A-ZÀ-Þ]+|\d+")
_TREES = 3_000


@dataclass(frozen=True)
class Candidate:
    """`fit(inputs, targets, seed)` gives a scorer; every label, 0 to n - 1, occurs in the targets.

    Candidates of different families see different things in an input, so the best of each are worth pooling.
    """

    name: str
    fit: Fit
    family: str = "linear"


def worth_trying(
    schema: Schema,
    *,
    rows: int,
    names: Sequence[str],
    quality: str,
    base: Scorer | None = None,
    encoder: Embeds | None = None,
) -> list[Candidate]:
    """The candidates for a data set with labels of these names, in the order in which they are worth their time.

    `fast` leaves only the first, a linear one. A `base` of texts adds one that starts from it, which is then the first;
    an `encoder` adds some that know what words mean.
    """
    labels = len(names)
    if quality not in QUALITIES:
        raise ValueError(f"quality is {quality!r}; choose one of {', '.join(QUALITIES)}")
    offered = _texts(rows, labels) if schema.kind == "text" else _tables(schema, rows, labels)
    if schema.kind == "text" and isinstance(base, TextLinear | TextSum):
        offered.insert(0, Candidate("tuned from the base, linear on characters, C=1", partial(_tune, base)))
    if schema.kind == "text" and encoder is not None:
        offered[1:1] = _sentences(encoder, names, rows)
    return offered[:1] if quality == FAST else offered


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


def _sentences(encoder: Embeds, names: Sequence[str], rows: int) -> list[Candidate]:
    plain = Candidate("sentences, C=10", partial(_fit_sentences, encoder, ()), MEANING)
    if rows > _ROWS_FOR_NAMES * len(names):
        return [plain]
    named = Candidate("sentences and the labels' names, C=10", partial(_fit_sentences, encoder, names), MEANING)
    return [plain, named]


def _tables(schema: Schema, rows: int, labels: int) -> list[Candidate]:
    weights = Candidate("linear, C=1", partial(_fit_weights, schema))
    if labels * Growth().rounds > _TREES:
        return [weights]
    trees = Candidate("boosted trees", partial(_fit_trees, schema, Growth()), TREES)
    if rows < _FEW_ROWS:
        calm = Growth(rate=0.05, rounds=60, leaves=8, l2=1.0)
        return [weights, trees, Candidate("boosted trees, small", partial(_fit_trees, schema, calm), TREES)]
    slow = Growth(rate=0.05, rounds=min(250, _TREES // labels), l2=1.0)
    return [weights, trees, Candidate("boosted trees, slow", partial(_fit_trees, schema, slow), TREES)]


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


def _fit_sentences(encoder: Embeds, names: Sequence[str], texts: Sequence[Any], targets: Targets, seed: int) -> Scorer:
    """With names, each is one more text of its label, which counts as much as two rows: what people call a thing."""
    rows = sample(targets, seed=seed, size=_ROWS_OF_VECTORS)
    vectors = encoder.embed([*(texts[row] for row in rows), *map(spoken, names)])
    weights = np.concatenate([np.ones(len(rows)), np.full(len(names), _WEIGHT_OF_NAMES)])
    together = np.concatenate([targets[rows], np.arange(len(names))])
    return SentenceLinear(encoder, solvers.logistic_of_vectors(vectors, together, c=10.0, seed=seed, weights=weights))


def spoken(name: str) -> str:
    """A label as one would say it: `cardArrival`, `card_arrival` and `CARD-ARRIVAL` are card arrival."""
    return " ".join(_WORDS_OF_NAME.findall(name)).lower() or name


def _rows_that_fit(vectoriser: Vectoriser, texts: Sequence[str], targets: Targets, seed: int) -> Targets:
    """All rows, or of a very large set as many as memory has room for."""
    measured = texts[:: 1 + len(texts) // _TEXTS_MEASURED]
    entries = max(1.0, vectoriser.matrix(measured).nnz / len(measured))
    return sample(targets, seed=seed, size=int(_ENTRIES / entries))


def _fit_weights(schema: Schema, records: Sequence[Any], targets: Targets, seed: int) -> Scorer:
    design = Design.learn(columns.learn(records, schema), records)
    return TableLinear(design, solvers.logistic(design.matrix(records), targets, c=1.0, seed=seed))


def _fit_trees(schema: Schema, how: Growth, records: Sequence[Any], targets: Targets, seed: int) -> Scorer:
    known = columns.learn(records, schema)
    projections = {
        name: solvers.strongest_dimensions(known.text(records, name), _TEXT_DIMENSIONS, seed=seed)
        for name in known.texts
    }
    dense = Dense(known, projections)
    trees = growth.grow(dense.matrix(records), targets, categories=len(known.levels), how=how, seed=seed)
    return TableForest(dense, trees)
