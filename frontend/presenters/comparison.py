"""Two versions of a model beside each other."""

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
    return [_pair(label, mine.get(label), theirs.get(label)) for label in [*both, *single]]


def _f1(version: ModelVersion) -> dict[str, float]:
    return {score["label"]: score["f1"] for score in version.metrics["labels"] if score["support"]}


def _pair(name: str, this: float | None, other: float | None) -> Pair:
    if this is None or other is None:
        return Pair(name, *("not tested" if value is None else percent(value) for value in (this, other)))
    return Pair(name, percent(this), percent(other), points(this - other))
