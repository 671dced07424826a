"""Models and their versions: rows in the organisation's schema, arrays in its folder. MLflow's copy is registrar.py's.

The row's hash is checked whenever a version is loaded, so a file that was swapped or damaged is refused.
"""

import json
import shutil
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version as installed
from pathlib import Path
from typing import Any

from django.db import connection, transaction
from django.db.models import F, Max, QuerySet

from classifier.encoders import shelf
from classifier.errors import ModelNotReady
from classifier.ml import artefact
from classifier.ml.predictor import Predictor
from classifier.models import Dataset, EvaluatedRow, Model, ModelVersion, Promotion, TrainingJob
from classifier.models.training_job import FINISHED
from tenants import appointments, audit, folders, ids, isolation, jobs
from tenants.errors import Conflict, InvalidInput, NotFound

FOLDER = "models"
REGISTER, UNREGISTER, RECORD = "register", "unregister", "record"
# A number of MLflow's that is farther ahead of ours than this is not taken over.
FARTHEST = 1_000
LIBRARIES = ("numpy", "scipy", "scikit-learn")


@dataclass(frozen=True)
class Candidate:
    """A trained version that has no row yet: two saved artefacts and what is known about them."""

    folder: Path
    sha256: str
    twin_sha256: str
    kind: str
    schema: Mapping[str, Any]
    labels: Sequence[str]
    metrics: Mapping[str, Any]
    parameters: Mapping[str, Any]
    seconds: float
    # (row number, label, predicted, confidence) of each held-out row
    evaluated: Sequence[tuple[int, str, str, float]]
    # On how many rows it was measured what belongs to it, where it was.
    scope_rows: int | None = None


def get(name: str) -> Model:
    found = Model.objects.select_related("champion").filter(name=name).first()
    if found is None:
        raise NotFound
    return found


def get_version(model: Model, number: int) -> ModelVersion:
    found = ModelVersion.objects.select_related("model", "dataset").filter(model=model, number=number).first()
    if found is None:
        raise NotFound
    return found


def history(model: Model) -> QuerySet[Any]:
    """Return its versions with what a list shows of them; their metrics are long, and not read as a whole."""
    few = ("model", "number", "verdict", "dataset_sha256", "dataset__name", "created_at", "created_by")
    return (
        model.versions.select_related("dataset")
        .only(*few)
        .annotate(
            accuracy=F("metrics__accuracy"), interval=F("metrics__accuracy_interval"), macro_f1=F("metrics__macro_f1")
        )
    )


def rival(version: ModelVersion) -> int:
    """Return the number of the version to hold this one against: the champion, or for the champion the one before."""
    champion = version.model.champion
    if champion is not None and champion.id != version.id:
        return champion.number
    before = version.model.versions.filter(number__lt=version.number).order_by("-number").first()
    return before.number if before else version.number


def folder_of(tenant: str, model_name: str) -> Path:
    return isolation.directory(tenant) / FOLDER / model_name


def new_folder(tenant: str, model_name: str) -> Path:
    """Return a new folder beside the versions of the model, for artefacts that are about to be saved."""
    return folders.part(tenant, FOLDER, model_name, f".{ids.random_text(12)}")


@transaction.atomic
def add_version(*, tenant: str, job: TrainingJob, candidate: Candidate) -> ModelVersion:
    """Give the candidate the model's next number and keep it. The registrar hears of it after the commit."""
    model = Model.objects.select_for_update().get(id=job.model_id)
    number = _next_number(model)
    version = _keep(tenant, model, number, candidate, dataset=job.dataset, by=job.created_by)
    jobs.submit(version.id, kind=REGISTER, queue=RECORD, subject=f"{model.name}@{number}")
    return version


def add_outside_version(
    *, tenant: str, model: Model, candidate: Candidate, tested_on: Dataset, mlflow_version: int, by: str
) -> ModelVersion:
    """Keep a version that was registered in MLflow; its number is the one that it has there, where that is free.

    The caller holds the model's row, and sees to it that the registrar hears of the version.
    """
    number = _next_number(model, wanted=mlflow_version)
    return _keep(tenant, model, number, candidate, dataset=tested_on, by=by, mlflow_version=mlflow_version)


def _next_number(model: Model, *, wanted: int = 0) -> int:
    """Return the number after the last that is taken, by a version or by one of MLflow's that was refused.

    A higher one that is `wanted` is given, unless it is far off: who writes to MLflow may have made it up.
    """
    last = model.versions.aggregate(last=Max("number"))["last"] or 0
    near = range(last + 1, last + FARTHEST)
    refused = model.refusals.filter(number__range=(near.start, near.stop - 1)).aggregate(last=Max("number"))["last"]
    return max((refused or last) + 1, wanted if wanted in near else 0)


def _keep(
    tenant: str,
    model: Model,
    number: int,
    candidate: Candidate,
    *,
    dataset: Dataset | None,
    by: str,
    mlflow_version: int | None = None,
) -> ModelVersion:
    version = ModelVersion.objects.create(
        model=model,
        number=number,
        dataset=dataset,
        dataset_sha256=dataset.sha256 if dataset else "",
        kind=candidate.kind,
        schema=dict(candidate.schema),
        labels=list(candidate.labels),
        metrics=dict(candidate.metrics),
        parameters=dict(candidate.parameters),
        sha256=candidate.sha256,
        twin_sha256=candidate.twin_sha256,
        seconds=candidate.seconds,
        scope_rows=candidate.scope_rows,
        mlflow_version=mlflow_version,
        created_by=by,
    )
    _copy_evaluated(version, candidate)
    (candidate.folder / "record.json").write_text(json.dumps(_record(version), indent=1))
    target = folder_of(tenant, model.name) / str(number)
    # A folder of this number without a row is what a process left that died just here.
    shutil.rmtree(target, ignore_errors=True)
    candidate.folder.rename(target)
    return version


@transaction.atomic
def promote(*, model: Model, version: ModelVersion, by: str, reason: str = "asked for") -> None:
    """Let `version` answer from now on. The gateway's route is written in the same transaction."""
    _serve(model, version, by, reason)
    audit.record(by=by, action="model.promoted", target=f"{model.name}@{version.number}", reason=reason)


def _serve(model: Model, version: ModelVersion, by: str, reason: str, *, is_roll_back: bool = False) -> None:
    model.champion = version
    model.save(update_fields=["champion"])
    Promotion.objects.create(model=model, version=version, by=by, reason=reason, is_roll_back=is_roll_back)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT door.set_route(%s, %s, %s, %s, %s)",
            (model.name, version.number, version.kind, len(version.labels), version.sha256),
        )


@transaction.atomic
def roll_back(*, model: Model, by: str) -> ModelVersion:
    """Let the champion before this one answer again, and after that the one before. Raises Conflict at the first."""
    model = Model.objects.select_for_update(of=("self",)).select_related("champion").get(id=model.id)
    now, earlier = champion(model), earlier_champion(model)
    if earlier is None:
        raise Conflict("There is no earlier champion to go back to.")
    _serve(model, earlier, by, f"rolled back from {now.number}", is_roll_back=True)
    target = f"{model.name}@{earlier.number}"
    audit.record(by=by, action="model.rolled_back", target=target, before=now.number)
    return earlier


def earlier_champion(model: Model) -> ModelVersion | None:
    """Return the version that a roll-back would let answer."""
    line: list[Promotion] = []
    for promotion in model.promotions.order_by("id"):
        if promotion.is_roll_back:
            line.pop()
        elif not line or line[-1].version_id != promotion.version_id:
            line.append(promotion)
    return line[-2].version if len(line) > 1 else None


@transaction.atomic
def set_policy(*, model: Model, policy: str, by: str) -> None:
    if policy not in Model.Policy.values:
        raise InvalidInput.field("policy", f"Name one of: {', '.join(Model.Policy.values)}.")
    before, model.policy = model.policy, policy
    model.save(update_fields=["policy"])
    audit.record(by=by, action="model.policy", target=model.name, before=before, after=policy)


@transaction.atomic
def delete(*, tenant: str, model: Model, by: str) -> None:
    """Destroy all its versions. Raises Conflict while one is being trained."""
    if model.training_jobs.exclude(status__in=FINISHED).exists():
        raise Conflict("A training for this model runs. Cancel it, or wait for its end.")
    name, folder = model.name, folder_of(tenant, model.name)
    jobs.submit(ids.new("job"), kind=UNREGISTER, queue=RECORD, subject=name)
    with connection.cursor() as cursor:
        cursor.execute("SELECT door.drop_route(%s)", [name])
    audit.record(by=by, action="model.deleted", target=name)
    model.delete()
    appointments.drop(name)
    transaction.on_commit(lambda: shutil.rmtree(folder, ignore_errors=True))


def load(*, tenant: str, model_name: str, number: int) -> Predictor:
    """Return what answers for a version. Raises NotFound, and ArtefactDamaged when a byte differs."""
    return _load(tenant, get_version(get(model_name), number), "served")


def load_twin(*, tenant: str, version: ModelVersion) -> Predictor:
    """Return the version's twin, which has never seen a held-out row."""
    return _load(tenant, version, "twin")


def champion(model: Model) -> ModelVersion:
    if model.champion is None:
        raise ModelNotReady(f"The model {model.name} has no version yet. Train it, or wait for its first training.")
    return model.champion


def _load(tenant: str, version: ModelVersion, which: str) -> Predictor:
    folder = folder_of(tenant, version.model.name) / str(version.number) / which
    sha256 = version.sha256 if which == "served" else version.twin_sha256
    return artefact.load(folder, shelf.library(), sha256=sha256)


def _copy_evaluated(version: ModelVersion, candidate: Candidate) -> None:
    statement = f"COPY {EvaluatedRow._meta.db_table} (version_id, number, label, predicted, confidence) FROM STDIN"
    with connection.cursor() as cursor, cursor.copy(statement) as copy:
        for row in candidate.evaluated:
            copy.write_row((version.id, *row))


def _flat(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Return the parameters with one entry in words for each candidate: MLflow knows no lists."""
    flat = {name: value for name, value in parameters.items() if name != "candidates"}
    for number, tried in enumerate(parameters.get("candidates", [])):
        score = f"accuracy {tried['accuracy']:.4f}, log loss {tried['log_loss']:.4f}"
        flat[f"candidate_{number}"] = f"{tried['name']}: {score}"
    return flat


def _record(version: ModelVersion) -> dict[str, Any]:
    """Return what the registrar writes into MLflow, which cannot read the organisation's schema."""
    return {
        "id": version.id,
        "model": version.model.name,
        "version": version.number,
        "kind": version.kind,
        "sha256": version.sha256,
        "dataset": version.dataset_id,
        "dataset_sha256": version.dataset_sha256,
        "created_at": version.created_at.isoformat(),
        "created_by": version.created_by,
        "parameters": _flat(version.parameters),
        "metrics": {name: value for name, value in version.metrics.items() if isinstance(value, int | float)},
        "labels": version.labels,
        "confusion": version.metrics.get("confusion", []),
        "library_versions": {"python": sys.version.split()[0], **{name: installed(name) for name in LIBRARIES}},
        "input_schema": version.schema,
    }
