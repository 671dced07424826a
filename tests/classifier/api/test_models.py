from collections.abc import Callable
from typing import Any

import pytest
from rest_framework.test import APIClient

from classifier import registry, training
from classifier.models import Dataset, ModelVersion
from tenants import isolation
from tenants.models import Organisation, Route
from tests.classifier import rows
from tests.classifier.api.calls import API, pointers

SUPPORT = f"{API}/models/support"


@pytest.fixture
def second(acme: Organisation, version: ModelVersion, ready: Dataset) -> ModelVersion:
    """A second version of `support`, which waits for a person to promote it."""
    with isolation.entered(acme):
        registry.set_policy(model=version.model, policy="ask", by="alice")
        return rows.trained(acme, ready)


def post(api: APIClient, path: str, body: Any = None) -> Any:
    return api.post(f"{SUPPORT}/{path}", body, format="json")


def test_a_model_tells_champion_columns_and_labels(api: APIClient, version: ModelVersion) -> None:
    body = api.get(SUPPORT).json()
    assert (body["object"], body["name"], body["champion"], body["kind"]) == ("model", "support", 1, "text")
    assert [column["name"] for column in body["columns"]] == ["text"]
    assert body["labels"] == ["account", "billing", "bug"]
    assert body in api.get(f"{API}/models").json()["data"]


def test_a_version_tells_its_metrics_overall_and_by_label(api: APIClient, version: ModelVersion) -> None:
    body = api.get(f"{SUPPORT}/versions/1").json()
    assert (body["object"], body["model"], body["version"]) == ("model_version", "support", 1)
    low, high = body["metrics"]["accuracy_interval"]
    assert 0 <= low <= body["metrics"]["accuracy"] <= high + 1e-9 <= 1 + 1e-9
    assert [score["label"] for score in body["metrics"]["labels"]] == body["labels"]
    assert (body["dataset"], body["sha256"]) == (version.dataset_id, version.sha256)
    assert body["seconds"] > 0


def test_versions_come_with_the_newest_first(api: APIClient, second: ModelVersion) -> None:
    page = api.get(f"{SUPPORT}/versions?limit=1").json()
    assert [version["version"] for version in page["data"]] == [2]
    rest = api.get(f"{SUPPORT}/versions?after={page['next_cursor']}").json()
    assert [version["version"] for version in rest["data"]] == [1]


def test_the_policy_is_changed(api: APIClient, version: ModelVersion) -> None:
    assert api.patch(SUPPORT, {"policy": "pinned"}, format="json").json()["policy"] == "pinned"
    assert api.get(SUPPORT).json()["policy"] == "pinned"


@pytest.mark.parametrize("policy", ["sometimes", "", None, 5, ["auto"], {"a": 1}, "a\0"])
def test_a_wrong_policy_is_pointed_at(api: APIClient, version: ModelVersion, policy: Any) -> None:
    response = api.patch(SUPPORT, {"policy": policy}, format="json")
    assert (response.status_code, pointers(response)) == (422, ["/policy"])


def test_a_promoted_version_answers_from_then_on(api: APIClient, acme: Organisation, second: ModelVersion) -> None:
    assert api.get(SUPPORT).json()["champion"] == 1
    assert post(api, "promote", {"version": 2}).json()["champion"] == 2
    assert Route.objects.get(tenant=acme.tenant, model="support").version == 2


def test_a_roll_back_lets_the_champion_before_answer(api: APIClient, acme: Organisation, second: ModelVersion) -> None:
    post(api, "promote", {"version": 2})
    assert post(api, "rollback").json()["champion"] == 1
    assert Route.objects.get(tenant=acme.tenant, model="support").version == 1


def test_without_an_earlier_champion_there_is_no_roll_back(api: APIClient, version: ModelVersion) -> None:
    response = post(api, "rollback")
    assert (response.status_code, response.json()["code"]) == (409, "conflict")


def test_a_model_that_waits_for_its_first_training_has_no_roll_back(
    api: APIClient, acme: Organisation, ready: Dataset
) -> None:
    with isolation.entered(acme):
        training.start(organisation=acme, dataset=ready, model_name="support", by="alice")
    assert post(api, "rollback").status_code == 409


@pytest.mark.parametrize("version_number", [0, -1, None, "x", True, [1], 1.5])
def test_a_wrong_version_is_pointed_at(api: APIClient, version: ModelVersion, version_number: Any) -> None:
    response = post(api, "promote", {"version": version_number})
    assert (response.status_code, pointers(response)) == (422, ["/version"])


@pytest.mark.parametrize("number", [2, 2**31, 10**30])
def test_an_unknown_version_is_404(api: APIClient, version: ModelVersion, number: int) -> None:
    assert post(api, "promote", {"version": number}).status_code == 404
    assert api.get(f"{SUPPORT}/versions/{number}").status_code == 404


def test_a_deleted_model_is_gone_with_its_route(api: APIClient, acme: Organisation, version: ModelVersion) -> None:
    assert api.delete(SUPPORT).status_code == 204
    assert api.get(SUPPORT).status_code == 404
    assert not Route.objects.filter(tenant=acme.tenant, model="support").exists()
    assert api.get(f"{API}/datasets/{version.dataset_id}").status_code == 200


def test_a_model_in_training_cannot_be_deleted(api: APIClient, acme: Organisation, ready: Dataset) -> None:
    with isolation.entered(acme):
        training.start(organisation=acme, dataset=ready, model_name="support", by="alice")
    response = api.delete(SUPPORT)
    assert (response.status_code, response.json()["code"]) == (409, "conflict")


def test_deleting_takes_the_scope_admin(key_with: Callable[..., APIClient], version: ModelVersion) -> None:
    response = key_with("read", "train").delete(SUPPORT)
    assert (response.status_code, response.json()["code"]) == (403, "missing_scope")


@pytest.mark.parametrize("path", ["", "/versions", "/versions/1"])
@pytest.mark.parametrize("name", ["none", "Support", "x" * 3000, "%00", "a%0Ab"])
def test_a_name_that_is_none_is_404(api: APIClient, name: str, path: str) -> None:
    assert api.get(f"{API}/models/{name}{path}").status_code == 404
