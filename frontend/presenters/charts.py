"""Numbers as `charts.js` draws them: a kind, the places on the axis, and series of a value for each place.

A chart of shares has the unit `percent`, a line may have the bounds `low` and `high`, and `over` names the axis.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from classifier.evaluated import BINS, Bin
from classifier.ml.curve import Point
from frontend.presenters.words import percent

Chart = Mapping[str, Any]


def accuracy_by_version(history: Sequence[tuple[int, float, tuple[float, float]]]) -> Chart:
    """Return how the accuracy went, from (number, accuracy, interval) of each version."""
    numbers, accuracies, intervals = zip(*sorted(history), strict=True)
    low, high = zip(*intervals, strict=True)
    series = {"name": "Accuracy", "data": accuracies, "low": low, "high": high}
    return {"kind": "lines", "unit": "percent", "over": "Version", "x": [str(n) for n in numbers], "series": [series]}


def reliability(bins: Sequence[Bin]) -> Chart:
    """Return how many of the answers were right, by how sure they were. Of a calibrated model both are the same."""
    return {
        "kind": "lines",
        "unit": "percent",
        "over": "Confidence",
        "x": [_step(each.low) for each in bins],
        "series": [
            {"name": "Right", "data": [each.accuracy for each in bins]},
            {"name": "As sure as that", "data": [each.confidence for each in bins], "dashed": True},
        ],
    }


def coverage(points: Sequence[Point]) -> Chart:
    """Return what it would mean to take only answers from a confidence on: how many remain, and how good they are."""
    right = {
        "name": "Right of those",
        "data": [point.accuracy for point in points],
        "low": [point.low for point in points],
        "high": [point.high for point in points],
    }
    return {
        "kind": "lines",
        "unit": "percent",
        "over": "From",
        "x": [percent(point.threshold) for point in points],
        "series": [right, {"name": "Answers that remain", "data": [point.answered for point in points]}],
    }


def table(chart: Chart) -> list[list[str]]:
    """Return a chart's numbers in words: a row for each place, which it begins with."""
    return [
        [place, *(_value(chart, series, column) for series in chart["series"])]
        for column, place in enumerate(chart["x"])
    ]


def _value(chart: Chart, series: Mapping[str, Any], column: int) -> str:
    value = series["data"][column]
    if value is None:
        return ""
    if chart.get("unit") != "percent":
        return f"{value:,}"
    if "low" not in series:
        return percent(value)
    return f"{percent(value)} ({percent(series['low'][column])} to {percent(series['high'][column])})"


def _step(low: float) -> str:
    return f"{low * 100:.0f}–{(low + 1 / BINS) * 100:.0f} %"
