from typing import Any

import pytest
from rest_framework.test import APIClient


def test_name_and_retention_change(api: APIClient) -> None:
    body = api.patch("/api/v1/organisation", {"name": "Acme Ltd", "retention": "off"}, format="json").json()
    assert (body["name"], body["retention"]) == ("Acme Ltd", "off")
    assert api.get("/api/v1/me").json()["organisation"]["name"] == "Acme Ltd"


def test_inputs_are_kept_only_when_it_is_said(api: APIClient) -> None:
    assert api.get("/api/v1/me").json()["organisation"]["keep_inputs"] is False
    assert api.patch("/api/v1/organisation", {"keep_inputs": True}, format="json").json()["keep_inputs"] is True
    assert api.get("/api/v1/me").json()["organisation"]["retention"] == "24h"


def test_a_cap_is_set_stays_and_is_removed_by_null(api: APIClient, stranger_api: APIClient) -> None:
    assert cap(api, 5000)["rows_per_month_cap"] == 5000
    api.patch("/api/v1/organisation", {"retention": "off"}, format="json")
    assert api.get("/api/v1/me").json()["organisation"]["rows_per_month_cap"] == 5000
    assert stranger_api.get("/api/v1/me").json()["organisation"]["rows_per_month_cap"] is None
    assert cap(api, None)["rows_per_month_cap"] is None


@pytest.mark.parametrize("wrong", [-1, 2**63, "many", 1.5])
def test_what_is_no_number_of_rows_is_422(api: APIClient, wrong: object) -> None:
    assert cap(api, wrong)["errors"][0]["pointer"] == "/rows_per_month_cap"


def cap(api: APIClient, rows: object) -> dict[str, Any]:
    return dict(api.patch("/api/v1/organisation", {"rows_per_month_cap": rows}, format="json").json())


def test_a_deceiving_name_is_422(api: APIClient) -> None:
    response = api.patch("/api/v1/organisation", {"name": "Аcme"}, format="json")
    assert (response.status_code, response.json()["errors"][0]["pointer"]) == (422, "/name")


def test_an_unknown_retention_is_422(api: APIClient) -> None:
    response = api.patch("/api/v1/organisation", {"retention": "forever"}, format="json")
    assert (response.status_code, response.json()["errors"][0]["pointer"]) == (422, "/retention")
