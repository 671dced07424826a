"""The models that are worth trying on a data set.

A candidate is a name and a function that fits. Adding a kind of model is adding a candidate here and, where
it computes in a way of its own, a scorer to the parts in pool.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

from . import columns, growth, solvers, text_candidates, tuning
from .candidate import SHALLOW, TREES, Candidate, Targets
from .growth import Growth
from .predictor import Scorer
from .schema import Schema
from .sentences import Embeds
from .table_forest import Dense, TableForest
from .table_linear import Design, TableLinear

FAST, BEST = "fast", "best"
QUALITIES = (FAST, "auto", BEST)

_FEW_ROWS = 1_000
_TEXT_DIMENSIONS = 32
_TREES, _SHALLOW_TREES = 3_000, 1_000


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

    `fast` leaves only the first, a linear one; `best` takes more time than `auto`. A `base` of texts adds one that
    starts from it, which is then the first; an `encoder` adds some that know what words mean.
    """
    if quality not in QUALITIES:
        raise ValueError(f"quality is {quality!r}; choose one of {', '.join(QUALITIES)}")
    if schema.kind == "text":
        offered = text_candidates.for_texts(names, rows, encoder, is_thorough=quality == BEST)
        if base is not None and tuning.can_start_from(base):
            offered.insert(0, text_candidates.tuned(base, encoder))
    else:
        offered = _tables(schema, rows, len(names))
    return offered[:1] if quality == FAST else offered


def _tables(schema: Schema, rows: int, labels: int) -> list[Candidate]:
    weights = Candidate("linear, C=1", partial(_fit_weights, schema))
    if labels * Growth().rounds > _TREES:
        return [weights]
    trees = Candidate("boosted trees", partial(_fit_trees, schema, Growth()), TREES)
    if rows < _FEW_ROWS:
        calm = Growth(rate=0.05, rounds=60, leaves=8, l2=1.0)
        return [weights, trees, Candidate("boosted trees, small", partial(_fit_trees, schema, calm), TREES)]
    shallow = Growth(rate=0.08, rounds=min(500, _SHALLOW_TREES // labels), leaves=8, l2=1.0)
    return [weights, trees, Candidate("boosted trees, shallow", partial(_fit_trees, schema, shallow), SHALLOW)]


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
