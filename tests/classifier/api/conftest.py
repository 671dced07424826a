from collections.abc import Callable

import pytest
from rest_framework.test import APIClient

from classifier.models import Dataset, ModelVersion
from tenants import isolation, keys
from tenants.models import Organisation, Plan
from tests.classifier import rows
from tests.conftest import api_client


@pytest.fixture
def ready(acme: Organisation) -> Dataset:
    """A data set of Acme that its worker has read."""
    with isolation.entered(acme):
        return rows.ready(acme)


@pytest.fixture
def version(acme: Organisation, ready: Dataset) -> ModelVersion:
    """The first version of Acme's model `support`, trained on `ready`."""
    with isolation.entered(acme):
        return rows.trained(acme, ready)


@pytest.fixture
def key_with(acme: Organisation) -> Callable[..., APIClient]:
    """Return the API with a key of Acme that has these scopes."""

    def issue(*scopes: str) -> APIClient:
        return api_client(keys.issue(organisation=acme, name="narrow", scopes=scopes, by="alice")[1])

    return issue


@pytest.fixture
def small_plan(acme: Organisation) -> Plan:
    """Acme's plan, which takes files of 200 bytes here."""
    Plan.objects.filter(pk=acme.plan_id).update(dataset_bytes=200)
    return Plan.objects.get(pk=acme.plan_id)
