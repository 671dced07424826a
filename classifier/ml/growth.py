"""Growing gradient boosted trees with scikit-learn, which only training needs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import HistGradientBoostingClassifier

from .forest import WORDS, Forest


@dataclass(frozen=True)
class Growth:
    """How trees are grown: steps of `rate`, `rounds` of them, `leaves` a tree."""

    rate: float = 0.1
    rounds: int = 100
    leaves: int = 31
    l2: float = 0.0


def grow(
    features: NDArray[np.float64], targets: NDArray[np.intp], *, categories: int, how: Growth, seed: int
) -> Forest:
    """Trees for `features` (rows, features), of which the first `categories` are category codes."""
    machine = HistGradientBoostingClassifier(
        learning_rate=how.rate,
        max_iter=how.rounds,
        max_leaf_nodes=how.leaves,
        l2_regularization=how.l2,
        # On few rows, leaves of the usual 20 would leave the trees without a single split.
        min_samples_leaf=max(2, min(20, len(features) // 50)),
        categorical_features=np.arange(features.shape[1]) < categories if categories else None,
        early_stopping=False,
        random_state=seed,
    )
    return forest_of(machine.fit(features, targets))


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
