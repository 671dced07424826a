import csv
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from classifier.ml import artefact, solvers
from classifier.ml.candidates import worth_trying
from classifier.ml.linear import Linear
from classifier.ml.pool import Pool
from classifier.ml.predictor import Predictor, Scorer
from classifier.ml.schema import Column, Schema
from classifier.ml.sentence_linear import SentenceLinear
from classifier.ml.sentences import Embeds
from classifier.ml.text_linear import TextLinear
from classifier.ml.text_sum import TextSum
from classifier.ml.tuning import tune
from classifier.ml.vectoriser import Vectoriser

from .meanings import SHA256, Meanings

SAMPLE = Path(__file__).parents[3] / "classifier" / "sample" / "support.csv"
TEXT = Schema("label", "text", (Column("text", "text", 0, 400, ()),))


@pytest.fixture(scope="module")
def sample() -> tuple[list[str], NDArray[np.intp], tuple[str, ...]]:
    with SAMPLE.open() as file:
        rows = list(csv.DictReader(file))
    names = tuple(sorted({row["label"] for row in rows}))
    return [row["text"] for row in rows], np.array([names.index(row["label"]) for row in rows]), names


def learn(texts: list[str]) -> Vectoriser:
    return Vectoriser.learn(texts, features={"characters": 10_000}, rarest=1)


@pytest.fixture(scope="module")
def base(sample: tuple[list[str], NDArray[np.intp], tuple[str, ...]]) -> TextLinear:
    texts, targets, _ = sample
    vectoriser = learn(texts[:200])
    return TextLinear(vectoriser, solvers.support_vectors(vectoriser.matrix(texts[:200]), targets[:200], c=1.0, seed=0))


def tuned(base: Scorer, texts: list[str], targets: NDArray[np.intp], encoder: Embeds | None = None) -> Scorer:
    return tune(base, encoder, learn(texts), texts, partial(solvers.support_vectors, targets=targets, c=1.0, seed=0))


def test_with_few_rows_it_is_far_better_than_without_its_base(
    base: TextLinear, sample: tuple[list[str], NDArray[np.intp], tuple[str, ...]]
) -> None:
    texts, targets, _ = sample
    few, few_targets, rest, right = texts[200:240], targets[200:240], texts[240:], targets[240:]
    vectoriser = learn(few)
    alone = solvers.support_vectors(vectoriser.matrix(few), few_targets, c=1.0, seed=0)
    without = (alone.scores(vectoriser.matrix(rest)).argmax(axis=1) == right).mean()
    assert (tuned(base, few, few_targets).scores(rest).argmax(axis=1) == right).mean() > without + 0.15


def test_it_loads_as_it_was_saved_and_may_be_a_base_itself(
    base: TextLinear, sample: tuple[list[str], NDArray[np.intp], tuple[str, ...]], tmp_path: Path
) -> None:
    texts, targets, names = sample
    twice = tuned(tuned(base, texts[200:300], targets[200:300]), texts[300:], targets[300:])
    saved = Predictor(TEXT, names, 1.0, twice, golden=tuple(texts[:3]))
    loaded = artefact.load(tmp_path, sha256=artefact.save(saved, tmp_path))
    assert isinstance(twice, TextSum)
    assert len(twice.parts) == 3
    assert np.array_equal(loaded.probabilities(texts[:20]), saved.probabilities(texts[:20]))


def test_its_reasons_are_those_of_all_its_parts(
    base: TextLinear, sample: tuple[list[str], NDArray[np.intp], tuple[str, ...]]
) -> None:
    texts, targets, _ = sample
    model = tuned(base, texts[200:], targets[200:])
    assert isinstance(model, TextSum)
    [whole], parts = model.reasons(["my parcel"], [4]), [part.reasons(["my parcel"], [4])[0] for part in model.parts]
    assert whole["parcel"] == pytest.approx(sum(part["parcel"] for part in parts))
    assert whole["parcel"] > abs(whole["my"])


def test_of_a_pooled_base_what_its_words_mean_is_kept_and_read_with_what_was_read(
    base: TextLinear, sample: tuple[list[str], NDArray[np.intp], tuple[str, ...]]
) -> None:
    texts, targets, names = sample
    linear = Linear.of_labels(np.eye(len(names), 4), np.zeros(len(names)))
    pool = Pool.of([base, SentenceLinear(Meanings(), linear)], [1.0, 3.0])
    encoder = Meanings()
    model = tuned(pool, texts[200:300], targets[200:300], encoder)
    assert encoder.read == texts[200:300]
    assert list(model.encoders) == [SHA256]
    model.scores(["a refund"])
    assert encoder.read[-1] == "a refund"


def test_a_base_of_texts_is_tried_first_and_for_texts_only(base: TextLinear) -> None:
    table = Schema("label", "table", (Column("age", "number", 0, 9, ()),))
    names = [
        candidate.name
        for candidate in worth_trying(TEXT, names=list("abcdefgh"), counts=[10] * 8, quality="auto", base=base)
    ]
    assert [name.startswith("tuned") for name in names] == [True, False, False, False]
    assert (
        worth_trying(table, names=list("abcdefgh"), counts=[10] * 8, quality="fast", base=base)[0].name == "linear, C=1"
    )
