"""What a page shows of a model and its numbers, built from rows and tested without HTTP."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from classifier.models import Dataset, ModelVersion

WORST_LABELS_FIRST = "f1"
CONFUSIONS = 10


@dataclass(frozen=True)
class Figure:
    """One number with its name, and what to hold it against."""

    name: str
    value: str
    note: str = ""


@dataclass(frozen=True)
class LabelCount:
    label: str
    rows: int
    share: float


def percent(value: float) -> str:
    """Return for instance `92.3 %`."""
    return f"{value * 100:.1f} %"


def label_counts(dataset: Dataset) -> list[LabelCount]:
    """Return the labels of a data set, the most frequent first, with their share of its rows."""
    total = sum(dataset.labels.values()) or 1
    ordered = sorted(dataset.labels.items(), key=lambda item: (-item[1], item[0]))
    return [LabelCount(label, rows, rows / total) for label, rows in ordered]


def figures(version: ModelVersion) -> list[Figure]:
    """Return how good the version is on the whole, in the order in which one would ask."""
    metrics = version.metrics
    low, high = metrics["accuracy_interval"]
    method = "held-out rows" if metrics["method"] == "held_out" else "rows, by cross-validation"
    return [
        Figure("Accuracy", percent(metrics["accuracy"]), f"95 % interval {percent(low)} to {percent(high)}"),
        Figure("Baseline", percent(metrics["baseline"]), "Always the most frequent label"),
        Figure("Macro F1", percent(metrics["macro_f1"]), "Every label counts the same"),
        Figure("Calibration error", percent(metrics["ece"]), "How far confidence is from the truth"),
        Figure("Evaluated on", f"{metrics['rows']:,}", method),
    ]


def label_scores(version: ModelVersion) -> list[Mapping[str, Any]]:
    """Return how each label is recognised, the worst first: that is where more rows help."""
    return sorted(version.metrics["labels"], key=lambda score: (score[WORST_LABELS_FIRST], score["label"]))


def confusions(version: ModelVersion) -> list[Mapping[str, Any]]:
    """Return the pairs of labels that are mixed up most often."""
    wrong = [cell for cell in version.metrics["confusion"] if cell["actual"] != cell["predicted"]]
    return sorted(wrong, key=lambda cell: -cell["count"])[:CONFUSIONS]


def duration(seconds: float) -> str:
    """Return for instance `40 s`, `3 min` or `2 h 5 min`."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    hours, minutes = divmod(round(whole / 60), 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min"


def example_call(version: ModelVersion, *, address: str) -> str:
    """Return a command that classifies one input of this model, to paste into a shell."""
    return (
        f"curl {address}/api/v1/models/{version.model.name}/classify \\\n"
        '  -H "Authorization: Bearer $ASSORT_KEY" -H "Content-Type: application/json" \\\n'
        f"  -d '{_example_body(version)}'"
    )


def _example_body(version: ModelVersion) -> str:
    if version.kind == "text":
        return '{"inputs": ["…"]}'
    columns = ", ".join(f'"{column["name"]}": "…"' for column in version.schema["features"][:3])
    return f'{{"inputs": [{{{columns}}}]}}'
