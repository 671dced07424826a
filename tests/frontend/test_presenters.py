from types import SimpleNamespace
from typing import Any

import pytest

from classifier.ml.curve import Curve
from frontend.presenters import charts, comparison
from frontend.presenters.confusion import matrix
from frontend.presenters.models import against_version, choices, columns, confusions, figures, label_scores, verdict
from frontend.presenters.silence import promises
from frontend.presenters.words import Figure, duration, percent

METRICS: dict[str, Any] = {
    "method": "held_out",
    "rows": 1200,
    "accuracy": 0.9234,
    "accuracy_interval": [0.91, 0.934],
    "baseline": 0.5,
    "macro_f1": 0.9,
    "ece": 0.02,
    "labels": [
        {"label": "unseen", "f1": 0.0, "recall": 0.0, "support": 0},
        {"label": "good", "f1": 0.95, "recall": 0.9, "support": 9},
        {"label": "weak", "f1": 0.4, "recall": 1 / 3, "support": 9},
    ],
    "confusion": [
        {"actual": "a", "predicted": "a", "count": 90},
        {"actual": "a", "predicted": "b", "count": 2},
        {"actual": "b", "predicted": "a", "count": 7},
    ],
}


@pytest.fixture
def version() -> Any:
    parameters = {"chosen": "linear", "candidates": [{"name": "linear"}]}
    return SimpleNamespace(metrics=METRICS, parameters=parameters, dataset_sha256="one", number=2)


def another(version: Any, *, number: int = 1, dataset_sha256: str = "one", **metrics: Any) -> Any:
    """Return a version that differs in these of its numbers."""
    return SimpleNamespace(
        **vars(version) | {"number": number, "dataset_sha256": dataset_sha256, "metrics": METRICS | metrics}
    )


def test_figures_say_what_they_are_held_against(version: Any) -> None:
    accuracy, baseline, *_, rows = figures(version)
    assert (accuracy.value, accuracy.note) == (
        "92.3\N{NO-BREAK SPACE}%",
        "95 % interval 91.0\N{NO-BREAK SPACE}% to 93.4\N{NO-BREAK SPACE}%",
    )
    assert baseline.value == "50.0\N{NO-BREAK SPACE}%"
    assert (rows.value, rows.note) == ("1,200", "held-out rows")


def test_the_weakest_label_comes_first_and_the_unknown_last(version: Any) -> None:
    assert [score["label"] for score in label_scores(version)] == ["weak", "good", "unseen"]


def test_labels_are_sorted_by_any_column_in_both_directions(version: Any) -> None:
    assert [score["label"] for score in label_scores(version, "-f1")] == ["good", "weak", "unseen"]
    assert [score["label"] for score in label_scores(version, "label")] == ["good", "weak", "unseen"]
    assert label_scores(version, "size") == label_scores(version)


def test_the_heading_of_the_column_in_use_turns_the_order_round() -> None:
    assert [(each.direction, each.sort) for each in columns("f1")[:2]] == [("", "label"), ("ascending", "-f1")]
    assert columns("-label")[0].direction == "descending"


def test_labels_that_are_seldom_found_or_hardly_tested_need_rows(version: Any) -> None:
    found = verdict(version)
    assert found.state == "needs rows"
    assert [(need.label, need.why) for need in found.needs] == [
        ("weak", "3 of 9 found"),
        ("unseen", "tested on none of its rows"),
    ]


def test_a_version_no_better_than_the_most_frequent_label_says_so(version: Any) -> None:
    assert verdict(another(version, baseline=0.92)).state == "no better than guessing"


def test_a_difference_within_the_interval_is_none(version: Any) -> None:
    assert against_version(version, another(version, accuracy=0.92)).text == "About the same as version 1 (+0.3 points)"
    better = against_version(version, another(version, accuracy=0.9, dataset_sha256="two"))
    assert (better.sign, better.text) == ("▲", "Better than version 1 (+2.3 points), tested on other rows")
    assert against_version(version, another(version, accuracy=0.95)).sign == "▼"


def test_a_label_that_only_one_version_knows_stands_last_and_has_no_difference(version: Any) -> None:
    labels = [{"label": "weak", "f1": 0.5, "support": 9}, {"label": "new", "f1": 0.9, "support": 9}]
    version.labels, before = ["weak", "good", "unseen", "new"], another(version, labels=labels)
    before.labels = ["weak", "new"]
    pairs = comparison.labels(version, before)
    assert [(pair.name, pair.difference) for pair in pairs] == [("weak", "−10.0 points"), ("good", ""), ("new", "")]
    good, new = [(pair.this, pair.other) for pair in pairs[1:]]
    assert (good, new) == ((percent(0.95), "not known"), ("not tested", percent(0.9)))


def test_a_matrix_of_few_labels_has_a_cell_for_each_pair() -> None:
    found = matrix(mixed_up("a", "b"))
    assert [[cell.count for cell in line.cells] for line in found.lines] == [[9, 1], [1, 9]]
    assert [cell.step for cell in found.lines[0].cells] == [9, 1]
    assert found.hidden == 0


def test_a_matrix_of_many_labels_shows_those_with_most_mistakes() -> None:
    found = matrix(mixed_up(*(f"label {number:02}" for number in range(30))))
    assert len(found.labels) == 20
    assert found.hidden == 10
    assert {"label 00", "label 01"} <= set(found.labels)


def mixed_up(*labels: str) -> Any:
    """Return a version whose first two labels were each once taken for the other, in ten rows of each."""
    swapped = dict(zip(labels[:2], reversed(labels[:2]), strict=True))
    right = [{"actual": each, "predicted": each, "count": 9 if each in swapped else 10} for each in labels]
    wrong = [{"actual": each, "predicted": other, "count": 1} for each, other in swapped.items()]
    scores = [{"label": label, "support": 10} for label in labels]
    return SimpleNamespace(labels=list(labels), metrics={"confusion": [*right, *wrong], "labels": scores})


def test_a_chart_of_versions_goes_from_the_oldest_to_the_newest() -> None:
    chart = charts.accuracy_by_version([(2, 0.9, (0.85, 0.95)), (1, 0.8, (0.7, 0.9))])
    assert chart["x"] == ["1", "2"]
    assert charts.table(chart)[0] == [
        "1",
        "80.0\N{NO-BREAK SPACE}% (70.0\N{NO-BREAK SPACE}% to 90.0\N{NO-BREAK SPACE}%)",
    ]


def test_fewer_answers_remain_from_a_higher_confidence_on_and_more_of_them_are_right() -> None:
    curve = Curve.of([0.5] * 10 + [0.9] * 30, [True] * 4 + [False] * 6 + [True] * 30)
    right, kept = charts.coverage(curve.points)["series"]
    assert right["data"] == [34 / 40, 1.0]
    assert kept["data"] == [1.0, 30 / 40]


def test_a_goal_that_is_asked_about_stands_among_the_usual_ones() -> None:
    curve = Curve.of([0.5] * 10 + [0.9] * 50, [False] * 10 + [True] * 50)
    found = promises(curve, 0.925)
    assert [promise.goal for promise in found] == [0.9, 0.925, 0.95, 0.98, 0.99]
    assert [promise.in_hundred for promise in found if promise.is_asked] == ["92.5"]
    assert [bool(promise.point) for promise in found] == [True, True, False, False, False]
    assert [promise.goal for promise in promises(curve)] == [0.9, 0.95, 0.98, 0.99]


def test_only_wrong_answers_are_confusions_the_most_frequent_first(version: Any) -> None:
    assert [cell["count"] for cell in confusions(version)] == [7, 2]


def test_parameters_of_one_value_are_choices(version: Any) -> None:
    assert choices(version) == [Figure("Chosen", "linear")]


@pytest.mark.parametrize(
    ("seconds", "words"), [(0.4, "0 s"), (59, "59 s"), (90, "2 min"), (3600, "1 h"), (7500, "2 h 5 min")]
)
def test_a_duration_is_said_in_the_largest_units(seconds: float, words: str) -> None:
    assert duration(seconds) == words
