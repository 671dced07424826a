"""The n-grams of a text.

Words and pairs of words say what a text is about; 2 to 5 characters within a word see through inflection and
typing errors, and carry the languages that put no space between words. What is said here one n-gram at a time,
hashes.py does for many texts at once.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise

TEXT_LENGTH = 10_000

WORD = re.compile(r"\w+")
SHORTEST, LONGEST = 2, 5

Owned = tuple[str, tuple[int, ...]]


def tokens(text: str) -> list[str]:
    """The runs between white space, which explanations are given in."""
    return text[:TEXT_LENGTH].split()


def words(text: str) -> Iterator[Owned]:
    """Every word and pair of words, each with the places of the tokens it comes from."""
    found = [(word, place) for place, token in enumerate(tokens(text.lower())) for word in WORD.findall(token)]
    for word, place in found:
        yield word, (place,)
    for (left, first), (right, second) in pairwise(found):
        yield f"{left} {right}", (first, second)


def characters(text: str) -> Iterator[Owned]:
    """Every 2 to 5 characters of a token padded with a space on both sides, with the token's place."""
    for place, token in enumerate(tokens(text.lower())):
        padded = f" {token} "
        for length in range(SHORTEST, min(LONGEST, len(padded)) + 1):
            for start in range(len(padded) - length + 1):
                yield padded[start : start + length], (place,)


FAMILIES = {"words": words, "characters": characters}
