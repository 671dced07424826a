from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from classifier.ml import grams, hashes

# Letters of many scripts and what stands between them; some grow in lower case, some are half of a character.
PIECES = [
    "card",
    "İÇ",
    "ΟΔΟΣ",
    "我的卡",
    "don't",
    "ß",
    "_",
    "\u0301",
    "😀",
    "\ud800",
    "\0",
    "\u2028",
    "\x1f",
    "\n",
    " ",
    "%",
]
TEXTS = st.lists(
    st.one_of(st.text(max_size=40), st.lists(st.sampled_from(PIECES), max_size=12).map("".join)), max_size=6
)
FAMILIES = tuple(grams.FAMILIES)


def one_at_a_time(texts: list[str], family: str) -> Counter[tuple[int, int]]:
    """(text, hash) of every n-gram, as the definition of the family gives them."""
    named = [(row, gram) for row, text in enumerate(texts) for gram, _ in grams.FAMILIES[family](text)]
    found = hashes.of_grams(family, [gram for _, gram in named]).tolist()
    return Counter((row, hashed) for (row, _), hashed in zip(named, found, strict=True))


def all_at_once(texts: list[str], family: str) -> Counter[tuple[int, int]]:
    found: Counter[tuple[int, int]] = Counter()
    first = 0
    for part in hashes.of_texts(texts, (family,)):
        found.update(zip((part.rows + first).tolist(), part.hashes.tolist(), strict=True))
        first += part.texts
    assert first == len(texts)
    return found


@given(TEXTS)
def test_all_words_of_any_texts_are_found_at_once(texts: list[str]) -> None:
    assert all_at_once(texts, "words") == one_at_a_time(texts, "words")


@given(TEXTS)
def test_all_characters_of_any_texts_are_found_at_once(texts: list[str]) -> None:
    expected, found = one_at_a_time(texts, "characters"), all_at_once(texts, "characters")
    known = {hashed for _, hashed in expected}
    # Windows that reach from one token into the next are hashed too; they are no n-gram's.
    assert Counter({key: count for key, count in found.items() if key[1] in known}) == expected


@pytest.mark.parametrize("family", FAMILIES)
def test_texts_that_are_hashed_in_several_parts_are_the_same(family: str) -> None:
    texts = ["word " * 2_500, "", *[f"text {number}" for number in range(2_000)], "İ" * 9_000, "end"]
    known = set(one_at_a_time(texts, family))
    assert len(list(hashes.of_texts(texts, (family,)))) > 3
    assert {key for key in all_at_once(texts, family) if key in known} == known


@pytest.mark.parametrize("family", FAMILIES)
def test_many_n_grams_have_as_many_hashes(family: str) -> None:
    named = [gram for number in range(30_000) for gram in ([f"w{number}", f"w{number} x"] if family == "words" else [])]
    named = named or [f"{a}{b}{c}" for a in "abcdefghij我的卡" for b in "abcdefghij😀ßé" for c in "abcdefghij\0_ "]
    found = hashes.of_grams(family, named)
    assert len(np.unique(found)) == len(set(named))


def test_a_hash_is_the_same_in_every_process_and_release() -> None:
    assert hashes.of_grams("words", ["card", "my card"]).tolist() == [1359247001391858441, 13167137707168612401]
    assert hashes.of_grams("characters", [" c", "我的"]).tolist() == [9362540143236815370, 7685987810144697048]
