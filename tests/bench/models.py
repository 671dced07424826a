"""How good, how large and how fast models are: data sets go through the product's own API, as a customer's do.

A data set is a folder with train.csv and test.csv of the same columns; what is known of it from elsewhere stands in
`published`.
"""

import csv
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import f1_score, roc_auc_score

from classifier.ml.evaluate import calibration_error
from tests.bench.published import PUBLISHED, Published
from tests.bench.row import Row
from tests.end_to_end.stranger import Api
from tests.service import Service

TRAIN, TEST = "train.csv", "test.csv"
TOGETHER, ALONE = 256, 50
TRAINING_SECONDS = 3_600.0


@dataclass(frozen=True)
class Answers:
    """What was answered of each row of test.csv: all labels' scores, in the order of `labels`, (rows, labels)."""

    labels: tuple[str, ...]
    right: tuple[str, ...]
    scores: NDArray[np.float64] = field(repr=False)

    @property
    def is_right(self) -> NDArray[np.bool_]:
        places = {label: place for place, label in enumerate(self.labels)}
        wanted = np.array([places.get(label, -1) for label in self.right])
        found: NDArray[np.bool_] = self.scores.argmax(axis=1) == wanted
        return found

    @property
    def macro_f1(self) -> float:
        said = [self.labels[place] for place in self.scores.argmax(axis=1)]
        return float(f1_score(self.right, said, average="macro", labels=sorted(set(self.right))))

    @property
    def auc(self) -> float:
        """Of two labels, the area under the curve of the second; not a number for more."""
        if len(self.labels) != 2:
            return float("nan")
        return float(roc_auc_score([label == self.labels[1] for label in self.right], self.scores[:, 1]))


def measure(service: Service, folder: Path) -> list[Row]:
    found = sorted(path.parent for path in folder.glob(f"*/{TRAIN}") if path.with_name(TEST).exists())
    founded = service.create_organisation("Models", "models@example.test")
    api = Api(service.url, founded["key"])
    api.client.timeout = 600
    with api.client:
        return [row for path in found for row in _of(service, founded["organisation"], api, path)]


def _of(service: Service, organisation: str, api: Api, folder: Path) -> Iterator[Row]:
    name, known = folder.name, PUBLISHED.get(folder.name, Published())
    dataset = api.upload(folder / TRAIN)
    if dataset["status"] != "ready":
        raise RuntimeError(f"{folder / TRAIN} is {dataset['status']}: {dataset}")
    started = time.perf_counter()
    job = api.train(dataset["id"], name, quality="auto", seconds=TRAINING_SECONDS)
    if job["status"] != "succeeded":
        raise RuntimeError(f"the training of {name} {job['status']}: {job}")
    inputs, right = _rows_of(folder / TEST, api.get(f"models/{name}")["kind"], dataset["label"])
    api.classify(name, inputs[:1]).raise_for_status()
    seconds = time.perf_counter() - started
    answers = _asked(api, name, inputs, right)
    artefact = service.instance.data / "tenants" / organisation.removeprefix("org_") / "models" / name / "1" / "served"
    yield Row(f"{name}: accuracy ({known.named})", 100 * float(answers.is_right.mean()), "%", known.accuracy)
    yield Row(f"{name}: macro-F1", 100 * answers.macro_f1, "%")
    if not np.isnan(answers.auc):
        yield Row(f"{name}: area under the curve", 100 * answers.auc, "%", known.auc)
    error = calibration_error(answers.scores.max(axis=1), answers.is_right)
    yield Row(f"{name}: expected calibration error", 100 * error, "%", known.calibration)
    yield Row(f"{name}: from Train to the first answer, {dataset['rows']:,} rows", seconds, "s", known.seconds)
    yield Row(f"{name}: artefact", sum(file.stat().st_size for file in artefact.iterdir()) / 1e6, "MB", known.megabytes)
    yield Row(f"{name}: one input a request, over HTTP, median", _alone(api, name, inputs), "ms")


def _rows_of(file: Path, kind: str, label: str) -> tuple[list[Any], tuple[str, ...]]:
    with file.open(newline="", encoding="utf-8") as opened:
        rows = list(csv.DictReader(opened))
    right = tuple(row.pop(label) for row in rows)
    return [next(iter(row.values())) if kind == "text" else row for row in rows], right


def _asked(api: Api, name: str, inputs: list[Any], right: tuple[str, ...]) -> Answers:
    labels = tuple(api.get(f"models/{name}")["labels"])
    places = {label: place for place, label in enumerate(labels)}
    scores = np.zeros((len(inputs), len(labels)))
    for start in range(0, len(inputs), TOGETHER):
        answered = api.classify(name, inputs[start : start + TOGETHER], top_k=len(labels))
        answered.raise_for_status()
        for result in answered.json()["results"]:
            for score in result["scores"]:
                scores[start + result["index"], places[score["label"]]] = score["score"]
    return Answers(labels, right, scores)


def _alone(api: Api, name: str, inputs: list[Any]) -> float:
    spent = []
    for value in inputs[:ALONE]:
        started = time.perf_counter()
        api.classify(name, [value]).raise_for_status()
        spent.append(time.perf_counter() - started)
    return 1_000 * median(spent)
