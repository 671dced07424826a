from __future__ import annotations

import numpy as np

from classifier.ml import rates
from classifier.ml.rates import Rates

CHANCE = np.random.default_rng(0)
NAMES = [f"shop {number}" for number in CHANCE.integers(0, 300, 3_000)]


def test_a_level_shows_how_often_its_rows_have_the_label() -> None:
    targets = np.array([name.endswith("7") for name in NAMES]).astype(np.intp)
    found, _ = rates.learn(NAMES, targets, seed=0)
    often, never = found.of(["shop 17", "shop 18"])[:, 0]
    assert often > 0.5
    assert never < 0.1


def test_what_is_fitted_does_not_show_the_rows_own_label() -> None:
    targets = CHANCE.integers(0, 2, len(NAMES)).astype(np.intp)
    unique = [f"order {number}" for number in range(len(NAMES))]
    _, of_many = rates.learn(NAMES, targets, seed=0)
    _, of_one = rates.learn(unique, targets, seed=0)
    assert abs(np.corrcoef(of_many[:, 0], targets)[0, 1]) < 0.1
    assert len(np.unique(of_one[:, 0])) == 1


def test_an_unseen_level_has_the_share_of_all_rows_and_a_missing_one_has_none() -> None:
    targets = (np.arange(len(NAMES)) % 4 == 0).astype(np.intp)
    found, _ = rates.learn([None, *NAMES[1:]], targets, seed=0)
    unseen, missing = found.of(["another", None])
    assert unseen.tolist() == [0.25, 0.0]
    assert np.isnan(missing).all()


def test_of_many_labels_the_most_frequent_are_shown() -> None:
    targets = np.minimum(np.arange(len(NAMES)) % 60, 40).astype(np.intp)
    found, fitted = rates.learn(NAMES, targets, seed=0)
    assert fitted.shape == (3_000, 17)
    assert isinstance(found, Rates)
    assert np.argmax(found.of(["another"])[0]) == 0
