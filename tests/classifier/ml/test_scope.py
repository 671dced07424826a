from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from classifier.ml import artefact
from classifier.ml.predictor import Predictor
from classifier.ml.silence import OUT_OF_SCOPE, UNSURE, Silence, can_refuse
from classifier.ml.train import Trained

from .conftest import records, texts, trained_on
from .meanings import Meanings, Shelf

FOREIGN = ["qqq zzz xxyy wwvv", "0000 1111 2222 3333"]


@pytest.fixture(scope="module")
def with_encoder() -> Trained:
    return trained_on(texts(300), encoder=Meanings())


def silent(model: Predictor, **silence: float) -> Predictor:
    return replace(model, silence=Silence(**silence))


@pytest.mark.parametrize("which", ["text_model", "with_encoder"])
def test_what_is_unlike_all_rows_is_refused_and_most_others_are_not(which: str, request: pytest.FixtureRequest) -> None:
    model = silent(request.getfixturevalue(which).served, scope_refused=0.05)
    known = [text for text, _ in texts(500, seed=9).rows[300:]]
    assert model.best(FOREIGN, 1).silent == [OUT_OF_SCOPE, OUT_OF_SCOPE]
    refused = np.mean([reason == OUT_OF_SCOPE for reason in model.best(known, 1).silent])
    assert refused < 0.2


def test_a_row_without_any_known_value_is_less_at_home(table_model: Trained) -> None:
    found = table_model.served
    assert found.scope is not None
    rows = [{"income": 40, "colour": "red", "member": True, "since": "2015-01-11"}, {}]
    seen = found.scope.look(found.scorer, rows)
    first, second = found.scope.degrees(seen, found.probabilities(rows))
    assert second < first


def test_where_nothing_is_set_every_answer_is_given(text_model: Trained) -> None:
    assert text_model.served.best(FOREIGN, 1).silent == [None, None]


def test_below_the_threshold_no_label_is_given(text_model: Trained) -> None:
    model = text_model.served
    confidence = float(model.best(FOREIGN[:1], 1).probabilities[0, 0])
    assert silent(model, threshold=confidence + 0.01).best(FOREIGN[:1], 1).silent == [UNSURE]
    assert silent(model, threshold=confidence - 0.01).best(FOREIGN[:1], 1).silent == [None]


def test_the_scores_are_the_same_as_without_looking(trained: Trained) -> None:
    model = trained.served
    assert model.scope is not None
    inputs = list(model.golden)
    assert np.allclose(model.scope.look(model.scorer, inputs).scores, model.scorer.scores(inputs))


def test_a_scope_is_stored_with_its_model(with_encoder: Trained, tmp_path: Path) -> None:
    artefact.save(with_encoder.served, tmp_path)
    loaded = silent(artefact.load(tmp_path, Shelf()), scope_refused=0.1)
    assert loaded.best(FOREIGN, 1).silent == silent(with_encoder.served, scope_refused=0.1).best(FOREIGN, 1).silent


def test_few_rows_cannot_tell_the_lowest_of_them() -> None:
    assert can_refuse(19, 0.05)
    assert not can_refuse(18, 0.05)
    assert trained_on(records(20)).served.scope is None
