"""What a page shows of a model's versions and their numbers."""

from collections.abc import Mapping
from typing import Any

from classifier.models import ModelVersion
from frontend.presenters.words import Figure, in_words, percent

CONFUSIONS = 10


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
