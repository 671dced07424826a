"""What a plan allows, and what is counted."""

import asyncio
import re

import httpx2
import pytest
from django.utils import timezone

from classifier import inference
from classifier.gateway import Gateway
from saas import api_errors
from tenants import broker, isolation, quotas, usage
from tenants.models import ApiKey, Organisation
from tenants.records.models import Usage
from tests.classifier.gateway_stand_ins import Worker, aside, issue

pytest_plugins = ["tests.classifier.gateway_fixtures"]
pytestmark = pytest.mark.anyio


def texts(count: int) -> dict[str, list[str]]:
    return {"inputs": ["a text"] * count}


async def sign_in(http: httpx2.AsyncClient, organisation: Organisation) -> ApiKey:
    key = await aside(issue, organisation)
    http.headers["Authorization"] = f"Bearer {key}"
    return await aside(ApiKey.objects.select_related("organisation__plan").get, public=key[8:20])


def used(organisation: Organisation) -> dict[str, int]:
    usage.flush()
    with isolation.entered(organisation):
        return usage.this_month(timezone.now().date())


async def test_the_headers_tell_what_is_left_of_the_minute(http: httpx2.AsyncClient, metered: Organisation) -> None:
    await sign_in(http, metered)
    with Worker(metered).running():
        response = await http.post("support/classify", json=texts(1))
    assert response.headers["RateLimit-Policy"] == '"minute";q=5;w=60'
    assert re.fullmatch(r'"minute";r=4;t=([1-9]|[1-5]\d|60)', response.headers["RateLimit"])


async def test_a_plan_without_limits_has_no_such_headers(caller: httpx2.AsyncClient, worker: Worker) -> None:
    response = await caller.post("support/classify", json=texts(1))
    assert "RateLimit" not in response.headers


async def test_of_many_requests_at_once_exactly_the_plans_number_passes(
    http: httpx2.AsyncClient, metered: Organisation
) -> None:
    await sign_in(http, metered)
    responses = await asyncio.gather(*(http.post("nothing/classify", json=texts(1)) for _ in range(40)))
    assert sorted(response.status_code for response in responses) == [404] * 5 + [429] * 35
    refused = next(response for response in responses if response.status_code == 429)
    assert refused.json()["code"] == "rate_limited"
    assert 1 <= int(refused.headers["Retry-After"]) <= 60
    assert refused.headers["RateLimit"].startswith('"minute";r=0;t=')


async def test_callers_that_wait_count_in_the_same_minute(http: httpx2.AsyncClient, metered: Organisation) -> None:
    key = await sign_in(http, metered)
    with broker.connect() as waiting:
        allowances = [quotas.count_request(waiting, key) for _ in range(5)]
    assert [allowance.remaining for allowance in allowances if allowance] == [4, 3, 2, 1, 0]
    assert (await http.post("support/classify", json=texts(1))).status_code == 429


async def test_the_rows_of_a_month_are_not_exceeded(http: httpx2.AsyncClient, metered: Organisation) -> None:
    await sign_in(http, metered)
    with Worker(metered).running():
        answers = [await http.post("support/classify", json=texts(rows)) for rows in (6, 5, 4, 1)]
    assert [answer.status_code for answer in answers] == [200, 429, 200, 429]
    assert answers[1].json()["code"] == "quota_exceeded"
    assert 0 < int(answers[1].headers["Retry-After"]) <= 31 * 24 * 3600


async def test_what_fails_takes_nothing_of_the_month(http: httpx2.AsyncClient, metered: Organisation) -> None:
    await sign_in(http, metered)
    error = {"code": "not_found", "detail": "no such version"}
    with Worker(metered, lambda request: {"id": request["id"], "error": error}).running():
        assert (await http.post("support/classify", json=texts(10))).status_code == 404
    with Worker(metered).running():
        assert (await http.post("support/classify", json=texts(10))).status_code == 200


async def test_a_broker_that_lost_its_counters_learns_from_the_records(
    http: httpx2.AsyncClient, metered: Organisation
) -> None:
    await sign_in(http, metered)
    with Worker(metered).running():
        assert (await http.post("support/classify", json=texts(8))).status_code == 200
        await aside(usage.flush)
        with broker.connect() as counters:
            counters.delete(f"web:rows:{metered.tenant}:{timezone.now():%Y-%m}")
        assert (await http.post("support/classify", json=texts(3))).status_code == 429
        assert (await http.post("support/classify", json=texts(2))).status_code == 200


async def test_answers_and_errors_are_counted_by_day_key_and_model(
    http: httpx2.AsyncClient, metered: Organisation
) -> None:
    key = await sign_in(http, metered)
    with Worker(metered).running():
        for rows in (2, 3):
            await http.post("support/classify", json=texts(rows))
        await http.post("support/classify", json={"inputs": [5]})
        await http.post("nothing/classify", json=texts(1))
    assert await aside(used, metered) == {"requests": 2, "rows": 5, "errors": 2}
    lines = await aside(lines_of, metered)
    day = timezone.now().date()
    assert lines == [(day, key.id, "", 0, 0, 1), (day, key.id, "support", 2, 5, 1)]


def lines_of(organisation: Organisation) -> list[tuple[object, ...]]:
    with isolation.entered(organisation):
        lines = Usage.objects.order_by("model")
        return list(lines.values_list("day", "api_key", "model", "requests", "rows", "errors"))


async def test_usage_is_written_when_the_gateway_ends(metered: Organisation) -> None:
    gateway = Gateway(problem=api_errors.problem, accept=inference.accept)
    await gateway.start()
    usage.note(organisation=metered, api_key="key_x", model="support", rows=7)
    await gateway.stop()
    assert [line[3:] for line in await aside(lines_of, metered)] == [(1, 7, 0)]


async def test_usage_of_an_organisation_that_is_gone_holds_up_nobody_elses(metered: Organisation) -> None:
    gone = Organisation(tenant="0" * 16)
    for organisation in (gone, metered):
        usage.note(organisation=organisation, api_key="", model="support", rows=1)
    assert await aside(used, metered) == {"requests": 1, "rows": 1, "errors": 0}
