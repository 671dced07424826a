from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from classifier.ml import artefact, solvers
from classifier.ml.errors import EncoderMissing
from classifier.ml.predictor import Predictor
from classifier.ml.schema import Column, Schema
from classifier.ml.sentence_linear import SentenceLinear

from .meanings import Meanings, Shelf

SCHEMA = Schema("label", "text", (Column("text", "text", 0, 9, ()),))
TEXTS = ["money please", "my payment", "the parcel", "a courier came"] * 3
TARGETS = np.array([0, 0, 1, 1] * 3, dtype=np.intp)


def scorer(c: float = 10.0) -> SentenceLinear:
    vectors = Meanings().embed(TEXTS)
    return SentenceLinear(Meanings(), solvers.logistic_of_vectors(vectors, TARGETS, c=c, weights=np.ones(len(TEXTS))))


def test_words_that_were_never_seen_are_understood() -> None:
    assert scorer().scores(["refund", "package"]).argmax(axis=1).tolist() == [0, 1]


def test_reasons_are_the_words_without_which_the_lead_falls() -> None:
    (reasons,) = scorer().reasons(["about my invoice"], [0])
    assert list(reasons) == ["about", "my", "invoice"]
    assert reasons["invoice"] > 0 > max(reasons["about"], reasons["my"])


def test_of_a_long_text_neighbours_are_left_out_together() -> None:
    encoder = Meanings()
    long = SentenceLinear(encoder, scorer().linear)
    (reasons,) = long.reasons(["word " * 300 + "invoice"], [0])
    assert sum(len(text.split()) for text in encoder.read) < 2_000
    assert reasons["invoice"] > reasons["word"] / 300


def test_the_sum_of_several_has_the_sum_of_their_scores() -> None:
    parts = [(scorer(1.0), 0.25), (scorer(30.0), 2.0)]
    together = SentenceLinear.sum_of(parts)
    expected = sum(weight * part.scores(["refund now"]) for part, weight in parts)
    assert np.allclose(together.scores(["refund now"]), expected, atol=1e-2)


def test_a_model_is_loaded_with_its_encoder_and_not_without(tmp_path: Path) -> None:
    model = Predictor(SCHEMA, ("pay", "post"), 1.0, scorer(), ("my refund",))
    artefact.save(model, tmp_path)
    loaded = artefact.load(tmp_path, Shelf())
    assert np.allclose(loaded.probabilities(["a parcel"]), model.probabilities(["a parcel"]))
    with pytest.raises(EncoderMissing, match="needs the sentence encoder 555"):
        artefact.load(tmp_path)
