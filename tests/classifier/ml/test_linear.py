from __future__ import annotations

import numpy as np
import pytest
from scipy.sparse import csr_matrix
from sklearn.linear_model import LogisticRegression

from classifier.ml import solvers
from classifier.ml.linear import Linear

CHANCE = np.random.default_rng(0)
MATRIX = csr_matrix(CHANCE.normal(size=(90, 12)).astype(np.float32))


def targets(labels: int) -> np.ndarray[tuple[int], np.dtype[np.intp]]:
    return (np.arange(90) % labels).astype(np.intp)


@pytest.mark.parametrize("labels", [2, 4])
def test_the_scores_are_those_of_scikit_learn(labels: int) -> None:
    reference = LogisticRegression(C=1.0, max_iter=200).fit(MATRIX, targets(labels))
    scores = solvers.logistic(MATRIX, targets(labels), c=1.0, seed=0).scores(MATRIX)
    found = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    assert np.allclose(found, reference.predict_proba(MATRIX), atol=2e-3)


def test_rounding_comes_before_evaluation() -> None:
    found = solvers.support_vectors(MATRIX, targets(3), c=1.0, seed=0)
    assert np.array_equal(found.scores(MATRIX), Linear.unpack(found.pack()).scores(MATRIX))
    assert found.weights.shape == (12, 3)
    assert found.weights.flags.c_contiguous


def test_a_label_against_the_others_is_the_difference_of_two_scores() -> None:
    found = solvers.support_vectors(MATRIX, targets(2), c=1.0, seed=0)
    features = np.array([3, 7], dtype=np.int32)
    difference = found.weights[features, 1] - found.weights[features, 0]
    assert np.allclose(found.against_others(1, features), difference, atol=1e-6)


def test_discriminants_are_weights_of_the_features_themselves() -> None:
    labels = targets(3)
    shifted = csr_matrix((MATRIX.toarray() + 4 * np.eye(12)[labels]).astype(np.float32))
    found = solvers.discriminant(shifted, labels, seed=0)
    assert (found.scores(shifted).argmax(axis=1) == labels).mean() > 0.9


def test_a_text_column_without_any_text_has_no_dimension() -> None:
    assert solvers.strongest_dimensions(csr_matrix((4, 0)), 32, seed=0).shape == (0, 0)


def test_a_solver_that_runs_out_of_steps_does_not_warn() -> None:
    wide = csr_matrix(np.where(MATRIX.toarray() > 0, 1e4, -1e4).astype(np.float32))
    assert np.isfinite(solvers.logistic(wide, targets(5), c=1e6, seed=0).scores(wide)).all()
