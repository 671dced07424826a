"""Shared models over the API: like an organisation's own, but that nobody changes them."""

from typing import Any

import pytest
from rest_framework.test import APIClient

from classifier.models import ModelVersion
from tests.classifier.api.calls import API

SUPPORT = f"{API}/models/assort.support"


def test_the_list_has_own_models_first_and_then_the_shared_ones(api: APIClient, version: ModelVersion) -> None:
    first = api.get(f"{API}/models?limit=1").json()
    assert ([model["name"] for model in first["data"]], first["data"][0]["shared"]) == (["support"], False)
    rest = api.get(f"{API}/models?after={first['next_cursor']}").json()
    assert [model["name"] for model in rest["data"]] == ["assort.support"]
    assert rest["data"][0]["shared"] is True
    after = api.get(f"{API}/models?after={rest['data'][0]['id']}").json()
    assert (after["data"], after["has_more"]) == ([], False)


def test_a_shared_model_tells_what_an_own_one_tells(api: APIClient, version: ModelVersion) -> None:
    shared, own = api.get(SUPPORT).json(), api.get(f"{API}/models/support").json()
    assert shared.keys() == own.keys()
    assert (shared["champion"], shared["policy"], len(shared["labels"])) == (1, None, 8)


def test_its_version_tells_how_good_it_is(api: APIClient, version: ModelVersion) -> None:
    shared, own = (api.get(f"{API}/models/{name}/versions/1").json() for name in ("assort.support", "support"))
    assert shared.keys() == own.keys()
    assert shared["metrics"]["accuracy"] >= 0.85
    assert api.get(f"{SUPPORT}/versions").json()["data"] == [shared]


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("patch", "", {"policy": "pinned"}),
        ("delete", "", None),
        ("post", "/promote", {"version": 1}),
        ("post", "/rollback", None),
        ("patch", "/versions/1", {"threshold": 0.5}),
    ],
)
def test_it_cannot_be_changed(api: APIClient, method: str, path: str, body: Any) -> None:
    response = getattr(api, method)(SUPPORT + path, body, format="json")
    assert (response.status_code, response.json()["code"]) == (409, "conflict")


def test_it_tells_when_it_is_silent_and_nothing_of_the_rows_behind(api: APIClient) -> None:
    body = api.get(f"{SUPPORT}/versions/1/silence").json()
    assert (body["threshold"], body["scope_refused"], body["curve"]) == (None, None, [])


@pytest.mark.parametrize("path", ["", "/versions", "/versions/1", "/versions/1/silence"])
def test_one_that_was_never_published_is_404(api: APIClient, path: str) -> None:
    assert api.get(f"{API}/models/assort.none{path}").status_code == 404
