"""The predictor gives the answers of the scikit-learn pipeline that a model is made from, weights rounded alike."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, hstack
from scipy.special import softmax
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import FeatureUnion, Pipeline, make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from sklearn.svm import LinearSVC

from classifier.ml import artefact, schema
from classifier.ml.columns import Columns
from classifier.ml.linear import Linear
from classifier.ml.predictor import Predictor
from classifier.ml.table import Table
from classifier.ml.table_linear import Design, TableLinear
from classifier.ml.text_linear import TextLinear
from classifier.ml.vectoriser import Vectoriser

from .conftest import records, texts

TEMPERATURE = 0.37
STRANGE = [
    "CARD card Card!",
    "naïve Straße, 我的卡还没有到",
    "ΟΔΟΣ İstanbul don't_know",
    "?!",
    "x" * 200,
    "\ud800 refund",
]


def union() -> FeatureUnion:
    words = TfidfVectorizer(token_pattern=r"(?u)\w+", ngram_range=(1, 2), sublinear_tf=True)
    characters = TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 5), sublinear_tf=True)
    return FeatureUnion([("words", words), ("characters", characters)])


def halved(machine: LinearSVC | LogisticRegression) -> None:
    machine.coef_ = machine.coef_.astype(np.float16).astype(np.float64)


def vectoriser_of(fitted: FeatureUnion) -> Vectoriser:
    parts = dict(fitted.transformer_list)
    vocabulary = {family: list(part.get_feature_names_out()) for family, part in parts.items()}
    return Vectoriser.of(vocabulary, np.concatenate([part.idf_ for part in parts.values()]).astype(np.float32))


def loaded(model: Predictor, directory: Path) -> Predictor:
    artefact.save(model, directory)
    return artefact.load(directory)


def test_a_text_model_agrees_with_its_pipeline(tmp_path: Path) -> None:
    data, fresh = texts(300), [row[0] or "" for row in texts(200, seed=7).rows]
    inputs, labels = [row[0] or "" for row in data.rows], [row[1] or "" for row in data.rows]
    pipeline: Pipeline = make_pipeline(union(), LinearSVC(C=1.0, random_state=0)).fit(inputs, labels)
    machine = pipeline[-1]
    scorer = TextLinear(vectoriser_of(pipeline[0]), Linear.rounded(machine.coef_, machine.intercept_))
    names = tuple(machine.classes_)
    model = loaded(Predictor(schema.infer(data), names, TEMPERATURE, scorer, tuple(inputs[:16])), tmp_path)
    halved(machine)
    for asked in (list(model.golden), fresh, STRANGE):
        expected = softmax(pipeline.decision_function(asked) / TEMPERATURE, axis=1)
        assert np.allclose(model.probabilities(asked), expected, rtol=0, atol=1e-5)


def test_a_linear_model_of_a_table_agrees_with_its_pipeline(tmp_path: Path) -> None:
    data = Table(("income", "colour", "note", "label"), [(r[0], r[1], r[4], r[5]) for r in records(300).rows if all(r)])
    found = schema.infer(data)
    rows, labels, _ = schema.examples(data, found)
    incomes = np.array([[float(row["income"] or 0)] for row in rows])
    colours, notes = [[row["colour"]] for row in rows], [row["note"] for row in rows]
    scaler, levels, words = StandardScaler().fit(incomes), OneHotEncoder().fit(colours), union().fit(notes)

    known = Columns(found.features, {"colour": tuple(levels.categories_[0])}, {"note": vectoriser_of(words)})
    design = Design(known, np.array([0.0, scaler.mean_[0]]), np.array([1.0, scaler.scale_[0]]))
    # Beside what scikit-learn has, a field has a feature that marks what is missing; here nothing is.
    parts = [levels.transform(colours), none(rows), scaler.transform(incomes), none(rows), words.transform(notes)]
    matrix = csr_matrix(hstack(parts))
    machine = LogisticRegression(max_iter=500).fit(matrix, labels)
    linear = Linear.rounded(np.concatenate([-machine.coef_, machine.coef_]), np.array([-1, 1]) * machine.intercept_)
    scorer, names = TableLinear(design, linear), tuple(machine.classes_)
    model = loaded(Predictor(found, names, 2.0, scorer, tuple(rows[:16])), tmp_path)
    halved(machine)
    assert np.allclose(model.probabilities(rows), machine.predict_proba(matrix), rtol=0, atol=1e-5)


def none(rows: list[dict[str, str | None]]) -> NDArray[np.float64]:
    return np.zeros((len(rows), 1))
