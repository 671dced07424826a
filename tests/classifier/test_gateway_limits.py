"""What a plan allows, and what is counted."""

import asyncio
import re
import time
from datetime import timedelta
from typing import Any

import httpx2
import pytest
import redis
from django.utils import timezone

from classifier import later
from classifier.gateway.application import Gateway
from saas import api_errors
from tenants import broker, isolation, keys, rates, usage
from tenants.leases import HOLD_SECONDS, SPARE_SECONDS
from tenants.models import ApiKey, Letter, Organisation, Plan
from tenants.permissions import Scope
from tenants.records.models import Usage
from tests.classifier.gateway_stand_ins import Worker, aside, found, issue

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
    assert re.fullmatch(r'"minute";r=4;t=(60|61)', response.headers["RateLimit"])


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
    assert 55 <= int(refused.headers["Retry-After"]) <= 61
    assert refused.headers["RateLimit"].startswith('"minute";r=0;t=')


async def test_callers_that_wait_count_in_the_same_minute(http: httpx2.AsyncClient, metered: Organisation) -> None:
    key = await sign_in(http, metered)
    with broker.connect() as waiting:
        allowances = [rates.count(waiting, key) for _ in range(5)]
    assert [allowance.left for allowance in allowances if allowance] == [[4], [3], [2], [1], [0]]
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


async def test_what_fails_late_takes_nothing_of_the_month(http: httpx2.AsyncClient, metered: Organisation) -> None:
    def fail(request: dict[str, Any]) -> dict[str, Any]:
        time.sleep(1.5 * HOLD_SECONDS)
        return {"id": request["id"], "error": {"code": "not_found", "detail": "no such version"}}

    await sign_in(http, metered)
    with Worker(metered, fail).running():
        assert (await http.post("support/classify", json=texts(10))).status_code == 404
    with Worker(metered).running():
        assert (await http.post("support/classify", json=texts(10))).status_code == 200


async def test_a_key_that_is_looked_up_anew_misses_nothing_of_what_was_given_back(
    gateway: Gateway, http: httpx2.AsyncClient, metered: Organisation
) -> None:
    await sign_in(http, metered)
    error = {"code": "not_found", "detail": "no such version"}
    with Worker(metered, lambda request: {"id": request["id"], "error": error}).running():
        assert (await http.post("support/classify", json=texts(10))).status_code == 404
    gateway.callers.hear(metered.tenant)
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


async def test_a_key_that_is_known_ends_at_its_time(http: httpx2.AsyncClient, initech: Organisation) -> None:
    ends = timezone.now() + timedelta(seconds=0.5)
    _, key = await aside(
        keys.issue, organisation=initech, name="short", scopes=Scope.values, by="test", expires_at=ends
    )
    http.headers["Authorization"] = f"Bearer {key}"
    assert (await http.post("nothing/classify", json=texts(1))).status_code == 404
    await asyncio.sleep(0.6)
    refused = await http.post("nothing/classify", json=texts(1))
    assert (refused.status_code, refused.json()["detail"]) == (401, keys.OVER)


async def test_a_cap_of_a_key_is_its_own(http: httpx2.AsyncClient, initech: Organisation) -> None:
    key = await sign_in(http, initech)
    await aside(keys.cap, organisation=initech, key_id=key.id, rows=4, by="test")
    with Worker(initech).running():
        answers = [await http.post("support/classify", json=texts(rows)) for rows in (3, 2, 1)]
        await sign_in(http, initech)
        free = await http.post("support/classify", json=texts(9))
    assert [answer.status_code for answer in [*answers, free]] == [200, 429, 200, 200]
    assert "The cap of the key test is 4 rows" in answers[1].json()["detail"]


async def test_the_flood_of_one_organisation_is_refused_and_a_stranger_is_not(
    http: httpx2.AsyncClient, metered: Organisation, initech: Organisation, initech_key: str
) -> None:
    await sign_in(http, metered)
    stranger = {"Authorization": f"Bearer {initech_key}"}
    with Worker(initech).running():
        flood = asyncio.gather(*(http.post("nothing/classify", json=texts(1)) for _ in range(200)))
        served = [await http.post("support/classify", json=texts(1), headers=stranger) for _ in range(20)]
    assert [answer.status_code for answer in served] == [200] * 20
    assert sum(answer.status_code == 429 for answer in await flood) == 195


async def test_what_is_held_and_not_used_is_given_back(http: httpx2.AsyncClient, committed: None) -> None:
    await aside(Plan.objects.get_or_create, name="leased", requests_per_minute=2_000)
    key = await sign_in(http, await aside(found, "leased", plan="leased"))
    for _ in range(12):
        await http.post("nothing/classify", json=texts(1))
    with broker.connect() as asked:
        allowance = await held_no_more(asked, key)
    assert allowance.left == [2_000 - 13]


async def held_no_more(client: redis.Redis, key: ApiKey) -> rates.Allowance:
    """Count one request more, once the time of the last lease and of what was to spare is over."""
    await asyncio.sleep(SPARE_SECONDS + 2 * HOLD_SECONDS)
    allowance = rates.count(client, key)
    assert allowance is not None
    return allowance


async def test_a_higher_limit_holds_at_once(http: httpx2.AsyncClient, metered: Organisation) -> None:
    await sign_in(http, metered)
    for _ in range(6):
        refused = await http.post("nothing/classify", json=texts(1))
    await aside(Organisation.objects.filter(pk=metered.pk).update, plan="unmetered")
    deadline = time.monotonic() + 5
    while (answer := await http.post("nothing/classify", json=texts(1))).status_code == 429:
        assert time.monotonic() < deadline
        await asyncio.sleep(0.1)
    assert (refused.status_code, answer.status_code) == (429, 404)


async def test_admins_hear_that_the_rows_are_used_up(http: httpx2.AsyncClient, metered: Organisation) -> None:
    await sign_in(http, metered)
    with Worker(metered).running():
        await http.post("support/classify", json=texts(5))
        # Whoever hears that all is used is not told of the half any more.
        await until_there_are(1, metered)
        for rows in (5, 1):
            await http.post("support/classify", json=texts(rows))
    letters = await until_there_are(2, metered)
    assert letters == [("half_used", "plan"), ("all_used", "plan")]


async def until_there_are(count: int, organisation: Organisation) -> list[tuple[str, str]]:
    deadline = time.monotonic() + 10
    while len(letters := await aside(letters_of, organisation)) < count:
        assert time.monotonic() < deadline
        await asyncio.sleep(0.1)
    return letters


def letters_of(organisation: Organisation) -> list[tuple[str, str]]:
    return list(Letter.objects.filter(tenant=organisation.tenant).order_by("id").values_list("kind", "about"))


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
    gateway = Gateway(problem=api_errors.problem, accept=later.accept_all)
    await gateway.start()
    usage.note(organisation=metered, api_key="key_x", model="support", rows=7)
    await gateway.stop()
    assert [line[3:] for line in await aside(lines_of, metered)] == [(1, 7, 0)]


async def test_usage_of_an_organisation_that_is_gone_holds_up_nobody_elses(metered: Organisation) -> None:
    gone = Organisation(tenant="0" * 16)
    for organisation in (gone, metered):
        usage.note(organisation=organisation, api_key="", model="support", rows=1)
    assert await aside(used, metered) == {"requests": 1, "rows": 1, "errors": 0}
