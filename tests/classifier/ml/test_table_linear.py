from __future__ import annotations

import numpy as np

from classifier.ml import schema
from classifier.ml.columns import learn
from classifier.ml.linear import Linear
from classifier.ml.schema import Column, Schema
from classifier.ml.table_linear import Design

from .conftest import records


def learned(values: list[dict[str, object]], **types: schema.ColumnType) -> Design:
    found = Schema("label", "table", tuple(Column(name, kind, 0, 9, ()) for name, kind in types.items()))
    return Design.learn(learn(values, found), values)


def test_a_level_is_one_feature_and_a_number_two() -> None:
    design = learned([{"n": 1, "c": "red"}, {"n": 3, "c": "blue"}], n="number", c="category")
    found = design.matrix([{"n": 3, "c": "blue"}, {"n": 2, "c": "red"}, {"n": None, "c": "pink"}])
    assert design.owners == ("c", "c", "c", "n", "n")
    assert found.toarray().tolist() == [[1, 0, 0, 1, 0], [0, 1, 0, 0, 0], [0, 0, 1, 0, 1]]
    assert found.nnz == 5


def test_a_table_of_texts_alone_has_no_fields() -> None:
    design = learned([{"t": "late parcel"}, {"t": "refund"}], t="text")
    fields, texts = design.blocks([{"t": "parcel"}, {}])
    assert (fields.shape, texts.shape) == ((2, 0), (2, len(design.owners)))


def test_words_and_other_n_grams_may_have_lengths_of_their_own() -> None:
    values: list[dict[str, object]] = [{"n": 1, "t": "late parcel"}, {"n": 2, "t": "refund"}]
    design = learned(values, n="number", t="text")
    lengths = design.lengths(words=8, ngrams=2)
    ngrams = [gram for family in design.columns.texts["t"].vocabulary.values() for gram in family]
    assert lengths[:2].tolist() == [1, 1]
    words = {gram for gram, length in zip(ngrams, lengths[2:], strict=True) if length == 8}
    assert words == {"late", "parcel", "refund"}
    assert set(lengths[2:].tolist()) == {2, 8}


def test_scores_of_the_blocks_are_those_of_the_matrix() -> None:
    data = records(80)
    found = schema.infer(data)
    rows, _, _ = schema.examples(data, found)
    design = Design.learn(learn(rows, found), rows)
    weights = np.random.default_rng(0).normal(size=(len(design.owners), 3)).astype(np.float32)
    linear = Linear(weights, np.array([1, 2, 3], dtype=np.float32))
    assert np.allclose(linear.scores(*design.blocks(rows)), linear.scores(design.matrix(rows)), atol=1e-5)
    assert linear.scores(*design.blocks([])).shape == (0, 3)
