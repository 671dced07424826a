from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from sklearn.feature_extraction.text import TfidfVectorizer

from classifier.ml import grams
from classifier.ml.grams import Vectoriser

TEXTS = ["Where is my card?", "my card is lost", "我的卡还没有到", "", "close the account, please", "card card card"]
BOTH = ("words", "characters")


def vectoriser(features: int = 1000, rarest: int = 1) -> Vectoriser:
    return grams.learn(TEXTS, families=BOTH, features=features, rarest=rarest)


def test_the_weights_are_those_of_scikit_learn() -> None:
    reference = TfidfVectorizer(token_pattern=r"(?u)\w+", ngram_range=(1, 2), sublinear_tf=True)
    expected = reference.fit_transform(TEXTS).toarray()
    found = grams.learn(TEXTS, families=("words",), features=1000, rarest=1)
    order = [found.families[0].places[name] for name in reference.get_feature_names_out()]
    assert np.allclose(found.matrix(TEXTS).toarray()[:, order], expected, atol=1e-6)


def test_characters_stay_within_a_padded_word() -> None:
    found = [gram for gram, _ in grams.characters("Ab c")]
    assert found == [" a", "ab", "b ", " ab", "ab ", " ab ", " c", "c ", " c "]


def test_only_the_most_frequent_features_are_kept() -> None:
    found = vectoriser(features=3, rarest=2)
    assert found.width == 6
    assert "card" in found.families[0].vocabulary
    assert grams.learn(["a b", "c d"], families=("words",), features=9, rarest=2).width == 6


def test_one_text_is_weighed_as_in_a_batch() -> None:
    found = vectoriser()
    together = found.matrix(TEXTS).toarray()
    alone = np.concatenate([found.matrix([text]).toarray() for text in TEXTS])
    assert np.array_equal(together, alone)
    assert found.matrix([]).shape == (0, found.width)


@given(st.lists(st.sampled_from(["card", "my", "is", "lost?", "unknown", "卡还没有到"]), max_size=8))
def test_the_words_of_a_text_account_for_its_whole_score(words: list[str]) -> None:
    text, found = " ".join(words), vectoriser()
    weights = np.random.default_rng(0).normal(size=found.width).astype(np.float32)
    score = (found.matrix([text]) @ weights)[0]
    shares = found.token_weights(text, weights)
    assert len(shares) == len(words)
    assert abs(sum(shares) - score) < 1e-4


def test_a_very_long_text_is_cut() -> None:
    assert len(grams.tokens("x " * 100_000)) == grams.TEXT_LENGTH // 2
