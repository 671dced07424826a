"""Fixtures for the tests of the gateway, which name this module as their plugin."""

from collections.abc import AsyncIterator, Iterator
from typing import Any

import httpx2
import pytest
from django.db import connections

from classifier import later, queues
from classifier.gateway.application import Gateway
from saas import api_errors
from tenants.models import Organisation, Plan
from tests.classifier.gateway_stand_ins import QUEUE, Worker, found, issue, set_route
from tests.service import Service


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="session")
def initech(service: Service, django_db_blocker: Any) -> Iterator[Organisation]:
    """An organisation with a text and a table model of four labels each, whose rows other threads can see."""
    with django_db_blocker.unblock():
        organisation = found("initech")
        set_route(organisation, "support")
        set_route(organisation, "churn", kind="table")
        yield organisation
        connections.close_all()


@pytest.fixture(scope="session")
def initech_key(initech: Organisation) -> str:
    return issue(initech)


@pytest.fixture
def metered(committed: None) -> Organisation:
    """An organisation that may make 5 requests a minute and classify 10 rows a month."""
    Plan.objects.get_or_create(name="tiny", requests_per_minute=5, rows_per_month=10)
    organisation = found("metered", plan="tiny")
    set_route(organisation, "support")
    return organisation


@pytest.fixture
def aside_of_the_fleet(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let requests go where the running fleet does not look, so that a stand-in can answer them."""
    monkeypatch.setattr(queues, "INFER", QUEUE)


@pytest.fixture
def worker(initech: Organisation) -> Iterator[Worker]:
    with Worker(initech).running() as worker:
        yield worker


@pytest.fixture
async def gateway(committed: None, aside_of_the_fleet: None, anyio_backend: str) -> AsyncIterator[Gateway]:
    gateway = Gateway(problem=api_errors.problem, accept=later.accept_all)
    await gateway.start()
    yield gateway
    await gateway.stop()


@pytest.fixture
async def http(gateway: Gateway) -> AsyncIterator[httpx2.AsyncClient]:
    """A caller without a key."""
    transport = httpx2.ASGITransport(app=gateway)
    async with httpx2.AsyncClient(transport=transport, base_url="http://gateway/api/v1/models/") as http:
        yield http


@pytest.fixture
async def caller(http: httpx2.AsyncClient, initech_key: str) -> httpx2.AsyncClient:
    """A caller with Initech's key."""
    http.headers["Authorization"] = f"Bearer {initech_key}"
    return http
