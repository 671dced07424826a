"""Fine-tuning a text model from another one, whose labels may be others.

The base's scores are features of the new model beside the text's own n-grams. As all of it is linear, the weights
that the base's scores get are multiplied into the base's weights, and nothing of the base is computed twice.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, hstack

from .linear import Linear
from .pool import Pool
from .predictor import Scorer
from .sentence_linear import SentenceLinear
from .sentences import Embeds
from .text_linear import TextLinear
from .text_sum import TextSum
from .vectoriser import Vectoriser

Weighted = tuple[TextLinear | SentenceLinear, float]


def can_start_from(base: Scorer | None) -> bool:
    """Whether it is a model of texts."""
    return base is not None and all(isinstance(part, TextLinear | TextSum | SentenceLinear) for part in _parts(base))


def tune(
    base: Scorer,
    encoder: Embeds | None,
    vectoriser: Vectoriser,
    texts: Sequence[str],
    solve: Callable[[csr_matrix], Linear],
) -> Scorer:
    """Fit on the n-grams of `texts` and on what the base says of them.

    Where `encoder` is the base's, it may have read the texts already.
    """
    parts = [(_reading_with(encoder, part), weight) for part, weight in _linear_parts(base)]
    said = np.sum([weight * part.scores(texts) for part, weight in parts], axis=0)
    joint = solve(hstack([vectoriser.matrix(texts), csr_matrix(said, dtype=np.float32)], format="csr"))
    own, mixing = joint.weights[: vectoriser.width], joint.weights[vectoriser.width :]
    # The mixing is (base's labels, labels); each part of the base is rewritten for the new labels.
    lifted = [replace(part, linear=_lifted(part.linear, weight * mixing)) for part, weight in parts]
    ngrams = [part for part in lifted if isinstance(part, TextLinear)]
    sentences = [(part, 1.0) for part in lifted if isinstance(part, SentenceLinear)]
    tuned = TextSum((TextLinear(vectoriser, Linear(own, joint.intercepts)), *ngrams))
    return Pool((tuned, SentenceLinear.sum_of(sentences)), (1.0, 1.0)) if sentences else tuned


def _parts(base: Scorer) -> Sequence[Scorer]:
    return base.parts if isinstance(base, Pool) else (base,)


def _linear_parts(base: Scorer) -> Iterator[Weighted]:
    """What is added up, each with its weight."""
    weights = base.weights if isinstance(base, Pool) else (1.0,)
    for part, weight in zip(_parts(base), weights, strict=True):
        for each in part.parts if isinstance(part, TextSum) else (part,):
            if isinstance(each, TextLinear | SentenceLinear):
                yield each, weight


def _reading_with(encoder: Embeds | None, part: TextLinear | SentenceLinear) -> TextLinear | SentenceLinear:
    if isinstance(part, TextLinear) or encoder is None or encoder.sha256 != part.encoder.sha256:
        return part
    return replace(part, encoder=encoder)


def _lifted(linear: Linear, mixing: NDArray[np.float32]) -> Linear:
    return Linear.of_labels((linear.weights @ mixing).T, linear.intercepts @ mixing)
