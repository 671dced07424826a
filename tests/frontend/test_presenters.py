from types import SimpleNamespace
from typing import Any

import pytest

from frontend.presenters.models import choices, confusions, figures, label_scores
from frontend.presenters.words import Figure, duration

METRICS: dict[str, Any] = {
    "method": "held_out",
    "rows": 1200,
    "accuracy": 0.9234,
    "accuracy_interval": [0.91, 0.934],
    "baseline": 0.5,
    "macro_f1": 0.9,
    "ece": 0.02,
    "labels": [
        {"label": "unseen", "f1": 0.0, "support": 0},
        {"label": "good", "f1": 0.95, "support": 9},
        {"label": "weak", "f1": 0.4, "support": 9},
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
    return SimpleNamespace(metrics=METRICS, parameters=parameters)


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


def test_only_wrong_answers_are_confusions_the_most_frequent_first(version: Any) -> None:
    assert [cell["count"] for cell in confusions(version)] == [7, 2]


def test_parameters_of_one_value_are_choices(version: Any) -> None:
    assert choices(version) == [Figure("Chosen", "linear")]


@pytest.mark.parametrize(
    ("seconds", "words"), [(0.4, "0 s"), (59, "59 s"), (90, "2 min"), (3600, "1 h"), (7500, "2 h 5 min")]
)
def test_a_duration_is_said_in_the_largest_units(seconds: float, words: str) -> None:
    assert duration(seconds) == words
