"""The models that are worth trying on a table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from . import columns, growth, rates, solvers
from .candidate import PAIRS, SHALLOW, TREES, VOTES, Candidate, Targets
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
# Few rows are divided into more folds, and each label has a tree in each round.
_FEW_TREES = 500
# Of more columns, most pairs say nothing.
_PAIRED_COLUMNS = 64
_VOTING_LABELS = 100
# A label that has less than this share of the rows is rare.
_RARE = 0.05

_Weights = NDArray[np.float64]


def for_tables(schema: Schema, counts: Sequence[int], encoder: Embeds | None = None) -> list[Candidate]:
    """The candidates for a table whose labels have so many training rows, in the order in which they are worth their
    time. An `encoder` adds some that know what the table's texts mean.
    """
    rows, labels = sum(counts), len(counts)
    offered = [Candidate("linear, C=1", partial(_fit_weights, schema, _Line()))]
    reads = encoder is not None and any(column.type == "text" for column in schema.features)
    if reads:
        line = _Line(bends=True, encoder=encoder)
        offered.append(Candidate("linear on meanings", partial(_fit_weights, schema, line)))
    if labels * Growth().rounds > _TREES:
        return [*offered, _votes(schema)] if labels <= _VOTING_LABELS else offered
    deep = Growth(rounds=min(Growth().rounds, _FEW_TREES // labels)) if rows < _FEW_ROWS else Growth()
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
    return [*offered, *_balanced_ones(schema, deep)] if min(counts) < _RARE * rows else offered


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
    """How a linear model is fitted: `c` is the inverse of its regularisation."""

    c: float = 1.0
    bends: bool = False
    is_balanced: bool = False
    encoder: Embeds | None = None


def _fit_weights(schema: Schema, how: _Line, records: Sequence[Any], targets: Targets, seed: int) -> Scorer:
    known = columns.learn(records, schema, most_levels=rates.MOST_LEVELS, encoder=how.encoder)
    design = Design.learn(known, records, bends=how.bends)
    of_label = _balanced(targets) if how.is_balanced else None
    rows = None if of_label is None else of_label[targets]
    linear = solvers.logistic(design.matrix(records), targets, c=how.c, seed=seed, weights=rows)
    return TableLinear(design, linear if of_label is None else _with_priors(linear, of_label))


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
    of_label = _balanced(targets) if is_balanced else None
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


def _balanced(targets: Targets) -> _Weights:
    """The weight of each label's rows, with which the rare ones count as much more as the root of their rarity."""
    counts = np.bincount(targets)
    weights: _Weights = np.sqrt(counts.mean() / counts)
    return weights


def _with_priors(linear: Linear, weights: _Weights) -> Linear:
    """Take back what the weights of the labels' rows have done to the labels' probabilities."""
    return replace(linear, intercepts=(linear.intercepts - np.log(weights)).astype(np.float32))


def _forest_with_priors(forest: Forest, weights: _Weights) -> Forest:
    logs = np.log(weights)
    # Of two labels a forest keeps one score, which is how far the second is ahead.
    shift = np.diff(logs) if len(forest.baseline) == 1 else logs
    return replace(forest, baseline=forest.baseline - shift)
