"""The models that are worth trying on a table."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from . import balance, columns, growth, rates, solvers
from .balance import Weights
from .candidate import MEANING, PAIRS, SHALLOW, TEXTS, TREES, VOTES, Candidate, Targets
from .columns import LEVELS, Columns
from .forest import Forest
from .growth import Growth
from .linear import Linear
from .predictor import Scorer
from .schema import Schema
from .sentences import Embeds
from .table_forest import Dense, TableForest
from .table_linear import Design, TableLinear

_FEW_ROWS = 1_000
_TEXT_DIMENSIONS, _TELLING, _FREQUENT_WORDS = 32, 32, 64
_TREES, _SHALLOW_TREES, _PAIR_TREES = 3_000, 1_000, 1_600
# Beside texts, of which linear models know more than trees, few are worth their time and room.
_TREES_BESIDE_TEXTS = 1_000
# The n-grams of a text are many and small: at length one they would be held back more than they deserve.
_LENGTH, _GREAT_LENGTH, _LENGTH_OF_WORDS = 2.0, 4.0, 8.0
# Few rows are divided into more folds, and each label has a tree in each round.
_FEW_TREES = 500
# Of more columns, most pairs say nothing.
_PAIRED_COLUMNS = 64
_VOTING_LABELS = 100


def for_tables(schema: Schema, counts: Sequence[int], encoder: Embeds | None = None) -> list[Candidate]:
    """The candidates for a table whose labels have so many training rows, in the order in which they are worth their
    time. An `encoder` adds some that know what the table's texts mean.
    """
    rows, labels = sum(counts), len(counts)
    texts = tuple(column for column in schema.features if column.type == "text")
    offered = [Candidate("linear, C=1", partial(_fit_weights, schema, _Line()))]
    if texts:
        offered += _of_texts(schema, replace(schema, features=texts), encoder)
    if labels * Growth().rounds > _TREES:
        return [*offered, _votes(schema)] if labels <= _VOTING_LABELS else offered
    trees = _FEW_TREES if rows < _FEW_ROWS else _TREES_BESIDE_TEXTS if texts else _TREES
    deep = Growth(rounds=min(Growth().rounds, trees // labels))
    reads = encoder is not None and bool(texts)
    name = "boosted trees on meanings" if reads else "boosted trees"
    fit = partial(_fit_trees, schema, deep, encoder=encoder if reads else None)
    offered += [
        Candidate(name, fit, TREES),
        Candidate("linear with bends, C=1", partial(_fit_weights, schema, _Line(bends=True))),
        *_shallow(schema, rows, labels),
        _votes(schema),
    ]
    if rows < _FEW_ROWS:
        offered.append(Candidate("linear with bends, C=0.1", partial(_fit_weights, schema, _Line(c=0.1, bends=True))))
    return [*offered, *_balanced_ones(schema, deep)] if balance.is_needed(counts) else offered


def _of_texts(schema: Schema, texts: Schema, encoder: Embeds | None) -> list[Candidate]:
    """Those that know most of the `texts` among the columns of the table."""
    machines = _Line(solve=solvers.support_vectors, words=1.0, ngrams=1.0)
    longer = _Line(bends=True, words=_GREAT_LENGTH, ngrams=_GREAT_LENGTH)
    wordy = _Line(bends=True, words=_LENGTH_OF_WORDS)
    offered = [
        Candidate("linear on texts alone, C=1", partial(_fit_weights, texts, machines), TEXTS),
        Candidate("linear with bends, texts count more", partial(_fit_weights, schema, longer)),
        Candidate("linear with bends, words count more", partial(_fit_weights, schema, wordy)),
    ]
    if encoder is None:
        return offered
    meant = _Line(bends=True, encoder=encoder)
    return [
        *offered,
        Candidate("linear on meanings", partial(_fit_weights, schema, meant), MEANING),
        Candidate("linear on meanings of texts alone", partial(_fit_weights, texts, meant), MEANING),
    ]


def _balanced_ones(schema: Schema, deep: Growth) -> list[Candidate]:
    line = _Line(bends=True, is_balanced=True)
    return [
        Candidate("linear with bends, balanced", partial(_fit_weights, schema, line)),
        Candidate("boosted trees, balanced", partial(_fit_trees, schema, deep, is_balanced=True), TREES),
    ]


def _votes(schema: Schema) -> Candidate:
    return Candidate("random forest", partial(_fit_votes, schema), VOTES)


def _shallow(schema: Schema, rows: int, labels: int) -> list[Candidate]:
    if rows < _FEW_ROWS:
        some = Growth(rate=0.1, rounds=min(200, _FEW_TREES // labels), leaves=6, l2=1.0, share=0.3)
        calm = Growth(rate=0.05, rounds=min(60, _FEW_TREES // labels), leaves=8, l2=1.0)
        return [
            Candidate("boosted trees, shallow on some columns", partial(_fit_trees, schema, some), SHALLOW),
            Candidate("boosted trees, small", partial(_fit_trees, schema, calm), TREES),
        ]
    shallow = Growth(rate=0.08, rounds=min(500, _SHALLOW_TREES // labels), leaves=8, l2=1.0)
    offered = [Candidate("boosted trees, shallow", partial(_fit_trees, schema, shallow), SHALLOW)]
    if len(schema.features) > _PAIRED_COLUMNS or any(column.type == "text" for column in schema.features):
        some = replace(shallow, share=0.3)
        return [
            *offered,
            Candidate("boosted trees, shallow on some columns", partial(_fit_trees, schema, some), SHALLOW),
        ]
    # Of two columns at a time trees learn less noise, so they can go on for longer.
    pairs = replace(shallow, rounds=min(800, _PAIR_TREES // labels), share=0.3, pairs=True)
    return [*offered, Candidate("boosted trees of pairs", partial(_fit_trees, schema, pairs), PAIRS)]


@dataclass(frozen=True)
class _Line:
    """How a linear model is fitted: `c` is the inverse of its regularisation, which holds single `words` and other
    `ngrams` of texts back the less, the greater their length.
    """

    c: float = 1.0
    bends: bool = False
    is_balanced: bool = False
    encoder: Embeds | None = None
    words: float = _LENGTH
    ngrams: float = _LENGTH
    solve: Callable[..., Linear] = solvers.logistic


def _fit_weights(schema: Schema, how: _Line, records: Sequence[Any], targets: Targets, seed: int) -> Scorer:
    known = columns.learn(records, schema, most_levels=rates.MOST_LEVELS, encoder=how.encoder)
    design = Design.learn(known, records, bends=how.bends)
    of_label = balance.of_labels(targets) if how.is_balanced else None
    rows = None if of_label is None else of_label[targets]
    lengths = design.lengths(words=how.words, ngrams=how.ngrams)
    matrix = design.matrix(records)
    matrix.data *= lengths.take(matrix.indices)
    linear = how.solve(matrix, targets, c=how.c, seed=seed, weights=rows)
    linear = Linear(linear.weights * lengths[:, None], linear.intercepts)
    return TableLinear(design, linear if of_label is None else balance.undone(linear, of_label))


def _fit_trees(
    schema: Schema,
    how: Growth,
    records: Sequence[Any],
    targets: Targets,
    seed: int,
    *,
    is_balanced: bool = False,
    encoder: Embeds | None = None,
) -> Scorer:
    dense, matrix = _dense(columns.learn(records, schema, encoder=encoder), records, targets, seed)
    of_label = balance.of_labels(targets) if is_balanced else None
    rows = None if of_label is None else of_label[targets]
    number = len(dense.columns.levels)
    forest = growth.grow(matrix, targets, categories=number, how=how, seed=seed, weights=rows)
    return TableForest(dense, forest if of_label is None else _forest_with_priors(forest, of_label))


def _fit_votes(schema: Schema, records: Sequence[Any], targets: Targets, seed: int) -> Scorer:
    dense, matrix = _dense(columns.learn(records, schema), records, targets, seed)
    return TableForest(dense, growth.vote(matrix, targets, seed=seed))


def _dense(known: Columns, records: Sequence[Any], targets: Targets, seed: int) -> tuple[Dense, NDArray[np.float64]]:
    """What makes matrices of a table's rows, and the one that trees are to be fitted on."""
    texts = {name: known.text(records, name) for name in known.texts}
    projections = {
        name: solvers.strongest_dimensions(matrix, _TEXT_DIMENSIONS, seed=seed) for name, matrix in texts.items()
    }
    telling = {name: _telling(matrix, targets, known.texts[name].widths["words"]) for name, matrix in texts.items()}
    meanings = {
        name: solvers.strongest_dimensions(known.meanings(records, name), _TEXT_DIMENSIONS, seed=seed)
        for name in known.meant
    }
    named = [name for name, levels in known.levels.items() if len(levels) == LEVELS]
    learnt = {name: rates.learn(columns.names_of(records, name), targets, seed=seed) for name in named}
    dense = Dense(known, projections, telling, {name: found for name, (found, _) in learnt.items()}, meanings)
    return dense, dense.beside(records, [fitted for _, fitted in learnt.values()])


def _telling(matrix: csr_matrix, targets: Targets, words: int) -> NDArray[np.int32]:
    """The n-grams that say most, and the most frequent words, which may say it only beside another column."""
    frequent = np.arange(min(_FREQUENT_WORDS, words), dtype=np.int32)
    return np.union1d(frequent, solvers.most_telling(matrix, targets, _TELLING))


def _forest_with_priors(forest: Forest, weights: Weights) -> Forest:
    logs = np.log(weights)
    # Of two labels a forest keeps one score, which is how far the second is ahead.
    shift = np.diff(logs) if len(forest.baseline) == 1 else logs
    return replace(forest, baseline=forest.baseline - shift)
