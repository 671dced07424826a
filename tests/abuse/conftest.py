from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, settings

from classifier import later
from tenants import isolation, keys
from tenants.models import Organisation
from tests import universe
from tests.classifier import rows
from tests.service import Service

Recorder = Callable[[str, object], None]

REFUSED_SECONDS = 2.0

# Real processes answer, which take their time; and what was found once is found by its seed again.
QUIET = settings(deadline=None, database=None, suppress_health_check=list(HealthCheck), print_blob=False)


@dataclass(frozen=True)
class Ours:
    """An organisation without limits that has one of everything, a key of it, and the names of what it has."""

    url: str
    organisation: Organisation
    key: str
    names: dict[str, Any]

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.key}"}


@pytest.fixture(scope="module")
def ours(service: Service, django_db_setup: None, django_db_blocker: Any) -> Iterator[Ours]:
    with django_db_blocker.unblock():
        organisation, key = universe.organisation("Ours", universe.person("olga"))
        # Within one transaction, so that no worker takes over what is done here.
        with transaction.atomic(), isolation.entered(organisation):
            version = rows.trained(organisation, model="letters")
            kept = later.accept(
                later.Later(model="letters", version=1, inputs=["a"], top_k=1, explain=False, api_key="key_of_nobody")
            )
        row, _ = keys.issue(organisation=organisation, name="spare", scopes=["read"], by="olga")
        names = {
            "dataset_id": version.dataset_id,
            "job_id": version.training_job.id,
            "classification_id": kept.id,
            "key_id": row.id,
            "model": "letters",
            "number": 1,
        }
        yield Ours(service.url, organisation, key, names)
