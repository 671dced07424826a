from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.ensemble import RandomForestClassifier

from classifier.ml import growth
from classifier.ml.votes import Votes, rounded

CHANCE = np.random.default_rng(0)


def features(rows: int) -> NDArray[np.float64]:
    found = CHANCE.normal(size=(rows, 4))
    found[:, 3] = CHANCE.integers(0, 5, rows)
    found[CHANCE.random(found.shape) < 0.1] = np.nan
    return found


def targets(matrix: NDArray[np.float64], labels: int) -> NDArray[np.intp]:
    return (np.abs(np.nan_to_num(matrix) @ [3, 2, 0, 1]).astype(int) % labels).astype(np.intp)


@pytest.mark.parametrize("labels", [2, 5])
@pytest.mark.parametrize("leaves", [None, 20])
def test_the_walk_equals_scikit_learn(labels: int, leaves: int | None) -> None:
    seen, unseen = features(600), features(900)
    unseen[0], unseen[1, 0] = np.nan, 1e300
    machine = RandomForestClassifier(20, max_leaf_nodes=leaves, random_state=0).fit(
        rounded(seen), targets(seen, labels)
    )
    found = np.exp(growth.votes_of(machine).scores(unseen))
    expected = 0.99 * machine.predict_proba(rounded(unseen)) + 0.01 / labels
    assert np.abs(found - expected).max() < 1e-3


def test_votes_survive_being_packed() -> None:
    seen = features(200)
    first = growth.vote(seen, targets(seen, 3), seed=0)
    assert np.array_equal(first.scores(seen), Votes.unpack(first.pack()).scores(seen))


def test_a_forest_keeps_within_a_few_megabytes() -> None:
    seen = CHANCE.normal(size=(6_000, 4))
    found = growth.vote(seen, CHANCE.integers(0, 60, 6_000).astype(np.intp), seed=0)
    assert sum(array.nbytes for array in found.pack().values()) < 4_000_000


def test_three_rows_and_an_empty_column_grow_a_forest() -> None:
    matrix = np.array([[0.0, np.nan], [0.1, np.nan], [5.0, np.nan]])
    found = growth.vote(matrix, np.array([0, 0, 1]), seed=0)
    assert found.scores(matrix).argmax(axis=1).tolist() == [0, 0, 1]
