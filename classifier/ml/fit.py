"""Choosing among candidates by cross-validation, and fitting the one that is chosen."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import softmax

from . import calibrate, pool, weighing
from .candidate import OF_TREES, POOL, Candidate
from .folds import folds, sample
from .pool import Pool
from .predictor import Scorer
from .scoring import log_loss

Progress = Callable[[float], None]
Said = Callable[[float, str], None]

_ROWS_LOOKED_AT = 20_000
_FEWEST_PARTS = 2
# Trees whose weight is less than this share of the one they would have alone are not worth their time and room.
_LEAST_WEIGHT = 0.03


@dataclass(frozen=True)
class Examples:
    """All `inputs` with their `targets` (n,), and the `places` of those that may be looked at."""

    inputs: Sequence[Any]
    targets: NDArray[np.intp]
    places: NDArray[np.intp]


@dataclass(frozen=True)
class Trial:
    """How a candidate did on rows it was not fitted on.

    `rows` are their places (n,), `fold` (n,) the one that each was in, `scores` (n, labels) uncalibrated.
    """

    candidate: Candidate
    rows: NDArray[np.intp]
    fold: NDArray[np.intp]
    scores: NDArray[np.float64]
    temperature: float
    accuracy: float
    log_loss: float
    seconds: float

    def probabilities(self) -> NDArray[np.float64]:
        result: NDArray[np.float64] = softmax(self.scores / self.temperature, axis=1)
        return result


@dataclass(frozen=True)
class _Scored:
    """As of a trial."""

    rows: NDArray[np.intp]
    fold: NDArray[np.intp]
    scores: NDArray[np.float64]


def cross_validate(candidate: Candidate, examples: Examples, *, seed: int, progress: Progress) -> Trial:
    """Score the examples, of very many about 20,000, by models that were fitted without them."""
    start = time.perf_counter()
    inputs, targets, places = examples.inputs, examples.targets, examples.places
    rows = places[sample(targets[places], seed=seed, size=_ROWS_LOOKED_AT)]
    fold = folds(targets[rows], seed=seed)
    scores = np.zeros((len(rows), int(targets.max()) + 1))
    numbers = range(int(fold.max()) + 1)
    for number in numbers:
        rest = fold == number
        if rest.any():
            training = rows[~rest]
            scorer = candidate.fit([inputs[row] for row in training], targets[training], seed)
            scores[rest] = scorer.scores([inputs[row] for row in rows[rest]])
        progress((number + 1) / len(numbers))
    scored = fold >= 0
    of_rows = _Scored(rows[scored], fold[scored], scores[scored])
    return _trial(candidate, of_rows, targets, time.perf_counter() - start)


def try_all(
    offered: Sequence[Candidate], examples: Examples, *, seed: int, seconds: float, progress: Said
) -> list[Trial]:
    """The trials of the candidates, one after the other, until another would take longer than there is time for.

    The first is always made. With them comes that of a pool, where there are several families. `progress` is called
    with the share that is done and with what is being tried.
    """
    started = time.perf_counter()
    trials: list[Trial] = []
    for place, candidate in enumerate(offered):
        longest = max((trial.seconds for trial in trials), default=0.0)
        if trials and time.perf_counter() - started + longest > seconds:
            break
        said = f"Trying: {candidate.name}.{_so_far(trials)}"

        def report(share: float, place: int = place, said: str = said) -> None:
            progress((place + share) / len(offered), said)

        report(0.0)
        trials.append(cross_validate(candidate, examples, seed=seed, progress=report))
    together = pooled(trials, examples.targets)
    return [*trials, together] if together else trials


def _so_far(trials: Sequence[Trial]) -> str:
    return f" Best so far: {best(trials).accuracy:.1%} right." if trials else ""


def pooled(trials: Sequence[Trial], targets: NDArray[np.intp]) -> Trial | None:
    """The best trial of each family together, where there are several families; it needs no fitting of its own.

    `targets` are those of all rows. The parts have been scored on the same rows, by models of the same folds.
    """
    families = {trial.candidate.family for trial in trials if len(trial.rows)}
    parts = [best([trial for trial in trials if trial.candidate.family == family]) for family in sorted(families)]
    while len(parts) >= _FEWEST_PARTS:
        weights = weighing.best_weights([part.scores for part in parts], targets[parts[0].rows])
        kept = [part for part, weight in zip(parts, weights, strict=True) if _is_worth(part, weight)]
        if len(kept) == len(parts):
            return _together(parts, weights, targets)
        parts = kept
    return None


def _together(parts: Sequence[Trial], weights: Sequence[float], targets: NDArray[np.intp]) -> Trial:
    rows = parts[0].rows

    def fit(inputs: Sequence[Any], targets: NDArray[np.intp], seed: int) -> Scorer:
        return Pool.of([part.candidate.fit(inputs, targets, seed) for part in parts], weights)

    name = " with ".join(part.candidate.name for part in parts)
    together = Candidate(f"pool of {name}", fit, POOL)
    scores = pool.mixed([part.scores for part in parts], weights)
    return _trial(together, _Scored(rows, parts[0].fold, scores), targets, 0.0)


def _is_worth(part: Trial, weight: float) -> bool:
    return part.candidate.family not in OF_TREES or weight * part.temperature >= _LEAST_WEIGHT


def _trial(candidate: Candidate, found: _Scored, targets: NDArray[np.intp], seconds: float) -> Trial:
    """`targets` are those of all rows."""
    scores, right = found.scores, targets[found.rows]
    temperature, accuracy, loss = calibrate.temperature(scores, right), 0.0, np.inf
    if len(right):
        accuracy = float((scores.argmax(axis=1) == right).mean())
        loss = log_loss(softmax(scores / temperature, axis=1)[np.arange(len(right)), right])
    return Trial(candidate, found.rows, found.fold, scores, temperature, accuracy, loss, round(seconds, 3))


def best(trials: Sequence[Trial]) -> Trial:
    """The trial with the least log loss, which a lucky row moves less than accuracy."""
    return min(trials, key=lambda trial: trial.log_loss)
