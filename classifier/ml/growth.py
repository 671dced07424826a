"""Growing trees with scikit-learn, which only training needs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier

from .forest import WORDS, Forest
from .votes import Votes, rounded

_VOTING_TREES = 100
# A forest of votes keeps so many leaves at most, and so many shares in them: a few megabytes.
_LEAVES, _SHARES = 60_000, 600_000
_MANY_ROWS = 5_000


@dataclass(frozen=True)
class Growth:
    """How trees are grown: steps of `rate`, `rounds` of them, `leaves` a tree; a split sees a `share` of features.

    With `pairs`, no path splits more than two features (Lou et al. 2013).
    """

    rate: float = 0.1
    rounds: int = 100
    leaves: int = 31
    l2: float = 0.0
    share: float = 1.0
    pairs: bool = False


def grow(
    features: NDArray[np.float64],
    targets: NDArray[np.intp],
    *,
    categories: int,
    how: Growth,
    seed: int,
    weights: NDArray[np.float64] | None = None,
) -> Forest:
    """Trees for `features` (rows, features), of which the first `categories` are category codes.

    `weights` (rows,) say how much each row counts, else all the same.
    """
    machine = HistGradientBoostingClassifier(
        learning_rate=how.rate,
        max_iter=how.rounds,
        max_leaf_nodes=how.leaves,
        l2_regularization=how.l2,
        max_features=how.share,
        interaction_cst="pairwise" if how.pairs else None,
        # On few rows, leaves of the usual 20 would leave the trees without a single split.
        min_samples_leaf=max(2, min(20, len(features) // 50)),
        categorical_features=np.arange(features.shape[1]) < categories if categories else None,
        early_stopping=False,
        random_state=seed,
    )
    return forest_of(machine.fit(features, targets, sample_weight=weights))


def vote(features: NDArray[np.float64], targets: NDArray[np.intp], *, seed: int) -> Votes:
    """A random forest on `features` (rows, features), in which category codes are numbers."""
    labels = int(targets.max()) + 1
    machine = RandomForestClassifier(
        _VOTING_TREES,
        # Best-first growth, which a limit brings, is the same forest where the limit is not reached.
        max_leaf_nodes=max(2, min(_LEAVES, _SHARES // labels) // _VOTING_TREES),
        min_samples_leaf=1 if len(features) < _MANY_ROWS else 3,
        random_state=seed,
    )
    return votes_of(machine.fit(rounded(features), targets))


def votes_of(machine: RandomForestClassifier) -> Votes:
    """The trees of a fitted forest whose targets are 0 to n - 1."""
    trees = [tree.tree_ for tree in machine.estimators_]
    sizes = np.array([tree.node_count for tree in trees])
    roots = np.cumsum(sizes) - sizes
    shift, itself = np.repeat(roots, sizes), np.arange(sizes.sum())
    lefts, rights = (np.concatenate([getattr(t, f"children_{side}") for t in trees]) for side in ("left", "right"))
    ends = lefts < 0
    shares = np.concatenate([tree.value[:, 0] for tree in trees])[ends]
    return Votes(
        feature=np.where(ends, 0, np.concatenate([tree.feature for tree in trees])).astype(np.int32),
        threshold=_rounded_down(np.concatenate([tree.threshold for tree in trees])),
        left=np.where(ends, itself, lefts + shift).astype(np.int32),
        right=np.where(ends, itself, rights + shift).astype(np.int32),
        missing_left=np.concatenate([tree.missing_go_to_left for tree in trees]).astype(bool),
        leaf=np.where(ends, np.cumsum(ends) - 1, 0).astype(np.int32),
        shares=(shares / shares.sum(axis=1, keepdims=True)).astype(np.float16),
        roots=roots.astype(np.int32),
        depth=np.array([max(int(tree.max_depth) for tree in trees)], dtype=np.int32),
    )


def _rounded_down(thresholds: NDArray[np.float64]) -> NDArray[np.float32]:
    """The largest number in single precision that is not above: what is below one is below the other too."""
    nearest = thresholds.astype(np.float32)
    return np.where(nearest > thresholds, np.nextafter(nearest, np.float32(-np.inf)), nearest)


def forest_of(machine: HistGradientBoostingClassifier) -> Forest:
    """The trees of a fitted classifier whose categorical features come first, coded 0 to n - 1."""
    trees = [(label, tree) for round_ in machine._predictors for label, tree in enumerate(round_)]
    nodes = np.concatenate([tree.nodes for _, tree in trees])
    sizes = np.array([len(tree.nodes) for _, tree in trees])
    roots = np.cumsum(sizes) - sizes
    sets = np.array([len(tree.raw_left_cat_bitsets) for _, tree in trees])
    leaf, itself = nodes["is_leaf"].astype(bool), np.arange(len(nodes))
    by_category = nodes["is_categorical"].astype(bool) & ~leaf
    first_set = np.repeat(np.cumsum(sets) - sets, sizes)
    return Forest(
        feature=nodes["feature_idx"].astype(np.int32),
        threshold=nodes["num_threshold"].copy(),
        left=np.where(leaf, itself, nodes["left"] + np.repeat(roots, sizes)).astype(np.int32),
        right=np.where(leaf, itself, nodes["right"] + np.repeat(roots, sizes)).astype(np.int32),
        missing_left=nodes["missing_go_to_left"].astype(bool),
        value=nodes["value"].copy(),
        bitset=np.where(by_category, nodes["bitset_idx"] + first_set, -1).astype(np.int32),
        bitsets=np.concatenate([tree.raw_left_cat_bitsets for _, tree in trees]).reshape(-1, WORDS),
        roots=roots.astype(np.int32),
        label=np.array([label for label, _ in trees], dtype=np.int32),
        baseline=np.ravel(machine._baseline_prediction).astype(np.float64),
        depth=np.array([max(int(tree.get_max_depth()) for _, tree in trees)], dtype=np.int32),
    )
