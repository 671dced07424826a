"""Two versions of a model beside each other."""

from collections.abc import Mapping
from dataclasses import dataclass

from classifier.models import ModelVersion
from frontend.presenters.models import points
from frontend.presenters.words import percent

SHARES = (
    ("Accuracy", "accuracy"),
    ("Macro F1", "macro_f1"),
    ("Weighted F1", "weighted_f1"),
    ("Calibration error, the smaller the better", "ece"),
)


@dataclass(frozen=True)
class Pair:
    """A number of both versions, and the difference in words; a label that one of them does not know has none."""

    name: str
    this: str
    other: str
    difference: str = ""


def figures(this: ModelVersion, other: ModelVersion) -> list[Pair]:
    shares = [_pair(title, this.metrics[name], other.metrics[name]) for title, name in SHARES]
    rows = Pair("Tested on, rows", f"{this.metrics['rows']:,}", f"{other.metrics['rows']:,}")
    labels = Pair("Labels", f"{len(this.labels):,}", f"{len(other.labels):,}")
    return [*shares, rows, labels]


def labels(this: ModelVersion, other: ModelVersion) -> list[Pair]:
    """Return the F1 of each label, the ones that changed most first, and last those that only one version knows."""
    mine, theirs = _f1(this), _f1(other)
    both = sorted(mine.keys() & theirs.keys(), key=lambda label: (-abs(mine[label] - theirs[label]), label))
    single = sorted(mine.keys() ^ theirs.keys())
    return [
        *(_pair(label, mine[label], theirs[label]) for label in both),
        *(Pair(label, _said(this, mine, label), _said(other, theirs, label)) for label in single),
    ]


def _said(version: ModelVersion, f1: Mapping[str, float], label: str) -> str:
    if label in f1:
        return percent(f1[label])
    return "not tested" if label in version.labels else "not known"


def _f1(version: ModelVersion) -> dict[str, float]:
    return {score["label"]: score["f1"] for score in version.metrics["labels"] if score["support"]}


def _pair(name: str, this: float, other: float) -> Pair:
    return Pair(name, percent(this), percent(other), points(this - other))
