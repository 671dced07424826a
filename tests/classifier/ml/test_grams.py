from __future__ import annotations

from classifier.ml import grams


def test_characters_stay_within_a_padded_word() -> None:
    found = [gram for gram, _ in grams.characters("Ab c")]
    assert found == [" a", "ab", "b ", " ab", "ab ", " ab ", " c", "c ", " c "]


def test_words_and_pairs_know_the_tokens_they_come_from() -> None:
    found = list(grams.words("It's me"))
    assert found == [("it", (0,)), ("s", (0,)), ("me", (1,)), ("it s", (0, 0)), ("s me", (0, 1))]


def test_a_very_long_text_is_cut() -> None:
    assert len(grams.tokens("x " * 100_000)) == grams.TEXT_LENGTH // 2
