from __future__ import annotations

import numpy as np
import pytest

from classifier.ml import correction
from classifier.ml.isotonic import Isotonic

PROUD = Isotonic(stated=np.array([0.3, 0.9]), true=np.array([0.3, 0.6]))


def test_the_most_probable_label_gets_the_share_that_was_right() -> None:
    found = PROUD.corrected(np.array([[0.9, 0.08, 0.02]]))
    assert found[0] == pytest.approx([0.6, 0.32, 0.08])


def test_no_label_overtakes_the_most_probable_one() -> None:
    humble = Isotonic(stated=np.array([0.0, 1.0]), true=np.array([0.1, 0.1]))
    found = humble.corrected(np.array([[0.5, 0.4, 0.1], [1.0, 0.0, 0.0]]))
    assert found.argmax(axis=1).tolist() == [0, 0]
    assert found.sum(axis=1) == pytest.approx([1, 1])
    assert found[0, 0] == pytest.approx(found[0, 1])


def overconfident(rows: int) -> tuple[np.ndarray, np.ndarray]:
    """Probabilities of two labels and the label: 70 % are right, however sure a model says it is."""
    chance = np.random.default_rng(0)
    stated = chance.uniform(0.7, 1.0, rows)
    return np.stack([stated, 1 - stated], axis=1), np.where(chance.random(rows) < 0.7, 0, 1)


def test_steps_are_taken_where_no_temperature_can_help() -> None:
    found = correction.learn(*overconfident(4_000), seed=0)
    assert found is not None
    assert found.confidence(np.array([0.75, 0.85, 0.95])) == pytest.approx([0.7] * 3, abs=0.06)
    assert found.is_sound


def test_steps_are_left_out_where_confidence_is_right_already_or_rows_are_few() -> None:
    probabilities, _ = overconfident(4_000)
    true = (np.random.default_rng(1).random(4_000) > probabilities[:, 0]).astype(np.intp)
    assert correction.learn(probabilities, true, seed=0) is None
    assert correction.learn(*overconfident(200), seed=0) is None
