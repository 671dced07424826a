from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import classification_report, confusion_matrix, log_loss

from classifier.ml import scoring
from classifier.ml.evaluate import Answers, Evaluation, calibration_error, evaluate
from classifier.ml.scoring import wilson

LABELS = ("a", "b", "c")


def evaluation(targets: list[int], answers: list[int]) -> Evaluation:
    probabilities = np.full((len(targets), 3), 0.1)
    probabilities[np.arange(len(answers)), answers] = 0.8
    rows = np.arange(len(targets)) + 100
    given = Answers.of([probabilities[:1], probabilities[1:]], np.array(targets))
    return evaluate(LABELS, np.array(targets), given, rows=rows, method="held_out")


@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 2)), min_size=1, max_size=40))
def test_the_numbers_are_those_of_scikit_learn(pairs: list[tuple[int, int]]) -> None:
    targets, answers = [list(side) for side in zip(*pairs, strict=True)]
    found = evaluation(targets, answers)
    expected = classification_report(targets, answers, labels=[0, 1, 2], output_dict=True, zero_division=0)
    for place, score in enumerate(found.labels):
        reference = expected[str(place)]
        assert score.precision == pytest.approx(reference["precision"])
        assert score.recall == pytest.approx(reference["recall"])
        assert score.f1 == pytest.approx(reference["f1-score"])
    assert found.weighted_f1 == pytest.approx(expected["weighted avg"]["f1-score"])
    matrix = confusion_matrix(targets, answers, labels=[0, 1, 2])
    cells = {(cell["actual"], cell["predicted"]): cell["count"] for cell in found.confusion}
    assert cells == {(LABELS[i], LABELS[j]): matrix[i, j] for i, j in np.argwhere(matrix)}


def test_log_loss_and_baseline_are_as_defined() -> None:
    found = evaluation([0, 0, 1], [0, 1, 1])
    given_to = [[0.8, 0.1, 0.1], [0.1, 0.8, 0.1], [0.1, 0.8, 0.1]]
    assert found.log_loss == pytest.approx(log_loss([0, 0, 1], given_to, labels=[0, 1, 2]))
    assert found.baseline == pytest.approx(2 / 3)
    assert found.macro_f1 == pytest.approx((2 / 3 + 2 / 3) / 2)


def test_every_number_can_be_opened_down_to_its_rows() -> None:
    found = evaluation([0, 0, 1], [0, 1, 1])
    wrong = [p for p in found.predictions if (p.label, p.predicted) == ("a", "b")]
    assert [(p.row, p.confidence) for p in wrong] == [(101, 0.8)]


@pytest.mark.parametrize(("counts", "interval"), [((9, 10), (0.596, 0.982)), ((0, 5), (0, 0.434)), ((0, 0), (0, 1))])
def test_wilson_is_the_published_interval(counts: tuple[int, int], interval: tuple[float, float]) -> None:
    assert wilson(*counts) == pytest.approx(interval, abs=1e-3)


def test_calibration_error_is_the_gap_of_confidence_and_accuracy() -> None:
    confidences = np.array([0.9] * 10 + [0.5] * 10)
    right = np.array([True] * 9 + [False] + [True] * 3 + [False] * 7)
    assert calibration_error(confidences, right) == pytest.approx(0.1)


def test_an_evaluation_is_json_without_its_predictions() -> None:
    plain = json.loads(json.dumps(evaluation([0, 1], [0, 1]).to_json()))
    assert plain["accuracy"] == 1.0
    assert plain["labels"][0]["recall_interval"][1] == 1.0
    assert "predictions" not in plain


def test_the_log_loss_of_a_certain_mistake_is_finite() -> None:
    assert scoring.log_loss(np.array([0.0])) == pytest.approx(27.63, abs=0.01)
