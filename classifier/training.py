"""Trainings as they are asked for: started and canceled. What happens in between is in trainer.py."""

import re
from itertools import chain, count
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.text import slugify

from classifier import datasets, kinds, sharing, versions
from classifier.encoders import catalogue
from classifier.models import Dataset, Model, TrainingEvent, TrainingJob
from classifier.queues import TRAIN
from tenants import appointments, isolation, jobs, letters
from tenants.errors import Conflict, InvalidInput, NotFound, QuotaExceeded
from tenants.models import Letter, Organisation

KIND = kinds.TRAINING
MODEL_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")
# What a training without a person takes over from the one before. A seed was for that one.
KEPT_OPTIONS = ("quality", "base")


def get(job_id: str) -> TrainingJob:
    found = TrainingJob.objects.select_related("model", "dataset", "version").filter(id=job_id).first()
    if found is None:
        raise NotFound
    return found


def suggested_name(dataset: Dataset) -> str:
    """Return the model that these rows, or another version of them, were last trained for; else one of a new name.

    The new name is the data set's, with a number where another model has it: that one learnt from other rows.
    """
    versions = datasets.versions_of(dataset)
    last = TrainingJob.objects.filter(dataset__in=versions).select_related("model").order_by("-created_at").first()
    if last:
        return last.model.name
    wanted = slugify(dataset.name)[:58] or "model"
    taken = set(Model.objects.filter(name__startswith=wanted).values_list("name", flat=True))
    numbered = (f"{wanted}-{number}" for number in count(2))
    return next(name for name in chain([wanted], numbered) if name not in taken)


@transaction.atomic
def start(
    *, organisation: Organisation, dataset: Dataset, model_name: str, by: str, options: dict[str, Any] | None = None
) -> TrainingJob:
    """Have a model trained on the data set; the model is made at its first training.

    `options["base"]` is a shared text model or a sentence encoder to start from. Raises InvalidInput for a name that
    cannot be or a base that does not fit, DatasetNotReady, and QuotaExceeded at the plan's number of models.
    """
    datasets.check_ready(datasets.locked(dataset.id))
    options = dict(options or {})
    if options.get("base"):
        options["base"] = _base(options["base"], dataset, options.get("quality", ""))
    return _submit(dataset, _model(organisation, model_name, by), options, by)


@transaction.atomic
def again(*, model: Model, dataset: Dataset, by: str) -> TrainingJob:
    """Have a model that exists trained as it was the last time, on this data set. Raises DatasetNotReady.

    Where it began from a shared model that was withdrawn meanwhile, the training says so and fails.
    """
    datasets.check_ready(datasets.locked(dataset.id))
    last = model.training_jobs.exclude(version=None).order_by("-created_at").first()
    before = last.options if last else {}
    return _submit(dataset, model, {name: before[name] for name in KEPT_OPTIONS if name in before}, by)


@transaction.atomic
def repeat(*, model: Model, by: str) -> TrainingJob:
    """Have a model trained again, on the newest version of the data set that its newest version learnt from.

    Raises Conflict where that data set is deleted, or where a training of the model runs already.
    """
    last = model.versions.select_related("dataset").order_by("-number").first()
    if last is None or last.dataset is None:
        raise Conflict("The rows that this model learnt from are deleted. Choose a data set to train it on.")
    if model.is_in_training:
        raise Conflict("A training of this model runs. Wait for its end, or cancel it.")
    newest = datasets.versions_of(last.dataset).filter(status=Dataset.Status.READY).latest("created_at")
    return again(model=model, dataset=newest, by=by)


def _submit(dataset: Dataset, model: Model, options: dict[str, Any], by: str) -> TrainingJob:
    """Hand in a training on a data set that is locked: none that is being deleted gets one, nor the other way round."""
    job = TrainingJob.objects.create(dataset=dataset, model=model, options=options, created_by=by)
    TrainingEvent.objects.create(job=job, stage="queued", percent=0, message="Waiting for a worker.")
    jobs.submit(job.id, kind=KIND, queue=TRAIN, subject=model.name)
    return job


@transaction.atomic
def cancel(*, job: TrainingJob) -> TrainingJob:
    """Stop the training: at once when nobody runs it, else within seconds. Asking again changes nothing."""
    job = TrainingJob.objects.select_for_update().get(id=job.id)
    if job.is_finished:
        return job
    if jobs.cancel(job.id):
        finish(job, TrainingJob.Status.CANCELED, "Canceled before it began.")
    else:
        job.cancel_requested = True
        job.save(update_fields=["cancel_requested"])
    return job


def finish(job: TrainingJob, status: TrainingJob.Status, message: str, *, error: dict[str, str] | None = None) -> None:
    """Write the end of a training. Whoever calls this holds its row, or the lease."""
    job.status = status
    job.stage = str(status)
    job.error = error
    job.eta_seconds = None
    job.percent = 100 if status == TrainingJob.Status.SUCCEEDED else job.percent
    job.finished_at = timezone.now()
    job.save(update_fields=["status", "stage", "error", "eta_seconds", "percent", "finished_at", "version"])
    TrainingEvent.objects.create(job=job, stage=job.stage, percent=job.percent, message=message[:300])
    if status == TrainingJob.Status.FAILED:
        letters.write(Letter.Kind.TRAINING_FAILED, about=job.model.name, reason=message)
    # Rows that came meanwhile had to wait for this end.
    for follower in Model.objects.filter(id=job.model_id).exclude(follow=Model.Follow.OFF):
        appointments.make(follower.name, at=timezone.now())


def _base(named: str, dataset: Dataset, quality: str) -> str:
    """Return the base; a model with the number of its version, so that it is known for ever what one started from.

    An encoder's hash stands in the model that was trained with it.
    """
    if datasets.schema_of(dataset).kind != "text":
        raise _base_refused("Only a text model can start from another, or from a sentence encoder.")
    try:
        return _shared(named) if versions.is_shared(named) else _encoder(named, quality)
    except NotFound:
        names = ", ".join(encoder.name for encoder in catalogue.find_all())
        known = f"the sentence encoders are {names}" if names else "there are no sentence encoders"
        raise _base_refused(
            f"There is no shared model or sentence encoder {named!r}. See the list of models; {known}."
        ) from None


def _shared(named: str) -> str:
    name, _, number = named.partition("@")
    version = sharing.get_version(name, int(number)) if number.isdecimal() else sharing.get(name)
    if version.kind != "text":
        raise _base_refused("Only a text model can be started from.")
    return str(version)


def _encoder(named: str, quality: str) -> str:
    if quality == kinds.FAST:
        raise _base_refused("With the quality `fast` no sentence encoder is used. Ask for `auto` or `best`.")
    return catalogue.get(named).name


def _base_refused(detail: str) -> InvalidInput:
    return InvalidInput.field("options/base", detail)


def _model(organisation: Organisation, name: str, by: str) -> Model:
    if not MODEL_NAME.fullmatch(name):
        detail = "A model's name has 1 to 63 of a-z, 0-9, _ and -, and begins with a letter or a digit."
        raise InvalidInput.field("model", detail)
    found = Model.objects.filter(name=name).first()
    if found is not None:
        return found
    isolation.lock("models")
    limit = organisation.plan.model_count
    if limit is not None and Model.objects.count() >= limit:
        detail = f"The plan {organisation.plan} holds {limit} models. Delete one, or ask for a larger plan."
        raise QuotaExceeded(detail, retry_after=3600)
    model, _ = Model.objects.get_or_create(name=name, defaults={"created_by": by})
    return model
