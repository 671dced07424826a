"""Fixtures for the tests of the gateway, which name this module as their plugin."""

from collections.abc import AsyncIterator, Iterator
from typing import Any

import httpx2
import pytest
from django.db import connections

from classifier import inference
from classifier.gateway import Gateway
from saas import api_errors
from tenants.models import Organisation, Plan
from tests.classifier.gateway_stand_ins import Worker, found, issue, set_route


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="session")
def database(django_db_blocker: Any) -> Iterator[None]:
    with django_db_blocker.unblock():
        yield
        connections.close_all()


@pytest.fixture(scope="session")
def acme(database: None) -> Organisation:
    organisation = found("acme")
    set_route(organisation, "support")
    set_route(organisation, "churn", kind="table")
    return organisation


@pytest.fixture(scope="session")
def acme_key(acme: Organisation) -> str:
    return issue(acme)


@pytest.fixture(scope="session")
def globex_key(database: None) -> str:
    return issue(found("globex"))


@pytest.fixture
def metered(database: None) -> Organisation:
    """An organisation that may make 5 requests a minute and classify 10 rows a month."""
    Plan.objects.get_or_create(name="tiny", requests_per_minute=5, rows_per_month=10)
    organisation = found("metered", plan="tiny")
    set_route(organisation, "support")
    return organisation


@pytest.fixture
def worker(acme: Organisation) -> Iterator[Worker]:
    with Worker(acme).running() as worker:
        yield worker


@pytest.fixture
async def gateway(database: None, anyio_backend: str) -> AsyncIterator[Gateway]:
    gateway = Gateway(problem=api_errors.problem, accept=inference.accept)
    await gateway.start()
    yield gateway
    await gateway.stop()


@pytest.fixture
async def client(gateway: Gateway) -> AsyncIterator[httpx2.AsyncClient]:
    transport = httpx2.ASGITransport(app=gateway)
    async with httpx2.AsyncClient(transport=transport, base_url="http://gateway/api/v1/models/") as client:
        yield client


@pytest.fixture
async def acme_client(client: httpx2.AsyncClient, acme_key: str) -> httpx2.AsyncClient:
    client.headers["Authorization"] = f"Bearer {acme_key}"
    return client
