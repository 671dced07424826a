"""One request after the other: who may ask, for what, and what comes back."""

import asyncio
from typing import Any

import httpx2
import msgspec
import pytest
from django.utils import timezone

from classifier.gateway.answer import Answer
from classifier.models import Classification
from tenants import isolation, keys
from tenants.models import ApiKey, Job, Organisation
from tests.classifier import rows
from tests.classifier.gateway_stand_ins import Worker, aside, billing, drop_route, found, issue, set_route

pytest_plugins = ["tests.classifier.gateway_fixtures"]
pytestmark = pytest.mark.anyio

FAULT = {"pointer": "/inputs/1", "code": "text_too_long", "detail": "too long"}
TEXT = {"inputs": ["My card was charged twice", "How do I close my account?"]}


async def test_a_text_is_classified_by_the_organisations_worker(caller: httpx2.AsyncClient, worker: Worker) -> None:
    response = await caller.post("support/classify", json=TEXT | {"top_k": 2})
    assert response.status_code == 200
    assert response.headers["Content-Type"] == "application/json"
    body = response.json()
    assert body["id"].startswith("cls_")
    assert (body["object"], body["model"], body["version"]) == ("classification", "support", 3)
    assert [result["index"] for result in body["results"]] == [0, 1]
    assert body["request_id"] == response.headers["X-Request-Id"]
    assert "warnings" not in body
    seen = worker.seen[-1]
    assert {name: seen[name] for name in ("model", "version", "top_k", "explain", "inputs")} == {
        "model": "support", "version": 3, "top_k": 2, "explain": False, **TEXT
    }  # fmt: skip


async def test_the_worker_is_told_what_to_keep_and_whose_request_it_is(
    initech: Organisation, caller: httpx2.AsyncClient, worker: Worker
) -> None:
    await caller.post("support/classify", json=TEXT)
    seen = worker.seen[-1]
    assert (seen["keep_seconds"], seen["keep_inputs"]) == (24 * 3600, False)
    assert seen["api_key"].startswith("key_")


async def test_the_answer_is_of_the_documented_type(caller: httpx2.AsyncClient, worker: Worker) -> None:
    response = await caller.post("support/classify", json=TEXT)
    answer = msgspec.json.decode(response.content, type=Answer)
    assert answer.results[0].scores[0].label == "billing"


async def test_a_pinned_version_reaches_the_worker(caller: httpx2.AsyncClient, worker: Worker) -> None:
    response = await caller.post("support@2/classify", json=TEXT)
    assert response.json()["version"] == 2
    assert response.json()["model"] == "support"


async def test_a_row_of_a_table_is_classified(caller: httpx2.AsyncClient, worker: Worker) -> None:
    row = {"age": 41, "plan": "basic", "paid": True, "note": None, "share": 0.5}
    response = await caller.post("churn/classify", json={"inputs": [row]})
    assert response.status_code == 200
    assert worker.seen[-1]["inputs"] == [row]


async def test_warnings_of_the_worker_come_back(caller: httpx2.AsyncClient, worker: Worker) -> None:
    warning = {"index": 0, "code": "unknown_column", "detail": "no such column"}
    worker.answer = lambda request: billing(request) | {"warnings": [warning]}
    response = await caller.post("churn/classify", json={"inputs": [{"x": 1}]})
    assert response.json()["warnings"] == [warning]


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        ({"code": "invalid_input", "detail": "no", "errors": [FAULT]}, 422, "invalid_input"),
        ({"code": "not_found", "detail": "no such version"}, 404, "not_found"),
        ({"code": "unavailable", "detail": "the model cannot be read"}, 503, "unavailable"),
    ],
)  # fmt: skip
async def test_an_error_of_the_worker_becomes_a_problem(
    caller: httpx2.AsyncClient, worker: Worker, error: dict[str, Any], status: int, code: str
) -> None:
    worker.answer = lambda request: {"id": request["id"], "error": error}
    response = await caller.post("support/classify", json=TEXT)
    assert response.status_code == status
    assert response.headers["Content-Type"] == "application/problem+json"
    assert response.json()["code"] == code
    assert response.json().get("errors") == error.get("errors")


async def test_a_valid_request_id_is_kept(caller: httpx2.AsyncClient, worker: Worker) -> None:
    response = await caller.post("support/classify", json=TEXT, headers={"X-Request-Id": "mine-1"})
    assert response.headers["X-Request-Id"] == response.json()["request_id"] == "mine-1"


async def test_a_request_id_that_could_deceive_is_replaced(http: httpx2.AsyncClient) -> None:
    response = await http.post("support/classify", headers={"X-Request-Id": "a b"})
    assert response.headers["X-Request-Id"].startswith("req_")
    assert response.json()["request_id"] == response.headers["X-Request-Id"]


@pytest.mark.parametrize("header", ["", "Bearer", "Basic abc", "Bearer ak_live_x", "Bearer \xff"])
async def test_without_a_key_nothing_is_answered(http: httpx2.AsyncClient, header: str) -> None:
    response = await http.post("support/classify", headers={b"Authorization": header.encode("latin-1")})
    assert response.status_code == 401
    assert response.json()["code"] == "invalid_key"


async def test_a_key_without_the_scope_is_refused(http: httpx2.AsyncClient, initech: Organisation) -> None:
    key = await aside(issue, initech, "read", "train")
    response = await http.post("support/classify", headers={"Authorization": f"Bearer {key}"})
    assert (response.status_code, response.json()["code"]) == (403, "missing_scope")


async def test_a_revoked_key_is_refused_within_a_second(
    http: httpx2.AsyncClient, initech: Organisation, worker: Worker
) -> None:
    key = await aside(issue, initech, "classify")
    headers = {"Authorization": f"Bearer {key}"}
    assert (await http.post("support/classify", json=TEXT, headers=headers)).status_code == 200
    row = await aside(ApiKey.objects.get, public=key[8:20])
    await aside(keys.revoke, organisation=initech, key_id=row.id, by="alice")
    await asyncio.sleep(0.95)
    assert (await http.post("support/classify", json=TEXT, headers=headers)).status_code == 401


async def test_the_use_of_a_key_is_noted(caller: httpx2.AsyncClient, initech_key: str, worker: Worker) -> None:
    await caller.post("support/classify", json=TEXT)
    row = await aside(ApiKey.objects.get, public=initech_key[8:20])
    assert row.last_used_at is not None
    assert (timezone.now() - row.last_used_at).total_seconds() < 60


@pytest.mark.parametrize(
    "model", ["nothing", "Support", "support@0", "support@x", "assort.topics", "%00", "support@3@3"]
)
async def test_what_is_no_model_of_ones_own_is_the_same_404(caller: httpx2.AsyncClient, model: str) -> None:
    expected = (await caller.post("nobody/classify", json=TEXT)).json()
    response = await caller.post(f"{model}/classify", json=TEXT)
    assert response.status_code == 404
    assert response.json() | {"request_id": ""} == expected | {"request_id": ""}


async def test_another_organisations_model_is_not_there(
    http: httpx2.AsyncClient, globex_key: str, worker: Worker
) -> None:
    headers = {"Authorization": f"Bearer {globex_key}"}
    response = await http.post("support/classify", json=TEXT, headers=headers)
    assert (response.status_code, response.json()["code"]) == (404, "not_found")
    assert worker.seen == []


async def test_a_promotion_is_served_at_once(initech: Organisation, caller: httpx2.AsyncClient, worker: Worker) -> None:
    await aside(set_route, initech, "moving", version=1)
    assert (await caller.post("moving/classify", json=TEXT)).json()["version"] == 1
    await aside(set_route, initech, "moving", version=2)
    await asyncio.sleep(0.3)
    assert (await caller.post("moving/classify", json=TEXT)).json()["version"] == 2
    await aside(drop_route, initech, "moving")
    await asyncio.sleep(0.3)
    assert (await caller.post("moving/classify", json=TEXT)).status_code == 404


async def test_a_model_that_was_just_promoted_is_found(
    initech: Organisation, caller: httpx2.AsyncClient, worker: Worker
) -> None:
    assert (await caller.post("newborn/classify", json=TEXT)).status_code == 404
    await asyncio.sleep(0.1)
    await aside(set_route, initech, "newborn")
    assert (await caller.post("newborn/classify", json=TEXT)).status_code == 200


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH", "OPTIONS"])
async def test_other_methods_are_not_allowed(caller: httpx2.AsyncClient, method: str) -> None:
    response = await caller.request(method, "support/classify")
    assert (response.status_code, response.headers["Allow"]) == (405, "POST")
    assert response.headers["Content-Type"] == "application/problem+json"


@pytest.mark.parametrize(
    "content_type", ["", "text/plain", "application/x-www-form-urlencoded", "application/json; charset=latin-1"]
)
async def test_what_does_not_say_that_it_is_json_is_refused(caller: httpx2.AsyncClient, content_type: str) -> None:
    response = await caller.post("support/classify", content=b"{}", headers={"Content-Type": content_type})
    assert (response.status_code, response.json()["code"]) == (415, "unsupported_media_type")


async def test_json_may_name_its_charset(caller: httpx2.AsyncClient, worker: Worker) -> None:
    headers = {"Content-Type": 'Application/JSON; charset="UTF-8"'}
    body = msgspec.json.encode(TEXT)
    assert (await caller.post("support/classify", content=body, headers=headers)).status_code == 200


async def test_a_request_for_later_is_a_row_before_it_is_accepted(
    initech: Organisation, caller: httpx2.AsyncClient
) -> None:
    await aside(_train_twice, initech, "later")
    response = await caller.post("later@2/classify", json=TEXT, headers={"Prefer": "wait=5, respond-async"})
    assert response.status_code == 202
    body = response.json()
    assert response.headers["Location"] == f"/api/v1/classifications/{body['id']}"
    assert response.headers["Preference-Applied"] == "respond-async"
    assert body.keys() == {"id", "object", "status", "created_at"}
    assert (body["object"], body["status"]) == ("classification", "queued")
    assert body["created_at"].endswith("Z")
    kept = await aside(_kept, initech, body["id"])
    assert (kept.model, kept.version) == ("later", 2)
    # A worker may have answered it by now; then its inputs are gone, and there is an answer to each.
    assert kept.inputs == TEXT["inputs"] if kept.results is None else len(kept.results) == len(TEXT["inputs"])


def _train_twice(organisation: Organisation, model: str) -> None:
    with isolation.entered(organisation):
        dataset = rows.ready(organisation)
        for _ in range(2):
            rows.trained(organisation, dataset, model)


def _kept(organisation: Organisation, id: str) -> Classification:
    assert Job.objects.filter(id=id, tenant=organisation.tenant, queue="later").exists()
    with isolation.entered(organisation):
        return Classification.objects.get(id=id)


async def test_many_requests_of_two_organisations_each_get_their_own_answer(
    http: httpx2.AsyncClient, initech: Organisation, initech_key: str, worker: Worker
) -> None:
    def echo(request: dict[str, Any]) -> dict[str, Any]:
        result = {"index": 0, "label": request["inputs"][0], "confidence": 1.0, "scores": []}
        return {"id": request["id"], "version": 1, "results": [result], "warnings": []}

    async def ask(key: str, text: str) -> str:
        body, headers = {"inputs": [text]}, {"Authorization": f"Bearer {key}"}
        response = await http.post("support/classify", json=body, headers=headers)
        return str(response.json()["results"][0]["label"])

    umbrella = await aside(found, "umbrella")
    await aside(set_route, umbrella, "support")
    umbrella_key = await aside(issue, umbrella)
    worker.answer = echo
    with Worker(umbrella, echo).running():
        asked = [(key, f"{key[8:20]} {n}") for n in range(100) for key in (initech_key, umbrella_key)]
        assert await asyncio.gather(*(ask(*one) for one in asked)) == [text for _, text in asked]
