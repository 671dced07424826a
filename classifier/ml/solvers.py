"""Fitting linear models with scikit-learn, which only training needs."""

from __future__ import annotations

import warnings

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from sklearn.decomposition import TruncatedSVD
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.exceptions import ConvergenceWarning
from sklearn.feature_selection import chi2
from sklearn.linear_model import LogisticRegression
from sklearn.svm import LinearSVC

from .linear import Linear

_SVM_TOLERANCE = 1e-2
_LOGISTIC_ITERATIONS = 300
_VECTOR_TOLERANCE = 1e-4
_DIMENSIONS = 512
_SHRINKAGE = 0.1
_SPHERE = 0.4


def support_vectors(
    matrix: csr_matrix,
    targets: NDArray[np.intp],
    *,
    c: float,
    seed: int,
    weights: NDArray[np.float64] | None = None,
) -> Linear:
    """Linear support vector machines, one label against the rest (Fan et al. 2008, LIBLINEAR).

    `weights` (rows,) say how much each row counts, else all the same.
    """
    return _fit(LinearSVC(C=c, tol=_SVM_TOLERANCE, random_state=seed), matrix, targets, weights)


def logistic(
    matrix: csr_matrix,
    targets: NDArray[np.intp],
    *,
    c: float,
    seed: int,
    weights: NDArray[np.float64] | None = None,
) -> Linear:
    """Multinomial logistic regression; `weights` (rows,) say how much each row counts, else all the same."""
    return _fit(LogisticRegression(C=c, max_iter=_LOGISTIC_ITERATIONS, random_state=seed), matrix, targets, weights)


def logistic_of_vectors(
    vectors: NDArray[np.float32], targets: NDArray[np.intp], *, c: float, weights: NDArray[np.float64]
) -> Linear:
    """Multinomial logistic regression on dense features; `weights` (rows,) say how much each row counts."""
    machine = LogisticRegression(C=c, max_iter=_LOGISTIC_ITERATIONS, tol=_VECTOR_TOLERANCE)
    return _fit(machine, vectors, targets, weights)


def gaussian(vectors: NDArray[np.float32], targets: NDArray[np.intp], *, weights: NDArray[np.float64]) -> Linear:
    """Linear discriminants of dense features: each label is a normal distribution, and all have one covariance.

    The covariance is shrunk towards a sphere (Friedman 1989), as there are hardly more rows than features.
    """
    total = np.bincount(targets, weights)
    means = np.stack([weights[targets == label] @ vectors[targets == label] for label in range(len(total))])
    means /= total[:, None]
    rest = (vectors - means[targets]) * np.sqrt(weights)[:, None]
    covariance = rest.T @ rest / total.sum()
    sphere = np.trace(covariance) / len(covariance) * np.eye(len(covariance))
    coefficients = np.linalg.solve((1 - _SPHERE) * covariance + _SPHERE * sphere, means.T).T
    intercepts = np.log(total / total.sum()) - (coefficients * means).sum(axis=1) / 2
    return Linear.of_labels(coefficients, intercepts)


def discriminant(matrix: csr_matrix, targets: NDArray[np.intp], *, seed: int) -> Linear:
    """Linear discriminants in the 512 strongest dimensions, written as weights of the features themselves.

    Its time hardly depends on the number of labels, so it serves where a machine for each label would take
    hours.
    """
    dimensions = min(_DIMENSIONS, min(matrix.shape) - 1)
    projection = TruncatedSVD(dimensions, n_iter=3, random_state=seed)
    machine = LinearDiscriminantAnalysis(solver="lsqr", shrinkage=_SHRINKAGE)
    machine.fit(projection.fit_transform(matrix), targets)
    return Linear.rounded(machine.coef_ @ projection.components_, machine.intercept_)


def _fit(
    machine: LinearSVC | LogisticRegression,
    matrix: csr_matrix | NDArray[np.float32],
    targets: NDArray[np.intp],
    weights: NDArray[np.float64] | None = None,
) -> Linear:
    with warnings.catch_warnings():
        # A solver that stops at its iteration limit gives slightly worse weights, and the evaluation shows
        # it.
        warnings.simplefilter("ignore", ConvergenceWarning)
        machine.fit(matrix, targets, sample_weight=weights)
    return Linear.rounded(machine.coef_, machine.intercept_)


def strongest_dimensions(matrix: csr_matrix | NDArray[np.float32], number: int, *, seed: int) -> NDArray[np.float32]:
    """The projection (features, dimensions) onto the first singular vectors, at most `number` of them."""
    if not matrix.shape[1]:
        return np.empty((0, 0), dtype=np.float32)
    # Where all rows are alike, scikit-learn divides by their variance, for a share that nobody asks for.
    with np.errstate(invalid="ignore"):
        machine = TruncatedSVD(min(number, *matrix.shape), random_state=seed).fit(matrix)
    return np.ascontiguousarray(machine.components_.T, dtype=np.float32)


def most_telling(matrix: csr_matrix, targets: NDArray[np.intp], number: int) -> NDArray[np.int32]:
    """The features whose presence goes most with some labels and not with others (chi-squared), so many at most."""
    if not matrix.shape[1]:
        return np.empty(0, np.int32)
    strength, _ = chi2(matrix > 0, targets)
    return np.argsort(-np.nan_to_num(strength), kind="stable")[:number].astype(np.int32)
