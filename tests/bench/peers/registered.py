"""The model that MLflow's registry gave out, in a peer's process: loaded by the code that travels with it.

A peer calls the predictor itself and gets its bare probabilities. Our pyfunc would make a DataFrame of every answer;
that is spared to the peers, because the comparison is of servers.
"""

import importlib
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

# The folder as MLflow downloads it: `MLmodel`, the package in `code`, its encoders therein, the artefact in `data`.
FOLDER = "BENCH_MODEL"


def encoders_of(folder: Path) -> Path:
    """Return where the encoders are that the model needs; there is nothing where it needs none."""
    return folder / "code" / "assort_ml" / "encoders"


class Registered:
    def __init__(self) -> None:
        folder = Path(os.environ[FOLDER])
        sys.path.insert(0, str(folder / "code"))
        artefact = importlib.import_module("assort_ml.artefact")
        sentences = importlib.import_module("assort_ml.sentences")
        (data,) = (folder / "data").iterdir()
        encoders = sentences.Library(encoders_of(folder))
        self._predictor: Any = artefact.load(data, encoders)

    def answers(self, texts: Sequence[str]) -> list[dict[str, Any]]:
        """Return label and score of each text."""
        probabilities = self._predictor.probabilities(texts)
        best = probabilities.argmax(axis=1)
        labels = self._predictor.labels
        return [{"label": labels[k], "score": float(row[k])} for row, k in zip(probabilities, best, strict=True)]
