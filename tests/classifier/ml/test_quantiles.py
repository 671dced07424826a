from __future__ import annotations

import numpy as np

from classifier.ml.quantiles import Quantiles

CHANCE = np.random.default_rng(0)


def test_each_stretch_fills_while_a_number_crosses_it() -> None:
    found = Quantiles(np.array([[0.0, 10.0, 20.0]]))
    places = found.places(np.array([[-5.0], [5.0], [10.0], [15.0], [99.0]]))
    assert places.tolist() == [[0, 0], [0.5, 0], [1, 0], [1, 0.5], [1, 1]]


def test_what_is_missing_or_always_the_same_says_nothing() -> None:
    column = CHANCE.normal(size=200)
    found = Quantiles.learn(np.column_stack([column, np.full(200, 7.0), np.full(200, np.nan)]))
    places = found.places(np.array([[np.nan, 7.0, 1.0], [9.0, 7.0, 1.0]]))
    assert places[0].tolist() == [0] * (3 * found.stretches)
    assert places[1].sum() == found.stretches


def test_the_spread_of_the_numbers_does_not_matter() -> None:
    column = np.sort(CHANCE.normal(size=(400, 1)), axis=0)
    plain, skewed = (Quantiles.learn(values).places(values) for values in (column, np.exp(3 * column)))
    # At most within a stretch, never by a whole one.
    assert np.abs(plain.sum(axis=1) - skewed.sum(axis=1)).max() < 1


def test_a_number_that_is_mostly_zero_is_told_apart_above_it() -> None:
    gains = np.concatenate([np.zeros(950), CHANCE.uniform(1, 100_000, 50)])[:, None]
    found = Quantiles.learn(gains)
    assert (np.diff(found.edges[0]) > 0).all()
