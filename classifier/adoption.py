"""What a version that an outside pipeline registered in MLflow must be to answer here: whole, fitting, and not worse.

Its files come from somebody who may write to MLflow. They are data in our format, checked as such, and nothing of them
is run.
"""

import hashlib
import logging
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from classifier import registry
from classifier.encoders import shelf
from classifier.ml import artefact, compare
from classifier.ml.errors import ArtefactDamaged, EncoderMissing
from classifier.ml.evaluate import HELD_OUT, Answers, Evaluation, evaluate
from classifier.ml.predictor import Predictor
from classifier.models import Dataset, Model, ModelVersion, Row

log = logging.getLogger(__name__)

# So many of the champion's held-out rows, at most, is a version tested on: it is to answer within seconds.
TESTED_ROWS = 10_000
LONGEST_LABEL = 500
# What PostgreSQL's texts cannot hold.
_UNSTORABLE = re.compile("[\0\ud800-\udfff]")


class Refused(Exception):
    """The version may not answer; the message says why, and what to do."""


@dataclass(frozen=True)
class Outside:
    """A model that was given to us, and its manifest's hash, which covers every file of it."""

    predictor: Predictor
    sha256: str


@dataclass(frozen=True)
class Judged:
    """A version that may answer: how good it is on which rows, and why it may."""

    dataset: Dataset
    evaluation: Evaluation
    verdict: str


def load(folder: Path, *, sha256: str | None) -> Outside:
    """Return the model in a folder; with `sha256`, only where its manifest has that hash. Raises Refused."""
    try:
        predictor = artefact.load(folder, shelf.library(), sha256=sha256)
        _check(predictor)
        return Outside(predictor, hashlib.sha256((folder / artefact.MANIFEST).read_bytes()).hexdigest())
    except ArtefactDamaged as damaged:
        raise Refused(f"It is not a model in our format: {_without_folder(str(damaged), folder)}") from damaged
    except EncoderMissing as error:
        raise Refused(f"{error} Ask the operator to add that encoder, and move the alias again.") from error
    except Refused:
        raise
    except MemoryError as error:
        raise Refused("It takes more memory than a model may have. Register a smaller one.") from error
    except Exception as error:  # There is no end to what can be wrong with a file that somebody made up.
        log.exception("a model that was given to us cannot be loaded")
        raise Refused("It is not a model in our format. Write it with classifier.ml.artefact.save.") from error


def judge(model: Model, predictor: Predictor, *, tenant: str) -> Judged:
    """Hold the version against the champion, on the rows that were kept from it. Raises Refused."""
    champion = registry.champion(model)
    _check_fits(champion, predictor)
    dataset, numbers, rows, labels = _held_out(champion)
    compared = compare.compare(registry.load_twin(tenant=tenant, version=champion), predictor, rows, labels)
    if not compared.not_worse:
        raise Refused(f"It is worse than version {champion.number}. {compared.reason}")
    return Judged(dataset, _evaluated(predictor, numbers, rows, labels), f"Promoted in MLflow: {compared.reason}")


def schema_of(champion: ModelVersion, predictor: Predictor) -> dict[str, Any]:
    """Return the version's schema with the champion's own description of the columns, examples included."""
    used = {column.name for column in predictor.schema.features}
    columns = [*champion.schema["features"], *champion.schema["ignored"]]
    return {
        "label": champion.schema["label"],
        "kind": champion.kind,
        "features": [column for column in columns if column["name"] in used],
        "ignored": [column for column in columns if column["name"] not in used],
    }


def _check(predictor: Predictor) -> None:
    """Raise Refused for a model whose parts do not belong together; each is what its hash says already."""
    labels = predictor.labels
    if not predictor.golden:
        raise Refused("It has no golden rows to check it with. Give Predictor a few inputs as `golden`.")
    if len(labels) < 2 or len(set(labels)) < len(labels) or not all(map(_is_label, labels)):
        raise Refused(f"Its labels are to be two or more different texts of 1 to {LONGEST_LABEL} characters.")
    if not all(isinstance(column.name, str) and isinstance(column.type, str) for column in predictor.schema.features):
        raise Refused("Its columns are to have a name and a type.")
    if not (math.isfinite(predictor.temperature) and predictor.temperature > 0):
        raise Refused("Its temperature is to be a number above 0.")
    if predictor.isotonic and not predictor.isotonic.is_sound:
        raise Refused("Its isotonic steps are to rise from knot to knot, between 0 and 1.")
    predictor.check(predictor.golden)
    if predictor.probabilities(predictor.golden[:1]).shape[1] != len(labels):
        raise Refused("It has not one probability for each of its labels.")
    predictor.warnings(predictor.golden[:1])
    predictor.explain(predictor.golden[:1], [0])


def _is_label(label: object) -> bool:
    return isinstance(label, str) and 1 <= len(label) <= LONGEST_LABEL and not _UNSTORABLE.search(label)


def _check_fits(champion: ModelVersion, predictor: Predictor) -> None:
    if predictor.schema.kind != champion.kind:
        raise Refused(f"It takes another kind of input than version {champion.number}, a {champion.kind} model.")
    known = {(column["name"], column["type"]) for part in ("features", "ignored") for column in champion.schema[part]}
    strange = [column for column in predictor.schema.features if (column.name, column.type) not in known]
    if strange or not predictor.schema.features:
        named = f"{str(strange[0].name)[:80]!r} ({str(strange[0].type)[:20]})" if strange else "none at all"
        raise Refused(f"Its columns are not the model's: {named}. Train it on the columns that the model has.")
    forgotten = sorted(set(champion.labels) - set(predictor.labels))
    if forgotten:
        more = f" and {len(forgotten) - 1:,} more" if len(forgotten) > 1 else ""
        raise Refused(f"It does not know {forgotten[0][:80]!r}{more} of the champion's labels. Train it on all.")


def _held_out(champion: ModelVersion) -> tuple[Dataset, list[int], list[Mapping[str, Any]], list[str]]:
    kept = Row.objects.filter(dataset=champion.dataset, held_out=True).order_by("number")
    read = list(kept.values_list("number", "inputs", "label")[:TESTED_ROWS])
    if champion.dataset is None or not read:
        raise Refused(
            "There are no rows to test it on: the champion's data set is gone, or too small. Train here once."
        )
    numbers, rows, labels = (list(column) for column in zip(*read, strict=True))
    return champion.dataset, numbers, rows, labels


def _evaluated(
    predictor: Predictor, numbers: Sequence[int], rows: Sequence[Mapping[str, Any]], labels: Sequence[str]
) -> Evaluation:
    places = {label: place for place, label in enumerate(predictor.labels)}
    targets = np.array([places[label] for label in labels], dtype=np.intp)
    answers = Answers.of(predictor.in_batches(predictor.schema.inputs(rows)), targets)
    return evaluate(predictor.labels, targets, answers, rows=np.array(numbers), method=HELD_OUT)


def _without_folder(message: str, folder: Path) -> str:
    return message.replace(f"{folder}/", "").replace(str(folder), "the model")
