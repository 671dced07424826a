"""How foreign an input is to what a model has learnt, by more than the probability of its label.

A softmax says which label is the most likely, however unlike all of them an input is. What is looked at instead:

- the scores before they become probabilities, as their mean under the model's own probabilities. That is the energy
  (Liu et al. 2020) less the entropy; it is low where no label is spoken for, and where several are.
- how near the input is: of a text with an encoder the cosine to the nearest label's mean vector, without one the share
  of its n-grams that the model knows, of a table's row the share of its cells that are there and known.

Each is measured from its median over rows that belong here, in units of how far the lowest twentieth of those rows lies
from it. No foreign row is needed for that. The weights are those that did best on labels that were held out of four
data sets (docs/models.md has the figures).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from . import hashes
from .hashes import Occurrences
from .pool import Pool, mixed
from .predictor import Predictor, Scorer
from .sentence_linear import SentenceLinear
from .silence import can_refuse
from .table_forest import TableForest
from .table_linear import TableLinear
from .text_linear import TextLinear
from .text_sum import TextSum
from .vectoriser import Vectoriser

Floats = NDArray[np.float64]

_NEARNESS, _FAMILIARITY = 0.5, 0.2
_LOWEST = 0.05
# Where hardly any row differs from the median, a hair's breadth must not count as much as a mile: at least such a part
# of the median score, by which a twin and the model itself may well differ, and such a nearness.
_LEAST_SCORES, _LEAST_NEARNESS = 0.1, 0.05
# Rows that are looked at, and whose degrees are stored.
_ROWS = 2_000
_FEWEST_ROWS = 10
_AT_ONCE = 4_096


@dataclass(frozen=True)
class Look:
    """An input's uncalibrated scores (inputs, labels), and how near it is (inputs,): from one pass over the inputs."""

    scores: Floats
    nearness: Floats


@dataclass(frozen=True)
class Scope:
    """What belongs to a model.

    `means` (labels, width) are the labels' mean vectors, of length one, where the model reads vectors.
    `centres` and `spreads` are those of the two quantities; `inside` (rows,) the degrees of at most 2,000 rows that
    belong here and that a twin of the model had not seen, the lowest first.
    """

    means: NDArray[np.float32] | None
    weight: float
    centres: tuple[float, float]
    spreads: tuple[float, float]
    inside: NDArray[np.float32]

    @property
    def rows(self) -> int:
        return len(self.inside)

    def look(self, scorer: Scorer, inputs: Sequence[Any]) -> Look:
        return _look(scorer, inputs, self.means)

    def degrees(self, seen: Look, probabilities: Floats) -> Floats:
        """How much at home each input is, (inputs,): about 0 for most that belong here, the lower the more foreign."""
        first, second = _quantities(seen, probabilities)
        degrees = (first - self.centres[0]) / self.spreads[0]
        degrees += self.weight * (second - self.centres[1]) / self.spreads[1]
        return degrees

    def limit(self, share: float) -> float:
        """Below which degree an input is refused, so that of those that belong here at most this share is refused.

        The k-th lowest of n degrees, with k = share * (n + 1) rounded down: as many as a new one would fall below on
        average (the argument of conformal prediction, Vovk et al. 2005). Nothing is refused where k is 0.
        """
        if not can_refuse(self.rows, share):
            return -np.inf
        return float(self.inside[int(share * (self.rows + 1)) - 1])

    def pack(self) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
        settings = {"weight": self.weight, "centres": self.centres, "spreads": self.spreads}
        arrays: dict[str, NDArray[Any]] = {"inside": self.inside}
        return settings, arrays if self.means is None else arrays | {"means": self.means.astype(np.float16)}

    @classmethod
    def unpack(cls, settings: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> Scope:
        means = arrays.get("means")
        first, second = (tuple(map(float, settings[name])) for name in ("centres", "spreads"))
        return cls(
            None if means is None else means.astype(np.float32),
            float(settings["weight"]),
            (first[0], first[1]),
            (second[0], second[1]),
            arrays["inside"],
        )


def measured(twin: Predictor, inputs: Sequence[Any], targets: NDArray[np.intp], unseen: Sequence[Any]) -> Scope | None:
    """The scope of a model that was fitted on `inputs` with `targets`, measured on rows that it has not seen.

    None where those are fewer than ten.
    """
    if len(unseen) < _FEWEST_ROWS:
        return None
    chosen = np.unique(np.linspace(0, len(unseen) - 1, _ROWS).astype(int))
    means = _means(twin.scorer, inputs, targets)
    seen = _look(twin.scorer, [unseen[place] for place in chosen], means)
    probabilities = twin.calibrated(seen.scores)
    found = _quantities(seen, probabilities)
    centres = [float(np.median(each)) for each in found]
    leasts = (max(1e-6, _LEAST_SCORES * abs(centres[0])), _LEAST_NEARNESS)
    spreads = [
        max(least, centre - float(np.quantile(each, _LOWEST)))
        for each, centre, least in zip(found, centres, leasts, strict=True)
    ]
    weight = _FAMILIARITY if means is None else _NEARNESS
    empty = np.empty(0, np.float32)
    scope = Scope(means, weight, (centres[0], centres[1]), (spreads[0], spreads[1]), empty)
    return replace(scope, inside=np.sort(scope.degrees(seen, probabilities)).astype(np.float32))


def refitted(scope: Scope | None, scorer: Scorer, inputs: Sequence[Any], targets: NDArray[np.intp]) -> Scope | None:
    """The twin's scope for the model that was fitted on all rows: measured as it was, with the means of all of them."""
    return scope and replace(scope, means=_means(scorer, inputs, targets))


def _quantities(seen: Look, probabilities: Floats) -> tuple[Floats, Floats]:
    expected: Floats = (probabilities * seen.scores).sum(axis=1)
    return expected, seen.nearness


def _look(scorer: Scorer, inputs: Sequence[Any], means: NDArray[np.float32] | None) -> Look:
    """With means nearness is nearness to them, and what else could be known of an input is left aside."""
    if isinstance(scorer, Pool):
        telling = next((part for part in scorer.parts if isinstance(part, SentenceLinear)), scorer.parts[0])
        seen = _look(telling, inputs, means)
        scores = [seen.scores if part is telling else part.scores(inputs) for part in scorer.parts]
        return Look(mixed(scores, scorer.weights), seen.nearness)
    if isinstance(scorer, SentenceLinear) and means is not None:
        vectors = scorer.encoder.embed(inputs)
        return Look(scorer.scores_of(vectors), (vectors @ means.T).max(axis=1).astype(np.float64))
    if isinstance(scorer, TextLinear | TextSum):
        return _look_at_texts(scorer, inputs)
    if isinstance(scorer, TableLinear):
        blocks = scorer.design.blocks(inputs)
        return Look(scorer.linear.scores(*blocks), 1 - scorer.design.gaps(blocks[0]))
    if isinstance(scorer, TableForest):
        matrix = scorer.dense.matrix(inputs)
        fields = matrix[:, : len(scorer.dense.columns.fields)]
        return Look(scorer.forest.scores(matrix), 1 - np.isnan(fields).sum(axis=1) / max(1, fields.shape[1]))
    return Look(scorer.scores(inputs), np.zeros(len(inputs)))


def _look_at_texts(scorer: TextLinear | TextSum, texts: Sequence[str]) -> Look:
    # Of a model that was tuned from another, the first part has the n-grams of its own rows.
    own = scorer.parts[0].vectoriser if isinstance(scorer, TextSum) else scorer.vectoriser
    looks = [Look(scorer.scores_of(found), _known(own, found)) for found in hashes.of_texts(texts, scorer.families)]
    return Look(np.concatenate([each.scores for each in looks]), np.concatenate([each.nearness for each in looks]))


def _known(vectoriser: Vectoriser, found: Occurrences) -> Floats:
    known, _ = vectoriser.lookup.find(found.hashes)
    counts = np.bincount(found.rows, minlength=found.texts)
    share: Floats = np.bincount(found.rows.take(known), minlength=found.texts) / np.maximum(counts, 1)
    return share


def _means(scorer: Scorer, inputs: Sequence[Any], targets: NDArray[np.intp]) -> NDArray[np.float32] | None:
    """The mean vector of each label's rows, of length one, in half precision as it is stored."""
    parts = scorer.parts if isinstance(scorer, Pool) else (scorer,)
    encoder = next((part.encoder for part in parts if isinstance(part, SentenceLinear)), None)
    if encoder is None:
        return None
    sums: Floats | None = None
    for start in range(0, len(inputs), _AT_ONCE):
        vectors = encoder.embed(inputs[start : start + _AT_ONCE])
        sums = np.zeros((int(targets.max()) + 1, vectors.shape[1])) if sums is None else sums
        np.add.at(sums, targets[start : start + _AT_ONCE], vectors)
    if sums is None:
        return None
    lengths = np.maximum(np.linalg.norm(sums, axis=1, keepdims=True), np.finfo(np.float32).tiny)
    means: NDArray[np.float32] = (sums / lengths).astype(np.float16).astype(np.float32)
    return means
