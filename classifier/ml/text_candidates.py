"""The models that are worth trying on texts."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from . import balance, solvers, tuning
from .balance import Weights
from .candidate import GAUSSIAN, MEANING, TUNED, Candidate, Fit, Targets
from .folds import sample
from .linear import Linear
from .predictor import Scorer
from .sentence_linear import SentenceLinear
from .sentences import Embeds
from .text_linear import TextLinear
from .vectoriser import Vectoriser

_MANY_ROWS = 3_000
# N-grams of a model, a third of them words: as many as make its weights some 1.5 MB, within these bounds.
_WEIGHTS = 700_000
_FEWEST_NGRAMS, _MOST_NGRAMS = 6_000, 24_000
_NGRAMS_OF_TUNED = 10_000
# A machine for each label takes 3 microseconds for each row and label, half a microsecond on words alone. Up to the
# first product of rows and labels there is time for several candidates, up to the second for one with characters, up to
# the third for words.
_COMFORTABLE = 5_000_000
_BEARABLE = 12_000_000
_ENDURABLE = 100_000_000
# N-grams in a training matrix, of some 130,000 short texts: fitting takes about 60 bytes for each.
_ENTRIES = 20_000_000
_TEXTS_MEASURED = 500
# Beyond so many rows for each label, its name says nothing new.
_ROWS_FOR_NAMES = 100
_WEIGHT_OF_NAMES = 2.0
# From more vectors the linear model learns nothing more, and takes minutes.
_ROWS_OF_VECTORS = 50_000
_WORDS_OF_NAME = re.compile(r"[A-ZÀ-Þ]+(?![^\W\d_A-ZÀ-Þ])|[A-ZÀ-Þ]?[^\W\d_A-ZÀ-Þ]+|\d+")


def for_texts(
    names: Sequence[str], counts: Sequence[int], encoder: Embeds | None, *, is_thorough: bool
) -> list[Candidate]:
    """The candidates for labels of these names and so many rows, in the order in which they are worth their time.

    Beside sentences, further ones on n-grams seldom change anything: only a thorough search tries them.
    """
    if encoder is None:
        return _ngrams(counts, most=min(_MOST_NGRAMS, max(_FEWEST_NGRAMS, _WEIGHTS // len(names))))
    # A pool with sentences is no better for more n-grams.
    usual, *others = _ngrams(counts, most=_FEWEST_NGRAMS)
    return [usual, *_sentences(encoder, names, counts), *(others if is_thorough else [])]


def tuned(base: Scorer, encoder: Embeds | None) -> Candidate:
    """The candidate that starts from another model of texts."""
    return Candidate("tuned from the base, linear on characters, C=1", partial(_tune, base, encoder), TUNED)


def spoken(name: str) -> str:
    """A label as one would say it: `cardArrival`, `card_arrival` and `CARD-ARRIVAL` are card arrival."""
    return " ".join(_WORDS_OF_NAME.findall(name)).lower() or name


def _ngrams(counts: Sequence[int], *, most: int) -> list[Candidate]:
    rows, labels = sum(counts), len(counts)
    learn = partial(_learn, rarest=1 if rows < _MANY_ROWS else 2)
    both = partial(learn, features={"words": most // 3, "characters": most - most // 3})
    characters = partial(learn, features={"characters": most})
    words = partial(learn, features={"words": most})
    usual = Candidate("linear on words and characters, C=1", _linear(both, partial(solvers.support_vectors, c=1.0)))
    calm = Candidate("linear on words and characters, C=0.2", _linear(both, partial(solvers.support_vectors, c=0.2)))
    spelt = Candidate("linear on characters, C=1", _linear(characters, partial(solvers.support_vectors, c=1.0)))
    even = Candidate("linear on words and characters, balanced", _linear(both, _balanced_support_vectors))
    plain = Candidate("linear on words, C=1", _linear(words, partial(solvers.support_vectors, c=1.0)))
    last = Candidate("discriminant on words and characters", _linear(both, solvers.discriminant))
    if rows * labels <= _COMFORTABLE:
        return [usual, calm, spelt, *([even] if balance.is_needed(counts) else [])]
    if rows * labels <= _BEARABLE:
        return [usual]
    return [plain, last] if rows * labels <= _ENDURABLE else [last]


def _sentences(encoder: Embeds, names: Sequence[str], counts: Sequence[int]) -> list[Candidate]:
    few = sum(counts) <= _ROWS_FOR_NAMES * len(names)
    known, what = (names, "sentences and the names of labels") if few else ((), "sentences")
    c = 10.0 if few else 30.0
    logistic = partial(solvers.logistic_of_vectors, c=c)
    found = [
        Candidate(f"linear on {what}, C={c:g}", _on_sentences(encoder, known, logistic), MEANING),
        Candidate(f"normal distributions of {what}", _on_sentences(encoder, known, solvers.gaussian), GAUSSIAN),
    ]
    if few:  # A name may be a number that means nothing.
        found.append(Candidate("linear on sentences, C=10", _on_sentences(encoder, (), logistic), MEANING))
    if balance.is_needed(counts):
        even = partial(_balanced_logistic, c=c)
        found.append(Candidate(f"linear on {what}, balanced", _on_sentences(encoder, known, even), MEANING))
    return found


def _balanced_logistic(vectors: NDArray[np.float32], targets: Targets, *, c: float, weights: Weights) -> Linear:
    of_label = balance.of_labels(targets)
    linear = solvers.logistic_of_vectors(vectors, targets, c=c, weights=weights * of_label[targets])
    return balance.undone(linear, of_label)


def _balanced_support_vectors(matrix: csr_matrix, targets: Targets, *, seed: int) -> Linear:
    weights = balance.of_labels(targets)[targets]
    return solvers.support_vectors(matrix, targets, c=1.0, seed=seed, weights=weights)


def _on_sentences(encoder: Embeds, names: Sequence[str], solve: Callable[..., Linear]) -> Fit:
    """Each name is one more text of its label, which counts as much as two rows: it is what people call the thing."""

    def fit(texts: Sequence[Any], targets: Targets, seed: int) -> Scorer:
        rows = sample(targets, seed=seed, size=_ROWS_OF_VECTORS)
        vectors = encoder.embed([*(texts[row] for row in rows), *map(spoken, names)])
        together = np.concatenate([targets[rows], np.arange(len(names))])
        weights = np.concatenate([np.ones(len(rows)), np.full(len(names), _WEIGHT_OF_NAMES)])
        return SentenceLinear(encoder, solve(vectors, together, weights=weights))

    return fit


def _learn(texts: Sequence[str], *, features: Mapping[str, int], rarest: int) -> Vectoriser:
    return Vectoriser.learn(texts, features=features, rarest=rarest)


def _linear(learn: Callable[[Sequence[str]], Vectoriser], solve: Callable[..., Linear]) -> Fit:
    def fit(texts: Sequence[Any], targets: Targets, seed: int) -> Scorer:
        vectoriser = learn(texts)
        rows = _rows_that_fit(vectoriser, texts, targets, seed)
        matrix: csr_matrix = vectoriser.matrix([texts[row] for row in rows])
        return TextLinear(vectoriser, solve(matrix, targets[rows], seed=seed))

    return fit


def _tune(base: Scorer, encoder: Embeds | None, texts: Sequence[Any], targets: Targets, seed: int) -> Scorer:
    vectoriser = Vectoriser.learn(texts, features={"characters": _NGRAMS_OF_TUNED}, rarest=1)
    rows = _rows_that_fit(vectoriser, texts, targets, seed)
    solve = partial(solvers.support_vectors, targets=targets[rows], c=1.0, seed=seed)
    return tuning.tune(base, encoder, vectoriser, [texts[row] for row in rows], solve)


def _rows_that_fit(vectoriser: Vectoriser, texts: Sequence[str], targets: Targets, seed: int) -> Targets:
    """All rows, or of a very large set as many as memory has room for."""
    measured = texts[:: 1 + len(texts) // _TEXTS_MEASURED]
    entries = max(1.0, vectoriser.matrix(measured).nnz / len(measured))
    return sample(targets, seed=seed, size=int(_ENTRIES / entries))
