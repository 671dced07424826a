from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from classifier.ml import artefact, fit, pool, solvers
from classifier.ml.candidate import LINEAR, TREES, VOTES, Candidate
from classifier.ml.linear import Linear
from classifier.ml.pool import Pool
from classifier.ml.predictor import Predictor, Scorer
from classifier.ml.sentence_linear import SentenceLinear
from classifier.ml.train import Trained
from classifier.ml.weighing import best_weights

from .conftest import TOPICS, texts, trained_on
from .meanings import Meanings, Shelf

CHANCE = np.random.default_rng(0)
TARGETS = CHANCE.integers(0, 3, 400).astype(np.intp)


def evidence(strength: float) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    """Scores that speak for the right label so strongly, and of which each has its own noise."""
    return strength * np.eye(3)[TARGETS] + CHANCE.normal(size=(400, 3))


def no_fit(inputs: Sequence[object], targets: object, seed: int) -> Scorer:
    raise AssertionError("Trials that are made need no more fitting.")


@pytest.fixture(scope="module")
def pooled(text_model: Trained) -> Predictor:
    """The n-grams of the text model, and a linear model that knows which words mean the same."""
    named = list(TOPICS.values())
    vectors = Meanings().embed([text for texts in named for text in texts])
    targets = np.repeat(np.arange(len(named)), [len(texts) for texts in named])
    linear = solvers.logistic_of_vectors(vectors, targets, c=10.0, weights=np.ones(len(targets)))
    parts = [text_model.served.scorer, SentenceLinear(Meanings(), linear)]
    return replace(text_model.served, scorer=Pool.of(parts, [1.0, 0.5]))


def test_together_they_are_right_more_often_than_each_alone() -> None:
    scores = [evidence(1.5), evidence(1.5)]
    together = pool.mixed(scores, best_weights(scores, TARGETS))
    shares = [float((found.argmax(axis=1) == TARGETS).mean()) for found in (*scores, together)]
    assert shares[2] > max(shares[:2])


def test_what_knows_nothing_gets_hardly_any_weight() -> None:
    knowing, ignorant = best_weights([evidence(3.0), evidence(0.0)], TARGETS)
    assert knowing > 10 * ignorant


def test_the_best_of_each_family_are_pooled() -> None:
    result = trained_on(texts(60), encoder=Meanings())
    names = [candidate["name"] for candidate in result.candidates]
    assert names[-1].startswith("pool of ")
    assert all(word in names[-1] for word in ("linear on words", "linear on sentences", "normal distributions"))


def test_trees_that_weigh_nothing_are_left_out_of_a_pool() -> None:
    rows = np.arange(len(TARGETS))
    kinds = {LINEAR: 1.5, TREES: 1.5, VOTES: 0.0}
    trials = [
        fit.Trial(Candidate(family, no_fit, family), rows, rows % 3, evidence(strength), 1.0, 0.0, 1.0, 0.0)
        for family, strength in kinds.items()
    ]
    together = fit.pooled(trials, TARGETS)
    assert together is not None
    assert together.candidate.name == "pool of linear with trees"


def test_a_text_is_read_once_for_all_parts_that_need_it() -> None:
    encoder, zero = Meanings(), Linear.of_labels(np.zeros((2, 4)), np.zeros(2))
    both = Pool.of([SentenceLinear(encoder, zero), SentenceLinear(encoder, zero)], [0.5, 0.5])
    both.scores(["my parcel"])
    assert encoder.read == ["my parcel"]


def test_a_pool_is_loaded_as_it_was_saved(pooled: Predictor, tmp_path: Path) -> None:
    artefact.save(pooled, tmp_path)
    loaded = artefact.load(tmp_path, Shelf())
    assert np.allclose(loaded.probabilities(["refund me"]), pooled.probabilities(["refund me"]), atol=1e-6)


def test_its_reasons_are_those_of_its_parts_together(pooled: Predictor) -> None:
    assert isinstance(pooled.scorer, Pool)
    text, label = ["my courier"], [pooled.labels.index("delivery")]
    ngrams, sentence = (part.reasons(text, label)[0] for part in pooled.scorer.parts)
    (reasons,) = pooled.scorer.reasons(text, label)
    assert reasons["courier"] == pytest.approx(ngrams["courier"] + sentence["courier"])
