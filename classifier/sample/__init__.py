"""The sample data set, `support.csv`, and the shared model that an installation has of it from its first start.

400 messages to a support desk, 50 of each of 8 labels, written for this project.
"""

import time
from typing import TypeVar

from classifier import datasets, sharing, training
from classifier.models import Dataset, Model, TrainingJob
from classifier.models.training_job import FINISHED
from tenants import accounts, ids, isolation
from tenants.errors import Unavailable
from tenants.models import Organisation, SharedModel, User

NAME = "support"
SLUG = "assort-models"
OWNER = "operator@localhost"
PATIENCE_SECONDS = 120

Row = TypeVar("Row", Dataset, TrainingJob)


def publish() -> SharedModel | None:
    """Have `assort.support` trained by a worker of the operator's organisation, and publish it.

    Goes on where an earlier run was ended. Returns None where it was published before, withdrawn or not, and raises
    Unavailable when no worker does it in time.
    """
    if SharedModel.objects.filter(name=NAME).exists():
        return None
    organisation = _operators()
    with isolation.entered(organisation):
        version = _trained(organisation)
    return sharing.publish(organisation=organisation, model=NAME, version=version, name=NAME, by=OWNER)


def _operators() -> Organisation:
    """Return the operator's organisation; nobody signs in to it, since its owner's password is known to nobody."""
    owner = User.objects.filter(email=OWNER).first() or accounts.register(email=OWNER, password=ids.random_text(40))
    active = Organisation.objects.select_related("plan").filter(status=Organisation.Status.ACTIVE)
    found: Organisation | None = active.filter(slug=SLUG, memberships__user=owner).first()
    return found or accounts.found(name="Assort models", slug=SLUG, owner=owner, plan="unmetered")


def _trained(organisation: Organisation) -> int:
    """Return the number of the version that was trained on the sample."""
    model = Model.objects.select_related("champion").filter(name=NAME).first()
    if model is not None and model.champion is not None:
        return model.champion.number
    usable = Dataset.objects.exclude(status=Dataset.Status.REJECTED)
    dataset = usable.first() or datasets.create_sample(organisation=organisation, by=OWNER)
    _wait(dataset, until={Dataset.Status.READY, Dataset.Status.REJECTED})
    under_way = TrainingJob.objects.exclude(status__in=FINISHED).first()
    job = under_way or training.start(organisation=organisation, dataset=dataset, model_name=NAME, by=OWNER)
    _wait(job, until=set(FINISHED))
    if job.version is None:
        raise Unavailable(f"{job.id}, the training on the sample, {job.status}; see {SLUG}.", retry_after=60)
    return job.version.number


def _wait(row: Row, *, until: set[str]) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while row.status not in until:
        if time.monotonic() > deadline:
            raise Unavailable(f"No worker has ended {row.pk} in time; see the fleet's log.", retry_after=60)
        time.sleep(0.05)
        row.refresh_from_db()
