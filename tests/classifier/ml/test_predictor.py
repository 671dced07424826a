from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from classifier.ml.errors import InputsRejected
from classifier.ml.linear import Linear
from classifier.ml.predictor import Predictor
from classifier.ml.schema import Column, Schema
from classifier.ml.text_linear import TextLinear
from classifier.ml.train import Trained
from classifier.ml.vectoriser import Vectoriser

SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20)
NAMES = st.sampled_from(["income", "colour", "member", "since", "note", "unknown"])

loose = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=40)


def undecided(words: int) -> tuple[Predictor, list[str]]:
    """A model of 200 labels, many of which are equally probable for each of its words; and the words."""
    known = [f"word{number}" for number in range(words)]
    weights = np.random.default_rng(0).integers(0, 4, (words, 200)).astype(np.float32)
    vectoriser = Vectoriser.learn(known, features={"words": words}, rarest=1)
    scorer = TextLinear(vectoriser, Linear(weights, np.zeros(200, np.float32)))
    text = Schema("label", "text", (Column("text", "text", 0, words, ()),))
    return Predictor(text, tuple(map(str, range(200))), 1.0, scorer), known


def codes(model: Predictor, inputs: list[object]) -> list[tuple[int, str]]:
    with pytest.raises(InputsRejected) as refused:
        model.check(inputs)
    return [(problem.index, problem.code) for problem in refused.value.problems]


@loose
@given(st.lists(st.text(max_size=60), max_size=5))
def test_the_probabilities_of_any_text_sum_to_one(text_model: Trained, inputs: list[str]) -> None:
    found = text_model.served.probabilities(inputs)
    assert found.shape == (len(inputs), 3)
    assert np.allclose(found.sum(axis=1), 1)
    assert (found >= 0).all()


@loose
@given(st.lists(st.dictionaries(NAMES, SCALARS), max_size=5))
def test_the_probabilities_of_any_record_sum_to_one(
    table_model: Trained, linear_table_model: Trained, inputs: list[dict[str, Any]]
) -> None:
    for model in (table_model.served, linear_table_model.served):
        model.check(inputs)
        found = model.probabilities(inputs)
        assert found.shape == (len(inputs), 2)
        assert np.allclose(found.sum(axis=1), 1)
        assert all(code and detail for _, code, detail in model.warnings(inputs))


def test_an_answer_does_not_depend_on_its_batch(trained: Trained) -> None:
    inputs = list(trained.served.golden)
    together = trained.served.probabilities(inputs)
    alone = np.concatenate([trained.served.probabilities([value]) for value in inputs])
    assert np.allclose(together, alone, atol=1e-7)


@loose
@given(st.lists(st.text(max_size=60) | st.sampled_from(["where is my parcel?", "refund my order"]), min_size=2))
def test_a_text_that_is_alone_has_the_same_scores_to_the_last_bit(text_model: Trained, inputs: list[str]) -> None:
    scores = text_model.served.scorer.scores
    assert np.array_equal(scores(inputs), np.concatenate([scores([text]) for text in inputs]))


@pytest.mark.parametrize("number", [1, 3, 8, 9, 500])
@pytest.mark.parametrize("rows", [1, 60])
def test_the_best_labels_come_in_the_order_of_a_stable_sort(number: int, rows: int) -> None:
    model, inputs = undecided(rows)
    probabilities = model.probabilities(inputs)
    expected = (-probabilities).argsort(axis=1, kind="stable")[:, :number]
    best = model.best(inputs, number)
    assert np.array_equal(best.places, expected)
    assert np.array_equal(best.probabilities, np.take_along_axis(probabilities, expected, axis=1))


def test_nothing_asked_has_no_best(trained: Trained) -> None:
    best = trained.served.best([], 2)
    assert (best.places.shape, best.probabilities.shape, best.silent) == ((0, 2), (0, 2), [])


def test_json_values_and_csv_strings_get_the_same_answer(table_model: Trained) -> None:
    rows: list[Any] = [
        {"income": 3, "member": True, "note": None, "colour": "red"},
        {"income": "3", "member": "true", "note": "", "colour": " red"},
        {"income": 3.0, "member": "TRUE", "colour": "red"},
    ]
    found = table_model.served.probabilities(rows)
    assert np.array_equal(found[0], found[1])
    assert np.array_equal(found[0], found[2])


def test_each_wrong_text_is_named(text_model: Trained) -> None:
    inputs: list[object] = ["fine", 3, "", " ", "x" * 10_001, {"text": "fine"}]
    assert codes(text_model.served, inputs) == [
        (1, "not_a_text"),
        (2, "empty_text"),
        (3, "empty_text"),
        (4, "text_too_long"),
        (5, "not_a_text"),
    ]


def test_each_wrong_record_is_named(table_model: Trained) -> None:
    inputs: list[object] = [{}, "red", {"note": "x" * 100_001}, {"colour": ["red"]}, None]
    assert codes(table_model.served, inputs) == [
        (1, "not_an_object"),
        (2, "value_too_long"),
        (3, "nested_value"),
        (4, "not_an_object"),
    ]


def test_what_a_model_overlooks_is_warned_of(table_model: Trained) -> None:
    row = {"income": "lots", "colour": "pink", "member": "maybe", "since": "once", "extra": 1, "label": "good"}
    gaps = {"income": "?", "colour": "red", "member": None, "since": None, "note": None}
    found = table_model.served.warnings([gaps, row])
    assert {(index, code) for index, code, _ in found} == {
        (1, "missing_column"),
        (1, "unknown_column"),
        (1, "unparsable_number"),
        (1, "unseen_category"),
        (1, "unparsable_boolean"),
        (1, "unparsable_datetime"),
    }


def test_the_words_of_a_topic_speak_for_it(text_model: Trained) -> None:
    model = text_model.served
    text = "please refund my invoice"
    label = model.labels.index("billing")
    reasons = model.explain([text], [label])[0]
    assert reasons[0]["word"] in {"refund", "invoice"}
    assert reasons[0]["weight"] > 0
    against = model.explain([text], [model.labels.index("delivery")])[0]
    assert {reason["word"]: reason["weight"] for reason in against}["refund"] < 0


def test_the_words_account_for_the_whole_log_odds(linear_table_model: Trained, text_model: Trained) -> None:
    model, text = text_model.served, "refund my order"
    nothing = model.scorer.scores([""])[0] / model.temperature
    something = model.scorer.scores([text])[0] / model.temperature
    total = sum(reason["weight"] for reason in model.explain([text], [1])[0])
    others = [0, 2]
    expected = (something[1] - something[others].mean()) - (nothing[1] - nothing[others].mean())
    assert total == pytest.approx(expected, abs=1e-4)


def test_the_deciding_columns_come_first(table_model: Trained) -> None:
    model = table_model.served
    row = {"income": 90, "colour": "green", "member": True, "note": "calm customer"}
    label = int(model.probabilities([row])[0].argmax())
    reasons = model.explain([row], [label])[0]
    assert {reason["column"] for reason in reasons[:2]} == {"income", "colour"}
    assert reasons[0]["weight"] > 0
    assert next(reason["value"] for reason in reasons if reason["column"] == "income") == 90
