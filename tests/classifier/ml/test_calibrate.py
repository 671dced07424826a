from __future__ import annotations

import numpy as np
import pytest

from classifier.ml import calibrate


def drawn(heat: float, rows: int = 4_000) -> tuple[np.ndarray, np.ndarray]:
    """Scores and labels drawn so that softmax(scores / heat) are the true probabilities."""
    chance = np.random.default_rng(0)
    scores = chance.normal(size=(rows, 3)) * 2
    noise = -np.log(-np.log(chance.random(scores.shape)))
    return scores, (scores / heat + noise).argmax(axis=1)


@pytest.mark.parametrize("heat", [0.2, 1.0, 5.0])
def test_the_temperature_of_drawn_labels_is_found(heat: float) -> None:
    assert calibrate.temperature(*drawn(heat)) == pytest.approx(heat, rel=0.15)


def test_a_few_rows_that_are_all_right_do_not_make_it_certain() -> None:
    scores = np.eye(2)[[0, 1, 0, 1]] * 1.0
    heat = calibrate.temperature(scores, np.array([0, 1, 0, 1]))
    assert 1 / (1 + np.exp(-1 / heat)) < 0.95


def test_without_rows_the_temperature_is_one() -> None:
    assert calibrate.temperature(np.empty((0, 3)), np.empty(0, dtype=np.intp)) == 1.0
