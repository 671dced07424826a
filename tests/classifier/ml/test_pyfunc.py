from __future__ import annotations

import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from classifier import ml
from classifier.ml import artefact, pyfunc, solvers
from classifier.ml.errors import InputsRejected
from classifier.ml.sentence_linear import SentenceLinear
from classifier.ml.sentences import Library
from classifier.ml.train import Trained
from tests.classifier.encoders import tiny


@pytest.fixture
def text_function(text_model: Trained, tmp_path: Path) -> pyfunc.Model:
    artefact.save(text_model.served, tmp_path / "model")
    return pyfunc._load_pyfunc(str(tmp_path / "model"))


def test_a_list_and_a_frame_of_texts_get_the_predictor_s_answers(
    text_function: pyfunc.Model, text_model: Trained
) -> None:
    inputs = ["refund my invoice", "where is my order"]
    listed = text_function.predict(inputs)
    framed = text_function.predict(pd.DataFrame({"text": inputs, "other": [1, 2]}, index=[7, 9]))
    expected = text_model.served.probabilities(inputs)
    columns = [f"probability_{label}" for label in text_model.served.labels]
    assert list(listed.columns) == ["label", "confidence", *columns]
    assert np.allclose(listed[columns].to_numpy(), expected)
    assert framed.index.tolist() == [7, 9]
    assert framed["label"].tolist() == listed["label"].tolist() == ["billing", "delivery"]
    assert np.allclose(listed["confidence"], expected.max(axis=1))


def test_wrong_inputs_are_refused(text_function: pyfunc.Model) -> None:
    with pytest.raises(InputsRejected, match="input 1"):
        text_function.predict(["fine", ""])
    with pytest.raises(KeyError, match="text"):
        text_function.predict(pd.DataFrame({"a": ["x"], "b": ["y"]}))


def test_what_pandas_calls_missing_is_missing(table_model: Trained) -> None:
    frame = pd.DataFrame({"income": [3.0, None], "colour": ["red", None], "member": [True, None]})
    found = pyfunc.Model(table_model.served).predict(frame)
    rows = [{"income": 3, "colour": "red", "member": "true"}, {}]
    assert np.allclose(found["confidence"], table_model.served.probabilities(rows).max(axis=1))


def test_a_copy_of_the_package_under_another_name_works_alone(text_model: Trained, tmp_path: Path) -> None:
    shutil.copytree(Path(ml.__path__[0]), tmp_path / "assort_ml", ignore=shutil.ignore_patterns("__pycache__"))
    artefact.save(text_model.served, tmp_path / "model")
    code = "import assort_ml.pyfunc as f; print(f._load_pyfunc('model').predict(['refund my invoice']).label[0])"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True, env={"PYTHONPATH": "."}
    )
    assert done.stdout.strip() == "billing"


def test_the_encoders_of_a_model_lie_in_the_copy_of_the_package(text_model: Trained, tmp_path: Path) -> None:
    made = tiny.make(tmp_path)
    package = shutil.copytree(Path(ml.__path__[0]), tmp_path / "assort_ml")
    shutil.copytree(made, package / "encoders" / made.name)
    inputs = ["refund my invoice", "where is my order"]
    encoder, labels = Library(made.parent).get(made.name), text_model.served.labels
    places, weights = np.arange(len(labels)), np.ones(len(labels))
    linear = solvers.logistic_of_vectors(encoder.embed(labels), places, c=10.0, weights=weights)
    model = replace(text_model.served, scorer=SentenceLinear(encoder, linear))
    artefact.save(model, tmp_path / "model")
    code = f"import assort_ml.pyfunc as f; print(*f._load_pyfunc('model').predict({inputs}).confidence)"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True, env={"PYTHONPATH": "."}
    )
    expected = model.probabilities(inputs).max(axis=1)
    assert list(map(float, done.stdout.split())) == pytest.approx(expected, abs=1e-6)
