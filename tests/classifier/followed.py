"""Models that follow a data set, for the tests."""

from typing import Any

from classifier import following, registry
from classifier.models import Dataset, Model, TrainingJob
from tenants.models import Appointment, Letter, Organisation
from tests.classifier import rows

MORE = "my card was charged again and I want the price back,billing"


def support() -> Model:
    return registry.get("support")


def follow(word: str = "automatic", **rule: Any) -> None:
    following.set_rule(model=support(), by="alice", follow=word, **rule)


def grow(organisation: Organisation, dataset: Dataset | None, count: int = 1) -> Dataset:
    """Return a version of the data set with so many rows more."""
    assert dataset is not None
    return rows.grown(organisation, dataset, *[MORE] * count)


def started() -> list[tuple[str | None, str]]:
    """Return what was started by following, in order: data set and status."""
    found = TrainingJob.objects.filter(created_by=following.BY).order_by("created_at")
    return list(found.values_list("dataset", "status"))


def appointments_of(organisation: Organisation) -> list[str]:
    return list(Appointment.objects.filter(tenant=organisation.tenant).values_list("subject", flat=True))


def letters_to(organisation: Organisation) -> list[str]:
    return list(Letter.objects.filter(tenant=organisation.tenant).order_by("id").values_list("kind", flat=True))
