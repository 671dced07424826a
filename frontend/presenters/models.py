"""What a page shows of a model: whether it can be relied on, and its numbers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from classifier.models import ModelVersion
from frontend.presenters.words import Figure, in_words, percent

CONFUSIONS = 10
# A label that is found less often than this, or was tested on fewer rows, needs more of them.
FOUND, TESTED = 0.5, 5
NAMED = 5
COLUMNS = {"label": "Label", "f1": "F1", "precision": "Precision", "recall": "Recall", "support": "Rows"}
Score = Mapping[str, Any]


@dataclass(frozen=True)
class Need:
    """A label that needs more rows, and why."""

    label: str
    why: str


@dataclass(frozen=True)
class Verdict:
    """Whether the version can be relied on; `needs` names some of the labels, `more` counts the others."""

    state: Literal["ready", "needs rows", "no better than guessing"]
    text: str
    needs: Sequence[Need] = ()
    more: int = 0


@dataclass(frozen=True)
class Change:
    """How a number differs from an earlier one, in a sign and in words."""

    sign: Literal["▲", "▼", "="]
    text: str


@dataclass(frozen=True)
class Column:
    """A column of the labels' table: how the table is sorted by it now, and the `sort` that its heading leads to."""

    name: str
    title: str
    direction: Literal["ascending", "descending", ""]
    sort: str


def verdict(version: ModelVersion) -> Verdict:
    """Say in plain words what to make of the version."""
    metrics = version.metrics
    if metrics["accuracy_interval"][0] <= metrics["baseline"]:
        text = "Always answering the most frequent label would do as well. Add rows, and look at the ten worst ones."
        return Verdict("no better than guessing", text)
    needs = [Need(score["label"], _why(score)) for score in label_scores(version) if _is_weak(score)]
    if not needs:
        return Verdict("ready", "It finds most rows of every label. Where it is wrong, its ten worst rows say why.")
    text = "It answers well on the whole. These labels need more rows:"
    return Verdict("needs rows", text, needs[:NAMED], max(0, len(needs) - NAMED))


def against_baseline(version: ModelVersion) -> str:
    baseline = version.metrics["baseline"]
    difference = points(version.metrics["accuracy"] - baseline)
    return f"{difference} against {percent(baseline)} for always answering the most frequent label"


def against_version(version: ModelVersion, before: ModelVersion) -> Change:
    """Compare the accuracy with that of another version, and say where they were not tested on the same rows."""
    difference = version.metrics["accuracy"] - before.metrics["accuracy"]
    low, high = version.metrics["accuracy_interval"]
    other = "" if version.dataset_sha256 == before.dataset_sha256 else ", tested on other rows"
    if low <= before.metrics["accuracy"] <= high:
        return Change("=", f"About the same as version {before.number} ({points(difference)}){other}")
    sign, word = ("▲", "Better than") if difference > 0 else ("▼", "Worse than")
    return Change(sign, f"{word} version {before.number} ({points(difference)}){other}")  # type: ignore[arg-type]


def points(difference: float) -> str:
    """Return for instance `+3.2 points`: what lies between two percentages."""
    return f"{difference * 100:+.1f} points".replace("-", "−")


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


def label_scores(version: ModelVersion, order: str = "f1") -> list[Score]:
    """Return how each label is recognised, by default the worst first: that is where more rows help.

    `order` is a column, with a minus from the largest down. Labels without an evaluated row, of which nothing is known,
    come last.
    """
    column = order.removeprefix("-") if order.removeprefix("-") in COLUMNS else "f1"
    scores: list[Score] = sorted(version.metrics["labels"], key=lambda score: str(score["label"]))
    scores.sort(key=lambda score: score[column], reverse=order.startswith("-"))
    return sorted(scores, key=lambda score: not score["support"])


def columns(order: str) -> list[Column]:
    """Return the columns for the order that the table has; the heading of the one that it has leads to the reverse."""
    return [
        Column(name, title, "ascending", f"-{name}")
        if order == name
        else Column(name, title, "descending" if order == f"-{name}" else "", name)
        for name, title in COLUMNS.items()
    ]


def confusions(version: ModelVersion) -> list[Mapping[str, Any]]:
    """Return the pairs of labels that are mixed up most often."""
    wrong = [cell for cell in version.metrics["confusion"] if cell["actual"] != cell["predicted"]]
    return sorted(wrong, key=lambda cell: -cell["count"])[:CONFUSIONS]


def choices(version: ModelVersion) -> list[Figure]:
    """Return how the version was fitted: the parameters that are one value each."""
    plain = {name: value for name, value in version.parameters.items() if not isinstance(value, list | dict)}
    return [Figure(in_words(name), str(value)) for name, value in plain.items()]


def _is_weak(score: Score) -> bool:
    return bool(score["support"] < TESTED or score["recall"] < FOUND)


def _why(score: Score) -> str:
    support = score["support"]
    if support < TESTED:
        return f"tested on {support} of its rows only" if support else "tested on none of its rows"
    return f"{round(score['recall'] * support):,} of {support:,} found"
