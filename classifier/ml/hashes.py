"""N-grams as 64-bit numbers, those of many texts computed at once.

A hash follows from the characters alone, so it can be stored with a model and be found again in any process. That two
n-grams of a vocabulary have the same one is less likely than 1 in 10^10; they would count as one.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from . import grams

Hashes = NDArray[np.uint64]
Rows = NDArray[np.int32]
# Which characters of a line some n-grams belong to; for each n-gram one of its own text.
Places = slice | NDArray[np.intp]

# Texts are taken together until they have so many characters: what is computed with fits in a processor's cache.
_CHARACTERS_AT_ONCE = 8_192
# Lower case has up to twice as many characters.
_LONGEST_PART = 2 * max(_CHARACTERS_AT_ONCE, grams.TEXT_LENGTH) + 2

_SPACE = ord(" ")
_NEITHER_WORD_NOR_SPACE = re.compile(r"[^\w ]")
_IN_WORD = np.array([grams.WORD.match(chr(code)) is not None for code in range(128)])

# Odd numbers without a pattern: multiplying by them loses nothing and carries every bit upwards.
_STEP = np.uint64(0x9E3779B97F4A7C15)
_WORD = np.uint64(0xD1B54A32D192ED03)
_PAIR = np.uint64(0x8CB92BA72F3D8DD7)
_SEED = np.uint64(0x2545F4914F6CDD1D)
_HALF = np.uint64(32)
_POWERS = np.multiply.accumulate(np.full(_LONGEST_PART, _STEP))
_INVERSES = np.multiply.accumulate(np.full(_LONGEST_PART, pow(int(_STEP), -1, 2**64), np.uint64))


@dataclass(frozen=True)
class Occurrences:
    """Every n-gram in some texts, shape (occurrences,): its hash, and which of the texts it stands in."""

    texts: int
    hashes: Hashes
    rows: Rows


@dataclass(frozen=True)
class _Line:
    """Texts laid end to end, with one space before and after each token.

    `rows` says which text each character belongs to; the space before a text is its first, and the last one nobody's.
    There are none for a text that is alone: most are, and each step more is felt.
    """

    line: str
    codes: Hashes
    rows: Rows | None

    @cached_property
    def mixed(self) -> Hashes:
        return _mixed(self.codes)

    @property
    def in_word(self) -> NDArray[np.bool_]:
        if self.line.isascii():
            return _IN_WORD.take(self.codes)
        is_word: NDArray[np.bool_] = _codes(_NEITHER_WORD_NOR_SPACE.sub(" ", self.line)) != _SPACE
        return is_word


def of_texts(texts: Sequence[str], families: Sequence[str]) -> Iterator[Occurrences]:
    """The n-grams of all texts, in the texts' order, of a part of them at a time."""
    return (_of_part(part, families) for part in _together(texts))


def of_grams(family: str, named: Sequence[str]) -> Hashes:
    """The hashes of n-grams that are given as `grams.FAMILIES` names them."""
    return _NAMED[family](named)


def _of_part(texts: Sequence[str], families: Sequence[str]) -> Occurrences:
    normal = [" ".join(grams.tokens(text.lower())) for text in texts]
    rows = None
    if len(texts) != 1:
        rows = np.arange(len(texts), dtype=np.int32).repeat([len(text) + 1 for text in normal])
    text = " ".join(["", *normal, ""])
    line = _Line(text, _codes(text), rows)
    found = [part for family in families for part in _OCCURRING[family](line)]
    hashed = np.concatenate([hashes for hashes, _ in found])
    if rows is None:
        return Occurrences(1, hashed, np.zeros(len(hashed), np.int32))
    return Occurrences(len(texts), hashed, np.concatenate([rows[places] for _, places in found]))


def _together(texts: Sequence[str]) -> Iterator[Sequence[str]]:
    start = size = 0
    for place, text in enumerate(texts):
        size += len(text) + 1
        if size > _CHARACTERS_AT_ONCE and place > start:
            yield texts[start:place]
            start, size = place, len(text) + 1
    yield texts[start:]


def _occurring_characters(part: _Line) -> Iterator[tuple[Hashes, Places]]:
    """Every window over the line. No n-gram has a space inside, so those that reach beyond a token are never found."""
    for window in _windows(part.codes, part.mixed):
        yield window, slice(len(window))


def _named_characters(named: Sequence[str]) -> Hashes:
    lengths = np.array([len(gram) for gram in named], np.intp)
    starts = lengths.cumsum() - lengths
    hashes = np.empty(len(named), np.uint64)
    codes = _codes("".join(named))
    for length, window in enumerate(_windows(codes, _mixed(codes)), grams.SHORTEST):
        hashes[lengths == length] = window[starts[lengths == length]]
    return hashes


def _windows(codes: Hashes, mixed: Hashes) -> Iterator[Hashes]:
    """The hashes of the 2 characters from each place on, then of the 3, 4 and 5."""
    window = mixed
    for length in range(grams.SHORTEST, grams.LONGEST + 1):
        window = (window[:-1] ^ codes[length - 1 :]) * _STEP
        yield window


def _occurring_words(part: _Line) -> Iterator[tuple[Hashes, Places]]:
    in_word = part.in_word
    # The line begins and ends outside of words, so its edges are by turns before a word and at its end.
    edges = (in_word[1:] != in_word[:-1]).nonzero()[0]
    before = edges[::2]
    single = _between(part.mixed, before, edges[1::2])
    yield single, before
    pairs = _pairs(single[:-1], single[1:])
    if part.rows is None:
        yield pairs, before[1:]
        return
    rows = part.rows.take(before)
    in_one_text = rows[1:] == rows[:-1]
    yield pairs[in_one_text], before[1:][in_one_text]


def _named_words(named: Sequence[str]) -> Hashes:
    hashes = []
    for part in _together(named):
        codes = _codes(" ".join(["", *part, ""]))
        spaces = (codes == _SPACE).nonzero()[0]
        words = _between(_mixed(codes), spaces[:-1], spaces[1:] - 1)
        sizes = np.array([gram.count(" ") + 1 for gram in part], np.intp)
        firsts = sizes.cumsum() - sizes
        pairs = sizes == 2
        of_part = words[firsts]
        of_part[pairs] = _pairs(of_part[pairs], words[firsts[pairs] + 1])
        hashes.append(of_part)
    return np.concatenate(hashes)


def _between(mixed: Hashes, before: NDArray[np.intp], last: NDArray[np.intp]) -> Hashes:
    """The hash of the characters after `before` up to `last`: sums over powers, from where the word begins."""
    mixed = mixed ^ (mixed >> _HALF)
    mixed *= _POWERS[: len(mixed)]
    sums = mixed.cumsum()
    words: Hashes = (sums.take(last) - sums.take(before)) * _INVERSES.take(before)
    return (words ^ (words >> _HALF)) * _WORD


def _pairs(left: Hashes, right: Hashes) -> Hashes:
    pairs: Hashes = (left ^ (right >> _HALF)) * _PAIR + right
    return pairs


def _mixed(codes: Hashes) -> Hashes:
    mixed: Hashes = (codes ^ _SEED) * _STEP
    return mixed


def _codes(text: str) -> Hashes:
    if text.isascii():  # Most are, and to look up the other encoding takes a while.
        return np.frombuffer(text.encode("ascii"), np.uint8).astype(np.uint64)
    return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.dtype("<u4")).astype(np.uint64)


_OCCURRING: dict[str, Callable[[_Line], Iterator[tuple[Hashes, Places]]]] = {
    "words": _occurring_words,
    "characters": _occurring_characters,
}
_NAMED: dict[str, Callable[[Sequence[str]], Hashes]] = {
    "words": _named_words,
    "characters": _named_characters,
}
