from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.ensemble import HistGradientBoostingClassifier

from classifier.ml.growth import Growth, forest_of, grow


def features(rows: int, seed: int) -> NDArray[np.float64]:
    """Three categories of 3, 40 and 254 levels, then three numbers; a tenth is missing."""
    chance = np.random.default_rng(seed)
    levels = [chance.integers(0, count, rows) for count in (3, 40, 254)]
    found = np.column_stack([*levels, chance.normal(size=(rows, 2)), chance.integers(0, 4, rows)]).astype(float)
    found[chance.random(found.shape) < 0.1] = np.nan
    return found


def targets(matrix: NDArray[np.float64], labels: int) -> NDArray[np.intp]:
    clean = np.nan_to_num(matrix)
    return ((clean[:, 1] // 7 + clean[:, 2] % 5 + 3 * clean[:, 3]).astype(int) % labels).astype(np.intp)


@pytest.mark.parametrize("labels", [2, 5])
@pytest.mark.parametrize("smallest", [1, 20])
def test_the_walk_equals_scikit_learn(labels: int, smallest: int) -> None:
    seen = features(2_000, 0)
    machine = HistGradientBoostingClassifier(
        max_iter=30,
        categorical_features=np.arange(6) < 3,
        early_stopping=False,
        min_samples_leaf=smallest,
        random_state=0,
    )
    machine.fit(seen, targets(seen, labels))
    unseen = features(3_000, 1)
    unseen[0] = np.nan
    unseen[9:12, 3] = [np.inf, -np.inf, 1e300]
    coded = unseen.copy()
    unseen[1:9, 1], coded[1:9, 1] = 250, np.nan  # A level that no row had is NaN to a forest.
    scores = forest_of(machine).scores(coded)
    found = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    assert np.abs(found - machine.predict_proba(unseen)).max() < 1e-6


def test_numbers_alone_need_no_categories() -> None:
    matrix = features(300, 0)[:, 3:]
    forest = grow(matrix, (np.nan_to_num(matrix[:, 0]) > 0).astype(np.intp), categories=0, how=Growth(), seed=0)
    assert (forest.scores(matrix).argmax(axis=1) == (np.nan_to_num(matrix[:, 0]) > 0)).mean() > 0.95


def test_four_rows_grow_a_forest() -> None:
    matrix = np.array([[0.0], [0.1], [5.0], [5.1]])
    forest = grow(matrix, np.array([0, 0, 1, 1]), categories=0, how=Growth(), seed=0)
    assert forest.scores(matrix).argmax(axis=1).tolist() == [0, 0, 1, 1]


@pytest.mark.parametrize(("columns", "is_learned"), [(2, True), (3, False)])
def test_trees_of_pairs_learn_what_two_columns_say_together_but_not_three(columns: int, is_learned: bool) -> None:
    matrix = np.random.default_rng(0).normal(size=(4_000, 3))
    parity = (matrix[:, :columns] > 0).sum(axis=1) % 2
    forest = grow(matrix[:2_000], parity[:2_000], categories=0, how=Growth(leaves=8, pairs=True), seed=0)
    right = (forest.scores(matrix[2_000:]).argmax(axis=1) == parity[2_000:]).mean()
    assert bool(right > 0.9) is is_learned
