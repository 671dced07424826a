from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from sklearn.feature_extraction.text import TfidfVectorizer

from classifier.ml import grams
from classifier.ml.vectoriser import Vectoriser

from .test_hashes import TEXTS as ANY_TEXTS

TEXTS = ["Where is my card?", "my card is lost", "我的卡还没有到", "", "close the account, please", "card card card"]
BOTH = ("words", "characters")


def learned(features: int = 1000, rarest: int = 1) -> Vectoriser:
    return Vectoriser.learn(TEXTS, features=dict.fromkeys(BOTH, features), rarest=rarest)


def by_hand(vectoriser: Vectoriser, text: str) -> NDArray[np.float64]:
    """One row, from the definition."""
    row, offset = np.zeros(vectoriser.width), 0
    for family, known in vectoriser.vocabulary.items():
        part = row[offset : offset + len(known)]
        found = [gram for gram, _ in grams.FAMILIES[family](text)]
        for place, gram in enumerate(known):
            if count := found.count(gram):
                part[place] = (1 + np.log(count)) * vectoriser.idf[offset + place]
        part /= np.sqrt(part @ part) or 1
        offset += len(known)
    return row


def test_the_weights_are_those_of_scikit_learn() -> None:
    reference = TfidfVectorizer(token_pattern=r"(?u)\w+", ngram_range=(1, 2), sublinear_tf=True)
    expected = reference.fit_transform(TEXTS).toarray()
    found = Vectoriser.learn(TEXTS, features={"words": 1000}, rarest=1)
    order = [found.vocabulary["words"].index(name) for name in reference.get_feature_names_out()]
    assert np.allclose(found.matrix(TEXTS).toarray()[:, order], expected, atol=1e-6)


@settings(deadline=None)
@given(ANY_TEXTS, ANY_TEXTS)
def test_any_text_is_weighed_as_the_definition_says(known: list[str], texts: list[str]) -> None:
    found = Vectoriser.learn([*known, *texts[:2]], features=dict.fromkeys(BOTH, 40), rarest=1)
    expected = np.array([by_hand(found, text) for text in texts]).reshape(len(texts), found.width)
    assert np.allclose(found.matrix(texts).toarray(), expected, atol=1e-6)


def test_only_the_most_frequent_features_are_kept() -> None:
    found = learned(features=3, rarest=2)
    assert found.width == 6
    assert found.vocabulary["words"][0] == "card"
    assert Vectoriser.learn(["a b", "c d"], features={"words": 9}, rarest=2).width == 6


def test_one_text_is_weighed_as_in_a_batch() -> None:
    found = learned()
    together = found.matrix(TEXTS).toarray()
    alone = np.concatenate([found.matrix([text]).toarray() for text in TEXTS])
    assert np.array_equal(together, alone)
    assert found.matrix([]).shape == (0, found.width)


def test_more_texts_than_are_weighed_together_keep_their_order() -> None:
    found, many = learned(), TEXTS * 400
    rows = found.matrix(many).toarray().reshape(400, len(TEXTS), -1)
    assert np.array_equal(rows, np.broadcast_to(found.matrix(TEXTS).toarray(), rows.shape))


def test_without_anything_to_know_every_row_is_empty() -> None:
    found = Vectoriser.learn([" ", ""], features=dict.fromkeys(BOTH, 9), rarest=1)
    assert (found.matrix(["card", ""]).shape, found.matrix(["card"]).nnz) == ((2, 0), 0)


@given(st.lists(st.sampled_from(["card", "my", "is", "lost?", "unknown", "卡还没有到"]), max_size=8))
def test_the_words_of_a_text_account_for_its_whole_score(words: list[str]) -> None:
    text, found = " ".join(words), learned()
    weights = np.random.default_rng(0).normal(size=found.width).astype(np.float32)
    score = (found.matrix([text]) @ weights)[0]
    shares = found.token_weights(text, weights.take)
    assert len(shares) == len(words)
    assert abs(sum(shares) - score) < 1e-4


def test_it_survives_being_packed_and_still_knows_its_n_grams() -> None:
    found = learned()
    again = Vectoriser.unpack(*found.pack("text0_"), "text0_")
    assert again.vocabulary == found.vocabulary
    assert (again.matrix(TEXTS) != found.matrix(TEXTS)).nnz == 0


@pytest.mark.parametrize("widths", [{"words": 1, "characters": 2}, {"words": -1, "characters": 4}, {}])
def test_widths_that_are_not_those_of_the_arrays_are_refused(widths: dict[str, int]) -> None:
    _, arrays = learned().pack("")
    with pytest.raises(ValueError, match="columns"):
        Vectoriser.unpack(widths, arrays, "")
