from typing import Any

from rest_framework.test import APIClient

from tests.conftest import api_client


def create_key(api: APIClient, **fields: object) -> dict[str, Any]:
    return dict(api.post("/api/v1/api_keys", {"scopes": ["read"], **fields}, format="json").json())


def test_a_new_key_is_shown_once_and_works(api: APIClient) -> None:
    made = create_key(api)
    assert api_client(str(made["key"])).get("/api/v1/me").status_code == 200
    listed = api.get("/api/v1/api_keys").json()["data"][0]
    assert listed["id"] == made["id"]
    assert "key" not in listed


def test_a_revoked_key_is_refused_at_the_next_request(api: APIClient) -> None:
    made = create_key(api)
    assert api.delete(f"/api/v1/api_keys/{made['id']}").status_code == 204
    assert api_client(str(made["key"])).get("/api/v1/me").status_code == 401


def test_revoking_twice_changes_nothing(api: APIClient) -> None:
    made = create_key(api)
    assert [api.delete(f"/api/v1/api_keys/{made['id']}").status_code for _ in range(2)] == [204, 204]


def test_a_stranger_neither_sees_nor_revokes_it(api: APIClient, stranger_api: APIClient) -> None:
    made = create_key(api)
    assert made["id"] not in [key["id"] for key in stranger_api.get("/api/v1/api_keys").json()["data"]]
    assert stranger_api.delete(f"/api/v1/api_keys/{made['id']}").status_code == 404
    assert api_client(str(made["key"])).get("/api/v1/me").status_code == 200


def test_a_key_is_capped_and_freed(api: APIClient) -> None:
    made = create_key(api, rows_per_month_cap=10)
    assert made["rows_per_month_cap"] == 10
    for rows in (20, None):
        changed = api.patch(f"/api/v1/api_keys/{made['id']}", {"rows_per_month_cap": rows}, format="json")
        assert changed.json()["rows_per_month_cap"] == rows


def test_a_stranger_caps_no_key(api: APIClient, stranger_api: APIClient) -> None:
    address = f"/api/v1/api_keys/{create_key(api)['id']}"
    assert stranger_api.patch(address, {"rows_per_month_cap": 1}, format="json").status_code == 404


def test_a_key_that_may_not_administer_caps_none(api: APIClient) -> None:
    made = create_key(api)
    own = api_client(str(made["key"]))
    refused = own.patch(f"/api/v1/api_keys/{made['id']}", {"rows_per_month_cap": 1}, format="json")
    assert refused.status_code == 403


def test_an_end_in_the_past_is_422(api: APIClient) -> None:
    body = create_key(api, expires_at="2020-01-01T00:00:00Z")
    assert (body["code"], body["errors"][0]["pointer"]) == ("invalid_input", "/expires_at")
