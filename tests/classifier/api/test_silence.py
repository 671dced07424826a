"""When a version gives no label: asked for over the API, and told in its answers."""

from typing import Any

import pytest
from rest_framework.test import APIClient

from classifier import inference, registry, silencing
from classifier.loaded import LoadedModels
from classifier.models import Dataset, ModelVersion
from tenants import isolation
from tenants.models import Organisation
from tests.classifier import rows
from tests.classifier.api.calls import API, pointers

VERSION = f"{API}/models/support/versions/1"


def change(api: APIClient, **body: Any) -> Any:
    return api.patch(VERSION, body, format="json")


def answer(organisation: Organisation, text: str) -> dict[str, Any]:
    request = {"id": "cls_1", "inputs": [text], "top_k": 1, "explain": False}
    with isolation.entered(organisation):
        models = LoadedModels(organisation.tenant)
        (reply,) = inference.answer_together([request], model="support", version=1, models=models)
    return dict(reply["results"][0])


def test_a_threshold_is_kept_and_told(api: APIClient, version: ModelVersion) -> None:
    assert change(api, threshold=0.8).json()["threshold"] == 0.8
    assert api.get(VERSION).json()["threshold"] == 0.8
    assert change(api, threshold=None).json()["threshold"] is None


def test_below_it_an_answer_has_no_label_and_says_why(
    api: APIClient, version: ModelVersion, acme: Organisation
) -> None:
    assert "abstained" not in answer(acme, "my password")
    change(api, threshold=1.0)
    unsure = answer(acme, "my password")
    assert (unsure["label"], unsure["abstained"], unsure["reason"]) == (None, True, "unsure")
    assert unsure["scores"][0]["label"] == "account"
    change(api, threshold=0.01)
    assert (answer(acme, "my password")["label"], answer(acme, "my password")["abstained"]) == ("account", False)


def test_the_curve_goes_from_every_answer_to_the_surest(api: APIClient, version: ModelVersion) -> None:
    body = api.get(f"{VERSION}/silence").json()
    assert body["object"] == "silence"
    assert (body["curve"][0]["threshold"], body["curve"][0]["answered"]) == (0.0, 1.0)
    assert body["curve"][0]["accuracy"] == pytest.approx(version.metrics["accuracy"])


def test_a_goal_becomes_the_threshold_at_which_it_is_reached(api: APIClient, version: ModelVersion) -> None:
    low = api.get(f"{VERSION}/silence").json()["curve"][0]["low"]
    assert change(api, goal=max(0.5, low - 0.01)).json()["threshold"] == 0.0


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"threshold": 1.5}, "/threshold"),
        ({"threshold": "high"}, "/threshold"),
        ({"goal": 0.999}, "/goal"),
        ({"goal": 0.9, "threshold": 0.5}, "/goal"),
        ({"scope_refused": 0.9}, "/scope_refused"),
        ({"scope_refused": 0.0001}, "/scope_refused"),
        ({"limit": 0.5}, "/limit"),
    ],
)
def test_what_cannot_be_is_pointed_at(
    api: APIClient, version: ModelVersion, body: dict[str, Any], pointer: str
) -> None:
    response = change(api, **body)
    assert (response.status_code, pointers(response)) == (422, [pointer])
    assert api.get(VERSION).json()["threshold"] is None


def test_a_stranger_finds_nothing_and_changes_nothing(
    stranger_api: APIClient, version: ModelVersion, acme: Organisation
) -> None:
    assert change(stranger_api, threshold=0.5).status_code == 404
    assert stranger_api.get(f"{VERSION}/silence").status_code == 404
    with isolation.entered(acme):
        assert registry.get_version(registry.get("support"), 1).threshold is None


def test_a_new_version_keeps_silent_as_the_champion_before_it(
    api: APIClient, version: ModelVersion, acme: Organisation, ready: Dataset
) -> None:
    change(api, goal=0.5)
    with isolation.entered(acme):
        newer = rows.trained(acme, ready)
    assert (newer.number, newer.goal, newer.threshold) == (2, 0.5, 0.0)
    change(api, threshold=0.7)
    with isolation.entered(acme):
        silencing.inherit(version=newer, before=ModelVersion.objects.get(pk=version.pk))
    assert (newer.goal, newer.threshold) == (None, 0.7)


def test_a_threshold_that_is_set_by_hand_forgets_the_goal(api: APIClient, version: ModelVersion) -> None:
    assert change(api, goal=0.5).json()["goal"] == 0.5
    assert change(api, threshold=0.7).json()["goal"] is None


def test_what_is_unlike_its_rows_can_be_refused_by_a_version_that_knows_them(
    api: APIClient, version: ModelVersion, acme: Organisation, ready: Dataset
) -> None:
    with isolation.entered(acme):
        ModelVersion.objects.filter(pk=version.pk).update(scope_rows=200)
    assert pointers(change(api, scope_refused=0.0001)) == ["/scope_refused"]
    assert change(api, scope_refused=0.05).json()["scope_refused"] == 0.05
    with isolation.entered(acme):
        newer = rows.trained(acme, ready)
        assert newer.scope_refused is None  # It cannot tell, on so few rows.
        newer.scope_rows = 200
        silencing.inherit(version=newer, before=ModelVersion.objects.get(pk=version.pk))
    assert newer.scope_refused == 0.05
    assert change(api, scope_refused=None).json()["scope_refused"] is None


def test_a_goal_of_a_version_that_was_tested_on_nothing_is_refused(
    api: APIClient, version: ModelVersion, acme: Organisation
) -> None:
    with isolation.entered(acme):
        version.evaluated.all().delete()
    response = change(api, goal=0.5)
    assert pointers(response) == ["/goal"]
    assert "No row of this version was tested" in response.json()["errors"][0]["detail"]
