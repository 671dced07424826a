"""What a page shows of a data set."""

from dataclasses import dataclass

from classifier.models import Dataset


@dataclass(frozen=True)
class LabelCount:
    label: str
    rows: int
    share: float


def label_counts(dataset: Dataset) -> list[LabelCount]:
    """Return the labels of a data set, the most frequent first, with their share of its rows."""
    total = sum(dataset.labels.values()) or 1
    ordered = sorted(dataset.labels.items(), key=lambda item: (-item[1], item[0]))
    return [LabelCount(label, rows, rows / total) for label, rows in ordered]
