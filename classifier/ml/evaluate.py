"""How good a model is, in numbers that can be traced back to rows."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from .scoring import Interval, log_loss, wilson

Method = Literal["held_out", "cross_validation"]
HELD_OUT: Method = "held_out"
CROSS_VALIDATION: Method = "cross_validation"

_BINS = 15


@dataclass(frozen=True)
class Answers:
    """What a model says of n rows, each (n,): the chosen label, its probability, and the right label's probability."""

    chosen: NDArray[np.intp]
    confidence: NDArray[np.float64]
    right: NDArray[np.float64]

    @classmethod
    def of(cls, batches: Iterable[NDArray[np.float64]], targets: NDArray[np.intp]) -> Answers:
        """From batches of probabilities (rows, labels), which together are n rows."""
        found, start = [], 0
        for batch in batches:
            rows = np.arange(len(batch))
            found.append((batch.argmax(axis=1), batch.max(axis=1), batch[rows, targets[start + rows]]))
            start += len(batch)
        return cls(*(np.concatenate(parts) for parts in zip(*found, strict=True)))


@dataclass(frozen=True, slots=True)
class Prediction:
    """The answer for one evaluated row; `row` is its place among the rows that `train` was given."""

    row: int
    label: str
    predicted: str
    confidence: float


@dataclass(frozen=True, slots=True)
class LabelScore:
    """How one label is recognised. `support` counts its evaluated rows; the intervals are Wilson's (95 %)."""

    label: str
    precision: float
    recall: float
    f1: float
    support: int
    predicted: int
    precision_interval: Interval
    recall_interval: Interval


@dataclass(frozen=True)
class Evaluation:
    """`method` says on which rows: those held out, or each row by a model of its fold that has not seen it.

    `baseline` is the accuracy of always answering the most frequent label; `ece` the expected calibration
    error of the top label (15 bins of equal width); `confusion` has the cells that are not zero;
    `predictions` every row behind it.
    """

    method: Method
    rows: int
    accuracy: float
    accuracy_interval: Interval
    macro_f1: float
    weighted_f1: float
    log_loss: float
    ece: float
    baseline: float
    labels: tuple[LabelScore, ...]
    confusion: tuple[dict[str, Any], ...]
    predictions: tuple[Prediction, ...]

    def to_json(self) -> dict[str, Any]:
        """All numbers as plain JSON values; the predictions are not among them, they may be many."""
        plain = asdict(self)
        del plain["predictions"]
        return plain


def evaluate(
    labels: Sequence[str],
    targets: NDArray[np.intp],
    answers: Answers,
    *,
    rows: NDArray[np.intp],
    method: Method,
) -> Evaluation:
    """Metrics of the answers to n >= 1 rows against `targets` (n,).

    `rows` (n,) are the rows' places. The macro
    average is over the labels that have an evaluated row.
    """
    right = answers.chosen == targets
    scores = _label_scores(labels, targets, answers.chosen)
    seen = [score for score in scores if score.support]
    return Evaluation(
        method=method,
        rows=len(targets),
        accuracy=float(right.mean()),
        accuracy_interval=wilson(int(right.sum()), len(right)),
        macro_f1=sum(score.f1 for score in seen) / len(seen),
        weighted_f1=sum(score.f1 * score.support for score in seen) / len(targets),
        log_loss=log_loss(answers.right),
        ece=calibration_error(answers.confidence, right),
        baseline=float(np.bincount(targets).max() / len(targets)),
        labels=scores,
        confusion=_confusion(labels, targets, answers.chosen),
        predictions=tuple(
            Prediction(int(row), labels[target], labels[answer], float(confidence))
            for row, target, answer, confidence in zip(rows, targets, answers.chosen, answers.confidence, strict=True)
        ),
    )


def calibration_error(confidences: NDArray[np.float64], right: NDArray[np.bool_]) -> float:
    """By how much confidence and accuracy differ, on average over 15 bins of equal width."""
    bins = np.minimum((confidences * _BINS).astype(int), _BINS - 1)
    gaps = np.bincount(bins, weights=confidences - right, minlength=_BINS)
    return float(np.abs(gaps).sum() / len(confidences))


def _label_scores(
    labels: Sequence[str], targets: NDArray[np.intp], answers: NDArray[np.intp]
) -> tuple[LabelScore, ...]:
    supports = np.bincount(targets, minlength=len(labels)).tolist()
    predicted = np.bincount(answers, minlength=len(labels)).tolist()
    hits = np.bincount(targets[targets == answers], minlength=len(labels)).tolist()
    return tuple(_label_score(*counts) for counts in zip(labels, supports, predicted, hits, strict=True))


def _label_score(label: str, support: int, predicted: int, hits: int) -> LabelScore:
    return LabelScore(
        label=label,
        precision=hits / predicted if predicted else 0.0,
        recall=hits / support if support else 0.0,
        f1=2 * hits / (support + predicted) if support + predicted else 0.0,
        support=support,
        predicted=predicted,
        precision_interval=wilson(hits, predicted),
        recall_interval=wilson(hits, support),
    )


def _confusion(
    labels: Sequence[str], targets: NDArray[np.intp], answers: NDArray[np.intp]
) -> tuple[dict[str, Any], ...]:
    cells, counts = np.unique(targets * len(labels) + answers, return_counts=True)
    places = zip(*np.divmod(cells, len(labels)), counts, strict=True)
    return tuple(
        {"actual": labels[actual], "predicted": labels[answer], "count": int(count)} for actual, answer, count in places
    )
