"""What every call of the API has in common, tried on a few of them."""

from typing import Any

import pytest
from rest_framework.test import APIClient

from tenants.models import Organisation, Plan
from tests.conftest import api_client


def create_key(api: APIClient, name: str = "ci", **headers: str) -> Any:
    return api.post("/api/v1/api_keys", {"name": name, "scopes": ["read"]}, format="json", headers=headers)


@pytest.fixture
def reader(acme: Organisation, api: APIClient) -> APIClient:
    """The API with a key of Acme that may only read."""
    return api_client(create_key(api).json()["key"])


def test_me_names_key_organisation_plan_and_limits(api: APIClient, acme: Organisation) -> None:
    me = api.get("/api/v1/me").json()
    assert me["object"] == "me"
    assert me["organisation"]["id"] == f"org_{acme.tenant}"
    assert me["organisation"]["plan"] == "unmetered"
    assert me["organisation"]["limits"]["dataset_bytes"] == 200 * 1024 * 1024
    assert set(me["key"]["scopes"]) == {"admin", "classify", "read", "train"}


@pytest.mark.parametrize("header", [None, "Bearer", "Bearer nonsense", "Basic YTpi", "Bearer ak_live_x_y"])
def test_without_a_valid_key_the_answer_is_401_and_says_how(db: None, header: str | None) -> None:
    response = APIClient().get("/api/v1/me", headers={"Authorization": header} if header else {})
    assert response.status_code == 401
    assert response["Content-Type"] == "application/problem+json"
    assert response["WWW-Authenticate"].startswith("Bearer")
    assert response.json()["code"] == "invalid_key"


def test_a_missing_scope_is_named(reader: APIClient) -> None:
    response = create_key(reader)
    assert (response.status_code, response.json()["code"]) == (403, "missing_scope")
    assert "`admin`" in response.json()["detail"]


def test_every_answer_has_a_request_id(api: APIClient) -> None:
    assert api.get("/api/v1/me")["X-Request-Id"].startswith("req_")


def test_a_valid_request_id_is_kept_and_stands_in_the_problem(api: APIClient) -> None:
    response = api.get("/api/v1/models/none", headers={"X-Request-Id": "mine-1"})
    assert response["X-Request-Id"] == "mine-1"
    assert response.json()["request_id"] == "mine-1"


def test_an_invalid_request_id_is_replaced(api: APIClient) -> None:
    assert api.get("/api/v1/me", headers={"X-Request-Id": "a b\tc"})["X-Request-Id"].startswith("req_")


def test_a_problem_document_has_the_members_of_rfc_9457(api: APIClient) -> None:
    body = api.get("/api/v1/datasets/ds_none").json()
    assert {"type", "title", "status", "detail", "code", "request_id"} <= body.keys()
    assert body["status"] == 404


def test_an_address_that_leads_nowhere_is_a_problem_document(api: APIClient) -> None:
    response = api.get("/api/v1/nowhere")
    assert (response.status_code, response.json()["code"]) == (404, "not_found")


def test_a_wrong_method_is_405(api: APIClient) -> None:
    assert api.delete("/api/v1/me").status_code == 405


def test_a_body_that_is_no_json_is_400(api: APIClient) -> None:
    response = api.post("/api/v1/training_jobs", "{", content_type="application/json")
    assert (response.status_code, response.json()["code"]) == (400, "malformed")


def test_another_content_type_is_415(api: APIClient) -> None:
    response = api.post("/api/v1/training_jobs", "x", content_type="text/plain")
    assert (response.status_code, response.json()["code"]) == (415, "unsupported_media_type")


def test_each_wrong_field_is_pointed_at(api: APIClient) -> None:
    response = api.post("/api/v1/api_keys", {"scopes": ["read", "fly"]}, format="json")
    assert response.status_code == 422
    assert [error["pointer"] for error in response.json()["errors"]] == ["/scopes/1"]


@pytest.mark.parametrize("query", ["limit=0", "limit=101", "limit=x", "limit=²", "after=key_none", "after=%00"])
def test_a_wrong_page_is_422(api: APIClient, query: str) -> None:
    assert api.get(f"/api/v1/api_keys?{query}").status_code == 422


def test_a_list_goes_on_after_its_cursor(api: APIClient) -> None:
    for name in ("one", "two", "three"):
        create_key(api, name)
    first = api.get("/api/v1/api_keys?limit=2").json()
    assert first["has_more"]
    rest = api.get(f"/api/v1/api_keys?limit=100&after={first['next_cursor']}").json()
    names = [key["name"] for key in first["data"] + rest["data"]]
    assert names[:3] == ["three", "two", "one"]
    assert len(names) == len({key["id"] for key in first["data"] + rest["data"]})


def test_a_list_ends_without_a_cursor(api: APIClient) -> None:
    last = api.get("/api/v1/api_keys?limit=100").json()
    assert (last["object"], last["has_more"], last["next_cursor"]) == ("list", False, None)


def test_a_plan_with_a_limit_tells_what_is_left(acme: Organisation, api: APIClient) -> None:
    Plan.objects.filter(pk=acme.plan_id).update(requests_per_minute=1000)
    response = api_client(create_key(api).json()["key"]).get("/api/v1/me")
    assert response["RateLimit-Policy"] == '"minute";q=1000;w=60'
    assert response["RateLimit"].startswith('"minute";r=999;t=')


def test_beyond_the_limit_the_answer_is_429_and_says_when(acme: Organisation, api: APIClient) -> None:
    limited = api_client(create_key(api).json()["key"])
    Plan.objects.filter(pk=acme.plan_id).update(requests_per_minute=3)
    answers = [limited.get("/api/v1/me") for _ in range(4)]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
    assert answers[3].json()["code"] == "rate_limited"
    assert 1 <= int(answers[3]["Retry-After"]) <= 61


def test_all_keys_together_have_a_limit_as_well(acme: Organisation, api: APIClient, stranger_api: APIClient) -> None:
    one, other = (api_client(create_key(api).json()["key"]) for _ in range(2))
    Plan.objects.filter(pk=acme.plan_id).update(organisation_requests_per_minute=1, requests_per_minute=5)
    first, second = one.get("/api/v1/me"), other.get("/api/v1/me")
    assert (first.status_code, second.status_code) == (200, 429)
    assert "with all its keys" in second.json()["detail"]
    assert second["RateLimit-Policy"] == '"minute";q=5;w=60, "organisation";q=1;w=60'
    assert second["RateLimit"].startswith('"minute";r=5;')
    assert stranger_api.get("/api/v1/me").status_code == 200
