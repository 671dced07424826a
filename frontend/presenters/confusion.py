"""Which labels were taken for which, as a square with a cell for each pair."""

from collections import Counter
from dataclasses import dataclass

from classifier.models import ModelVersion

# More labels than this are no picture any more: the ones that are mixed up most are shown.
MOST = 20
STEPS = 10


@dataclass(frozen=True)
class Cell:
    """How many rows of a label were taken for another; `step` of 10 is how dark the cell is."""

    predicted: str
    count: int
    share: float
    step: int
    is_right: bool


@dataclass(frozen=True)
class Line:
    label: str
    rows: int
    cells: list[Cell]


@dataclass(frozen=True)
class Matrix:
    labels: list[str]
    lines: list[Line]
    # How many labels are not shown.
    hidden: int


def matrix(version: ModelVersion) -> Matrix:
    counts = {(cell["actual"], cell["predicted"]): cell["count"] for cell in version.metrics["confusion"]}
    supports = {score["label"]: score["support"] for score in version.metrics["labels"]}
    labels = _shown(version.labels, counts)
    lines = [
        Line(actual, supports[actual], [_cell(actual, each, counts, supports[actual]) for each in labels])
        for actual in labels
    ]
    return Matrix(labels, lines, len(version.labels) - len(labels))


def _shown(labels: list[str], counts: dict[tuple[str, str], int]) -> list[str]:
    """Return the labels in their order: all, or those in the most mistakes on either side."""
    if len(labels) <= MOST:
        return labels
    mistakes: Counter[str] = Counter()
    for (actual, predicted), count in counts.items():
        if actual != predicted:
            mistakes.update({actual: count, predicted: count})
    most = set(sorted(labels, key=lambda label: (-mistakes[label], label))[:MOST])
    return [label for label in labels if label in most]


def _cell(actual: str, predicted: str, counts: dict[tuple[str, str], int], rows: int) -> Cell:
    count = counts.get((actual, predicted), 0)
    share = count / rows if rows else 0.0
    # Even one row of many is to be seen.
    step = max(1, round(share * STEPS)) if count else 0
    return Cell(predicted, count, share, step, actual == predicted)
