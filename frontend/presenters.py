"""What a page shows of a model and its numbers, built from rows and tested without HTTP."""

import json
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.template.defaultfilters import filesizeformat

from classifier.models import Dataset, ModelVersion
from tenants.models import Plan

CONFUSIONS = 10
LIMITS = {
    "requests_per_minute": "Requests a minute, of one key",
    "rows_per_month": "Rows classified in a month",
    "dataset_bytes": "Size of a data set",
    "dataset_rows": "Rows of a data set",
    "dataset_count": "Data sets",
    "model_count": "Models",
    "training_seconds": "Longest training",
    "workers": "Workers at a time",
}
MINUTE, HOUR = 60, 3600


@dataclass(frozen=True)
class Figure:
    """One number with its name, and what to hold it against."""

    name: str
    value: str
    note: str = ""


@dataclass(frozen=True)
class Day:
    name: str
    date: date


@dataclass(frozen=True)
class LabelCount:
    label: str
    rows: int
    share: float


def percent(value: float) -> str:
    """Return for instance `92.3 %`, which no line end can tear apart."""
    return f"{value * 100:.1f}\N{NO-BREAK SPACE}%"


def last_days(today: date) -> list[Day]:
    """Return today and the six days before it, by the names that people have for them."""
    days = [today - timedelta(days=ago) for ago in range(7)]
    names = ["Today", "Yesterday", *(f"{day:%A}" for day in days[2:])]
    return [Day(*pair) for pair in zip(names, days, strict=True)]


def as_text(value: Any) -> str:
    """Return an input as one would type it: a text as it is, the columns of a row as JSON."""
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


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
    """Return how each label is recognised, the worst first: that is where more rows help.

    Labels without an evaluated row, of which nothing is known, come last.
    """
    scores: list[Mapping[str, Any]] = version.metrics["labels"]
    return sorted(scores, key=lambda score: (not score["support"], score["f1"], score["label"]))


def confusions(version: ModelVersion) -> list[Mapping[str, Any]]:
    """Return the pairs of labels that are mixed up most often."""
    wrong = [cell for cell in version.metrics["confusion"] if cell["actual"] != cell["predicted"]]
    return sorted(wrong, key=lambda cell: -cell["count"])[:CONFUSIONS]


def choices(version: ModelVersion) -> list[Figure]:
    """Return how the version was fitted: the parameters that are one value each."""
    plain = {name: value for name, value in version.parameters.items() if not isinstance(value, list | dict)}
    return [Figure(in_words(name), str(value)) for name, value in plain.items()]


def limits(plan: Plan) -> list[Figure]:
    """Return what the plan allows, in words."""
    return [Figure(LIMITS.get(name, in_words(name)), _limit(name, limit)) for name, limit in plan.limits().items()]


def in_words(name: str) -> str:
    """Return for instance `Rows per month` for `rows_per_month`."""
    return name.replace("_", " ").capitalize()


def duration(seconds: float) -> str:
    """Return for instance `40 s`, `3 min` or `2 h 5 min`."""
    whole = round(seconds)
    if whole < MINUTE:
        return f"{whole} s"
    hours, minutes = divmod(round(whole / MINUTE), HOUR // MINUTE)
    parts = (f"{hours} h" if hours else "", f"{minutes} min" if minutes else "")
    return " ".join(part for part in parts if part)


def example_call(version: ModelVersion, *, address: str) -> str:
    """Return a command that classifies one input of this model, to paste into a shell."""
    body = shlex.quote(json.dumps({"inputs": [_example(version)]}, ensure_ascii=False))
    return (
        f"curl {address}/api/v1/models/{version.model.name}/classify \\\n"
        '  -H "Authorization: Bearer $ASSORT_KEY" -H "Content-Type: application/json" \\\n'
        f"  -d {body}"
    )


def _example(version: ModelVersion) -> Any:
    shown = {column["name"]: next(iter(column["examples"]), "") for column in version.schema["features"]}
    return next(iter(shown.values())) if version.kind == "text" else shown


def _limit(name: str, limit: int | None) -> str:
    if limit is None:
        return "no limit"
    if name.endswith("_bytes"):
        return filesizeformat(limit)
    return duration(limit) if name.endswith("_seconds") else f"{limit:,}"
