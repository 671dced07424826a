"""What a worker does: reads a data set, trains a model. Runs without Celery in a test.

Each function ends the job it was called for, whatever happens, except when the process dies: then the lease runs
out, and the job is given to another.
"""

import logging
import shutil
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from django.db import DatabaseError, transaction
from django.utils import timezone

from classifier import datasets, leases, registry, training
from classifier.ml import artefact, compare, report, schema, split, table
from classifier.ml.errors import MlError, Problem, TableRejected
from classifier.ml.rows import Limits, Table
from classifier.ml.train import Trained
from classifier.ml.train import train as fit
from classifier.models import Dataset, Model, ModelVersion, TrainingEvent, TrainingJob
from tenants import jobs

log = logging.getLogger(__name__)

LOST = (
    f"It stopped {jobs.ATTEMPTS} times without coming to an end, most likely for lack of memory. "
    "Try fewer rows or columns, or ask whoever runs this service."
)
LONGEST_LABEL = 500
TOO_LONG = "It took longer than the {:,} s that the plan allows. Use fewer rows, or ask for a larger plan."
OUR_FAULT = "This is our fault, and it was logged. Name {} when you report it."


@dataclass(frozen=True)
class Bounds:
    """What the organisation's plan allows a job. A worker cannot read plans, so it is told."""

    dataset_rows: int = 1_000_000
    training_seconds: int = 3_600


# --- Reading a data set --------------------------------------------------------------------------------------------


def validate(dataset_id: str, *, tenant: str, bounds: Bounds = Bounds()) -> None:
    """Read the uploaded file into rows, or reject it with reasons."""
    attempt = jobs.claim(dataset_id)
    if attempt is None:
        return
    dataset = Dataset.objects.select_related("parent").get(id=dataset_id)
    if attempt > jobs.ATTEMPTS:
        datasets.reject(dataset=dataset, attempt=attempt, problems=[Problem(None, "unreadable", LOST)])
        return
    with leases.kept(dataset_id, attempt, tenant=tenant):
        try:
            _read(dataset, attempt, tenant, bounds)
        except TableRejected as refused:
            datasets.reject(dataset=dataset, attempt=attempt, problems=refused.problems)
        except MemoryError:
            problem = Problem(None, "too_large", "Reading this file takes too much memory. Split it.")
            datasets.reject(dataset=dataset, attempt=attempt, problems=[problem])
        except (DatabaseError, jobs.LeaseLost):
            raise  # Another attempt has begun, or will when the lease has run out.
        except Exception:  # A fault of ours would come again with each attempt: say so now.
            log.exception("%s failed", dataset_id)
            problem = Problem(None, "internal", OUR_FAULT.format(dataset_id))
            datasets.reject(dataset=dataset, attempt=attempt, problems=[problem])


def _read(dataset: Dataset, attempt: int, tenant: str, bounds: Bounds) -> None:
    limits = Limits(rows=bounds.dataset_rows)
    added = table.read(datasets.file_of(tenant, dataset.id), limits=limits)
    whole = added if dataset.parent is None else _joined(dataset.parent, added)
    found = schema.infer(whole, label=dataset.label or None, text=dataset.text or None)
    inputs, labels, numbers = schema.examples(whole, found)
    _refuse_long(labels, numbers)
    held_out = split.held_out(inputs, labels)
    datasets.accept(
        dataset=dataset,
        attempt=attempt,
        schema=found,
        examples=datasets.Examples(numbers, list(inputs), list(labels), held_out.tolist()),
        labels=_counts(labels),
        report=report.report(whole, found),
    )


def _refuse_long(labels: list[str], numbers: list[int]) -> None:
    for label, number in zip(labels, numbers, strict=True):
        if len(label) > LONGEST_LABEL:
            detail = f"A label may have {LONGEST_LABEL} characters. Name another column as the label."
            raise TableRejected([Problem(number, "label_too_long", detail)])


def _joined(parent: Dataset, added: Table) -> Table:
    """Return the parent's rows, then the new ones, in the parent's columns."""
    before = datasets.examples(parent)
    known = datasets.schema_of(parent)
    names = (*(column.name for column in known.features), known.label)
    unknown = sorted(set(added.names) - set(names))
    if unknown:
        listed = ", ".join(unknown[:20])
        problem = Problem(1, "unknown_column", f"The data set has no column {listed}. Leave it out.")
        raise TableRejected([problem])
    old = [
        (*(row.get(name) for name in names[:-1]), label)
        for row, label in zip(before.inputs, before.labels, strict=True)
    ]
    places = [added.names.index(name) if name in added.names else None for name in names]
    new = [tuple(None if place is None else row[place] for place in places) for row in added.rows]
    return Table(names, old + new)


def _counts(labels: list[str]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for label in labels:
        counts[label] = counts.get(label, 0) + 1
    return counts


# --- Training a model ----------------------------------------------------------------------------------------------


def train(job_id: str, *, tenant: str, bounds: Bounds = Bounds()) -> None:
    """Train what the job asks for, evaluate it, keep it, and promote it as the model's policy says."""
    attempt = jobs.claim(job_id)
    if attempt is None:
        return
    job = TrainingJob.objects.select_related("dataset", "model__champion").get(id=job_id)
    if attempt > jobs.ATTEMPTS:
        _fail(job, attempt, "worker_lost", LOST)
        return
    _begin(job, attempt)
    deadline = time.monotonic() + bounds.training_seconds

    def stops() -> bool:
        if time.monotonic() > deadline:
            _fail(TrainingJob.objects.get(id=job_id), attempt, "too_long", TOO_LONG.format(bounds.training_seconds))
            return True
        return _cancel_if_asked(job_id, attempt)

    with leases.kept(job_id, attempt, tenant=tenant, stops=stops):
        try:
            _train(job, attempt, tenant)
        except (MlError, ValueError) as error:
            log.exception("%s cannot be trained", job_id)
            _fail(job, attempt, "cannot_train", str(error))
        except MemoryError:
            _fail(job, attempt, "too_large", "Training takes more memory than it may have. Use fewer rows or columns.")
        except (DatabaseError, jobs.LeaseLost):
            raise  # Another attempt has begun, or will when the lease has run out.
        except Exception:  # A fault of ours would come again with each attempt: say so now.
            log.exception("%s failed", job_id)
            _fail(job, attempt, "internal", OUR_FAULT.format(job_id))


def _train(job: TrainingJob, attempt: int, tenant: str) -> None:
    started = time.monotonic()
    dataset = job.dataset
    if dataset is None:
        _fail(job, attempt, "dataset_deleted", "The data set was deleted before the training began.")
        return
    examples = datasets.examples(dataset)
    found = datasets.schema_of(dataset)
    trained = fit(
        examples.inputs,
        examples.labels,
        np.array(examples.held_out),
        found,
        quality=job.options.get("quality", "auto"),
        seed=job.options.get("seed", 0),
        progress=_Progress(job),
    )
    with _saved(trained, tenant, job.model.name) as (folder, sha256, twin_sha256):
        candidate = registry.Candidate(
            folder=folder,
            sha256=sha256,
            twin_sha256=twin_sha256,
            kind=found.kind,
            schema=found.to_json(),
            labels=trained.served.labels,
            metrics=trained.evaluation.to_json(),
            parameters=_parameters(job, trained),
            seconds=round(time.monotonic() - started, 2),
            evaluated=_evaluated(examples, trained),
        )
        promotes, verdict = _judge(job.model, trained, examples, tenant)
        _succeed(job, attempt, tenant, candidate, promotes=promotes, verdict=verdict)


@contextmanager
def _saved(trained: Trained, tenant: str, model_name: str) -> Iterator[tuple[Path, str, str]]:
    """Save both artefacts for the block; what the block did not move away is removed."""
    folder = registry.new_folder(tenant, model_name)
    try:
        served = artefact.save(trained.served, folder / "served")
        twin = artefact.save(trained.twin, folder / "twin")
        yield folder, served, twin
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _judge(model: Model, trained: Trained, examples: datasets.Examples, tenant: str) -> tuple[bool, str]:
    """Return whether the new version is to serve, and why."""
    if model.champion is None:
        return True, "Promoted: the first version of a model serves at once."
    if model.policy != Model.Policy.AUTO:
        return False, f"Not promoted: the model's policy is `{model.policy}`, so a person decides."
    if model.champion.kind != trained.served.schema.kind:
        return False, "Not promoted: it takes another kind of input than the champion. Promote it yourself."
    rows, labels = _held_out(examples)
    compared = compare.compare(registry.load_twin(tenant=tenant, version=model.champion), trained.twin, rows, labels)
    word = "Promoted" if compared.not_worse else "Not promoted"
    return compared.not_worse, f"{word}: {compared.reason}"


def _held_out(examples: datasets.Examples) -> tuple[list[Mapping[str, str | None]], list[str]]:
    chosen = [index for index, out in enumerate(examples.held_out) if out]
    return [examples.inputs[index] for index in chosen], [examples.labels[index] for index in chosen]


@transaction.atomic
def _succeed(
    job: TrainingJob, attempt: int, tenant: str, candidate: registry.Candidate, *, promotes: bool, verdict: str
) -> None:
    """Keep version, promotion and the job's end together, or, when the lease is lost, none of them."""
    # First, because it raises LeaseLost: no file is moved for an attempt that does not count.
    jobs.finish(job.id, attempt, "succeeded")
    version: ModelVersion = registry.add_version(tenant=tenant, job=job, candidate=candidate)
    version.verdict = verdict[:300]
    version.save(update_fields=["verdict"])
    if promotes:
        model = Model.objects.get(id=job.model_id)
        registry.promote(model=model, version=version, by=job.created_by, reason=verdict[:300])
    job.version = version
    training.finish(job, TrainingJob.Status.SUCCEEDED, f"Version {version.number}. {verdict}")


@transaction.atomic
def _fail(job: TrainingJob, attempt: int, code: str, detail: str) -> None:
    training.finish(job, TrainingJob.Status.FAILED, detail, error={"code": code, "detail": detail})
    jobs.finish(job.id, attempt, "failed")


@transaction.atomic
def _begin(job: TrainingJob, attempt: int) -> None:
    job.status = TrainingJob.Status.RUNNING
    job.started_at = job.started_at or timezone.now()
    job.percent = 0
    job.stage = "reading"
    job.save(update_fields=["status", "started_at", "percent", "stage"])
    message = "Reading the rows." if attempt == 1 else f"Starting again, attempt {attempt}: the worker before was lost."
    TrainingEvent.objects.create(job=job, stage="reading", percent=0, message=message)


@transaction.atomic
def _cancel_if_asked(job_id: str, attempt: int) -> bool:
    job = TrainingJob.objects.select_for_update().filter(id=job_id, cancel_requested=True).first()
    if job is None or job.is_finished:
        return False
    training.finish(job, TrainingJob.Status.CANCELED, "Canceled.")
    jobs.finish(job_id, attempt, "canceled")
    return True


class _Progress:
    """Writes stage and percent into the job's row, at most once a second within a stage."""

    # What part of a training each stage takes, roughly; the sum of those before it is where it begins.
    SHARES: ClassVar = {"split": 2, "candidates": 56, "evaluate": 17, "refit": 25}

    def __init__(self, job: TrainingJob) -> None:
        self.job = job
        self.started = self.written = time.monotonic()

    def __call__(self, stage: str, share: float) -> None:
        now = time.monotonic()
        if stage == self.job.stage and now - self.written < 1:
            return
        names = list(self.SHARES)
        before = sum(self.SHARES[name] for name in names[: names.index(stage)])
        percent = min(99, int(before + self.SHARES[stage] * share))
        eta = int((now - self.started) * (100 - percent) / percent) if percent >= 5 else None
        if stage != self.job.stage:
            TrainingEvent.objects.create(job=self.job, stage=stage, percent=percent, message=f"{stage}")
        self.job.stage, self.job.percent, self.job.eta_seconds, self.written = stage, percent, eta, now
        self.job.save(update_fields=["stage", "percent", "eta_seconds"])


def _evaluated(examples: datasets.Examples, trained: Trained) -> list[tuple[int, str, str, float]]:
    found = trained.evaluation.predictions
    return [(examples.numbers[said.row], said.label, said.predicted, said.confidence) for said in found]


def _parameters(job: TrainingJob, trained: Trained) -> dict[str, Any]:
    chosen = next(candidate["name"] for candidate in trained.candidates if candidate["chosen"])
    return {**job.options, "chosen": chosen, "candidates": list(trained.candidates)}
