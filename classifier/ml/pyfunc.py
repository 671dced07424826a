"""The entry through which MLflow's pyfunc loads a model; the only module that knows pandas."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from . import artefact
from .predictor import Predictor
from .sentences import Library

PROBABILITY = "probability_"
# The encoders that a model needs travel inside this package.
ENCODERS = Path(__file__).parent / "encoders"


class Model:
    """Answers a pandas DataFrame, or for a text model also a list of strings."""

    def __init__(self, predictor: Predictor) -> None:
        self.predictor = predictor

    def predict(self, model_input: pd.DataFrame | Sequence[str], params: dict[str, Any] | None = None) -> pd.DataFrame:
        """One row for each input: label, confidence, and probability_<label> for every label of the model.

        Raises InputsRejected for inputs that are not this model's, KeyError for a DataFrame without the text
        column. `params` is MLflow's and has no effect.
        """
        inputs = self._inputs(model_input)
        self.predictor.check(inputs)
        probabilities = self.predictor.probabilities(inputs)
        answers = probabilities.argmax(axis=1)
        result = pd.DataFrame(probabilities, columns=[PROBABILITY + label for label in self.predictor.labels])
        result.insert(0, "label", [self.predictor.labels[answer] for answer in answers])
        result.insert(1, "confidence", probabilities.max(axis=1))
        if isinstance(model_input, pd.DataFrame):
            result.index = model_input.index
        return result

    def _inputs(self, model_input: pd.DataFrame | Sequence[str]) -> list[Any]:
        if not isinstance(model_input, pd.DataFrame):
            return list(model_input)
        # What pandas calls missing (NaN, NaT, NA) is None to a predictor.
        cells = model_input.astype(object).where(model_input.notna(), None)
        if self.predictor.schema.kind == "table":
            return list(cells.to_dict("records"))
        name = self.predictor.schema.features[0].name
        column = name if name in cells.columns or len(cells.columns) > 1 else cells.columns[0]
        return list(cells[column])


def _load_pyfunc(path: str) -> Model:
    return Model(artefact.load(Path(path), Library(ENCODERS)))
