"""What a worker does when a model is to be trained. Runs without Celery in a test.

The job ends here, whatever happens, except when the process dies: then its lease runs out, and another gets it.
"""

from __future__ import annotations

import logging
import shutil
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from django.db import DatabaseError, transaction
from django.utils import timezone

from classifier import datasets, kinds, leases, registry, sharing, silencing, training, vectors, versions
from classifier.encoders import catalogue, shelf
from classifier.leases import DEFAULT_BOUNDS, LOST, OUR_FAULT, Bounds
from classifier.ml import artefact, compare
from classifier.ml.errors import ArtefactDamaged, EncoderMissing, MlError
from classifier.ml.predictor import Predictor
from classifier.ml.schema import Schema
from classifier.ml.sentences import NOTHING, Known, SentenceEncoder
from classifier.models import Dataset, Model, ModelVersion, TrainingEvent, TrainingJob
from tenants import jobs, letters
from tenants.errors import FULL, NotFound
from tenants.models import Letter

if TYPE_CHECKING:
    from classifier.ml.train import Trained

log = logging.getLogger(__name__)

# From a model to whether its new version is to serve, and why.
Judge = Callable[[Model], tuple[bool, str]]

WITHDRAWN = "{} was withdrawn meanwhile. Train without it, or from another."
DISK_FULL = "There is no room on the disk for the model. Train again later, or tell whoever runs this service."
TOO_LONG = "It took longer than the {:,} s that the plan allows. Use fewer rows, or ask for a larger plan."


def train(job_id: str, *, tenant: str, bounds: Bounds = DEFAULT_BOUNDS) -> None:
    """Train what the job asks for, evaluate it, keep it, and promote it as the model's policy says."""
    attempt = jobs.claim(job_id)
    if attempt is None:
        return
    job = TrainingJob.objects.select_related("dataset", "model__champion").filter(id=job_id).first()
    if job is None:  # Its model was deleted while this job was on its way.
        jobs.finish(job_id, attempt, "canceled")
        return
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
            _train(job, attempt, tenant, seconds=bounds.training_seconds)
        except (MlError, ValueError) as error:
            log.exception("%s cannot be trained", job_id)
            _fail(job, attempt, "cannot_train", str(error))
        except MemoryError:
            _fail(job, attempt, "too_large", "Training takes more memory than it may have. Use fewer rows or columns.")
        except (DatabaseError, jobs.LeaseLost):
            raise  # Another attempt has begun, or will when the lease has run out.
        except Exception as error:  # A fault of ours would come again with each attempt: say so now.
            log.exception("%s failed", job_id)
            is_full = isinstance(error, OSError) and error.errno in FULL
            _fail(job, attempt, *(("disk_full", DISK_FULL) if is_full else ("internal", OUR_FAULT.format(job_id))))


def _train(job: TrainingJob, attempt: int, tenant: str, *, seconds: float) -> None:
    started = time.monotonic()
    dataset = job.dataset
    if dataset is None:
        _fail(job, attempt, "dataset_deleted", "The data set was deleted before the training began.")
        return
    examples = datasets.examples(dataset)
    found = datasets.schema_of(dataset)
    encoder = _encoder(job, found)
    # What only a training needs is loaded by none that answers: `classifier.worker` has it before it is confined.
    from classifier.ml.train import train as fit  # noqa: PLC0415

    trained = fit(
        examples.inputs,
        examples.labels,
        np.array(examples.held_out),
        found,
        quality=job.options.get("quality", "auto"),
        seed=job.options.get("seed", 0),
        base=_base(job),
        encoder=encoder,
        known=_known(dataset, tenant, encoder),
        seconds=seconds,
        progress=_Progress(job),
    )
    if trained.read:
        vectors.keep(tenant, dataset.id, trained.read)
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
            scope_rows=trained.served.scope.rows if trained.served.scope else None,
        )
        _succeed(job, attempt, tenant, candidate, judge=partial(_judge, trained, examples, tenant))


def _base(job: TrainingJob) -> Predictor | None:
    named = job.options.get("base", "")
    try:
        return sharing.load_base(named) if versions.is_shared(named) else None
    except NotFound:
        raise ValueError(WITHDRAWN.format(named)) from None


def _encoder(job: TrainingJob, schema: Schema) -> SentenceEncoder | None:
    """Return the encoder that the training starts from, or the installation's own where there are texts.

    Without that one a training goes on with what it has; without one that was asked for by name it does not.
    """
    named = job.options.get("base", "")
    if named and not versions.is_shared(named):
        try:
            return shelf.library().get(catalogue.get(named).sha256)
        except NotFound:
            raise ValueError(WITHDRAWN.format(named)) from None
    usual = catalogue.default() if schema.kind == "text" and job.options.get("quality") != kinds.FAST else None
    try:
        return shelf.library().get(usual.sha256) if usual else None
    except (EncoderMissing, ArtefactDamaged) as error:
        log.error("%s is trained without the sentence encoder %s: %s", job.id, usual, error)
        return None


def _known(dataset: Dataset, tenant: str, encoder: SentenceEncoder | None) -> Known:
    if encoder is None:
        return NOTHING
    return vectors.load(tenant, datasets.lineage(dataset), sha256=encoder.sha256, width=encoder.width)


@contextmanager
def _saved(trained: Trained, tenant: str, model_name: str) -> Iterator[tuple[Path, str, str]]:
    """Save both artefacts for the block; what the block did not move away is removed."""
    folder = registry.new_folder(tenant, model_name)
    try:
        served = artefact.save(trained.served, folder / "served", origin=trained.origin)
        twin = artefact.save(trained.twin, folder / "twin", origin=trained.origin)
        yield folder, served, twin
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _judge(trained: Trained, examples: datasets.Examples, tenant: str, model: Model) -> tuple[bool, str]:
    """Return whether the new version is to serve, and why."""
    if model.champion is None:
        return True, "Promoted: the first version of a model serves at once."
    if model.policy != Model.Policy.AUTO:
        return False, f"Not promoted: the model's policy is `{model.policy}`, so a person decides."
    if model.champion.kind != trained.served.schema.kind:
        return False, "Not promoted: it takes another kind of input than the champion. Promote it yourself."
    forgotten = set(model.champion.labels) - set(trained.served.labels)
    if forgotten:
        # Its rows have none of these labels, so a comparison on them would not see what is lost.
        which = "a label" if len(forgotten) == 1 else f"{len(forgotten):,} labels"
        return (
            False,
            f"Not promoted: it does not know {which} that the champion knows. Promote it yourself if you mean it.",
        )
    rows, labels = _held_out(examples)
    compared = compare.compare(registry.load_twin(tenant=tenant, version=model.champion), trained.twin, rows, labels)
    word = "Promoted" if compared.not_worse else "Not promoted"
    return compared.not_worse, f"{word}: {compared.reason}"


def _held_out(examples: datasets.Examples) -> tuple[list[Mapping[str, str | None]], list[str]]:
    chosen = [index for index, out in enumerate(examples.held_out) if out]
    return [examples.inputs[index] for index in chosen], [examples.labels[index] for index in chosen]


@transaction.atomic
def _succeed(job: TrainingJob, attempt: int, tenant: str, candidate: registry.Candidate, *, judge: Judge) -> None:
    """Keep version, promotion and the job's end together, or, when the lease is lost, none of them."""
    # First, because it raises LeaseLost: no file is moved for an attempt that does not count.
    jobs.finish(job.id, attempt, "succeeded")
    # Judged by the policy and the champion of this moment, not of the moment when the training began.
    model = Model.objects.select_for_update(of=("self",)).select_related("champion__model").get(id=job.model_id)
    promotes, verdict = judge(model)
    version: ModelVersion = registry.add_version(tenant=tenant, job=job, candidate=candidate)
    silencing.inherit(version=version, before=model.champion)
    version.verdict = verdict[:300]
    version.save(update_fields=["verdict"])
    if promotes:
        registry.promote(model=model, version=version, by=job.created_by, reason=verdict[:300])
    else:
        letters.write(Letter.Kind.VERSION_WAITS, about=model.name, reason=verdict)
    job.version = version
    training.finish(job, TrainingJob.Status.SUCCEEDED, f"Version {version.number}. {verdict}")


# The job's lease comes before its row in each of these, so that none of them waits for another in a circle.


@transaction.atomic
def _fail(job: TrainingJob, attempt: int, code: str, detail: str) -> None:
    jobs.finish(job.id, attempt, "failed")
    training.finish(job, TrainingJob.Status.FAILED, detail, error={"code": code, "detail": detail})


@transaction.atomic
def _cancel_if_asked(job_id: str, attempt: int) -> bool:
    if not TrainingJob.objects.filter(id=job_id, cancel_requested=True).exists():
        return False
    jobs.finish(job_id, attempt, "canceled")
    training.finish(TrainingJob.objects.get(id=job_id), TrainingJob.Status.CANCELED, "Canceled.")
    return True


@transaction.atomic
def _begin(job: TrainingJob, attempt: int) -> None:
    job.status = TrainingJob.Status.RUNNING
    job.started_at = job.started_at or timezone.now()
    job.percent = 0
    job.stage = "reading"
    job.save(update_fields=["status", "started_at", "percent", "stage"])
    message = "Reading the rows." if attempt == 1 else f"Starting again, attempt {attempt}: the worker before was lost."
    TrainingEvent.objects.create(job=job, stage="reading", percent=0, message=message)


class _Progress:
    """Writes stage and percent into the job's row, at most once a second within a stage."""

    # What part of a training each stage takes, roughly; the sum of those before it is where it begins.
    SHARES: ClassVar = {"split": 1, "read": 21, "candidates": 41, "evaluate": 17, "refit": 20}
    MESSAGES: ClassVar = {
        "split": "Setting rows aside to test on.",
        "read": "Reading what the rows say.",
        "candidates": "Trying several models.",
        "evaluate": "Testing the best one.",
        "refit": "Learning from all rows.",
    }

    def __init__(self, job: TrainingJob) -> None:
        self.job = job
        self.said = ""
        self.started = self.written = time.monotonic()

    def __call__(self, stage: str, share: float, said: str) -> None:
        now = time.monotonic()
        said = said or self.said
        if stage == self.job.stage and said == self.said and now - self.written < 1:
            return
        names = list(self.SHARES)
        before = sum(self.SHARES[name] for name in names[: names.index(stage)])
        percent = min(99, int(before + self.SHARES[stage] * share))
        eta = int((now - self.started) * (100 - percent) / percent) if percent >= 5 else None
        if stage != self.job.stage or said != self.said:
            message = said if said != self.said else self.MESSAGES[stage]
            TrainingEvent.objects.create(job=self.job, stage=stage, percent=percent, message=message[:300])
        self.said = said
        self.job.stage, self.job.percent, self.job.eta_seconds, self.written = stage, percent, eta, now
        # Only while it runs: an attempt that comes too late must not touch an end.
        running = TrainingJob.objects.filter(id=self.job.id, status=TrainingJob.Status.RUNNING)
        running.update(stage=stage, percent=percent, eta_seconds=eta)


def _evaluated(examples: datasets.Examples, trained: Trained) -> list[tuple[int, str, str, float]]:
    found = trained.evaluation.predictions
    return [(examples.numbers[said.row], said.label, said.predicted, said.confidence) for said in found]


def _parameters(job: TrainingJob, trained: Trained) -> dict[str, Any]:
    chosen = next(candidate["name"] for candidate in trained.candidates if candidate["chosen"])
    encoder = {"encoder": f"{trained.read.name}@{trained.read.sha256[:12]}"} if trained.read else {}
    return {**job.options, **encoder, "chosen": chosen, "candidates": list(trained.candidates)}
