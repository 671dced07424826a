from typing import Any

import pytest
from rest_framework.test import APIClient

from classifier.models import ModelVersion
from tenants import isolation
from tenants.models import Organisation
from tenants.records.models import AuditEvent
from tests.classifier.api.calls import API, pointers

SUPPORT = f"{API}/models/support"
RULE = ("follow", "follow_rows", "follow_every_days", "follow_dataset", "offered_dataset")


def patch(api: APIClient, **body: Any) -> Any:
    return api.patch(SUPPORT, body, format="json")


def rule(response: Any) -> list[Any]:
    return [response.json()[name] for name in RULE]


def test_a_model_follows_nothing_at_first(api: APIClient, version: ModelVersion) -> None:
    assert rule(api.get(SUPPORT)) == ["off", 1, None, None, None]


def test_it_follows_its_data_set_from_one_word_on(api: APIClient, version: ModelVersion) -> None:
    assert rule(patch(api, follow="automatic")) == ["automatic", 1, None, version.dataset_id, None]


def test_everything_is_changed_at_once_or_apart(api: APIClient, version: ModelVersion) -> None:
    dataset = version.dataset_id
    response = patch(api, policy="ask", follow="ask", follow_rows=50, follow_every_days=7, follow_dataset=dataset)
    assert (response.json()["policy"], rule(response)) == ("ask", ["ask", 50, 7, dataset, None])
    assert rule(patch(api, follow_every_days=None)) == ["ask", 50, None, dataset, None]
    assert api.get(SUPPORT).json()["policy"] == "ask"


WRONG: dict[str, list[Any]] = {
    "follow": ["always", "", None, 5, []],
    "follow_rows": [0, -1, None, "many", 2**31],
    "follow_every_days": [0, 366, "weekly", 1.5],
    "follow_dataset": [None, "", "ds_of_nobody", 5, "x" * 25, "a\0"],
    "folow": ["ask"],
}


@pytest.mark.parametrize(("field", "value"), [(field, value) for field, values in WRONG.items() for value in values])
def test_a_wrong_value_is_pointed_at(api: APIClient, version: ModelVersion, field: str, value: Any) -> None:
    response = patch(api, **{field: value})
    assert (response.status_code, pointers(response)) == (422, [f"/{field}"])
    assert rule(api.get(SUPPORT)) == ["off", 1, None, None, None]


def test_a_change_of_nothing_says_what_there_is(api: APIClient, version: ModelVersion) -> None:
    response = patch(api)
    assert response.status_code == 422
    assert "follow_rows" in response.json()["errors"][0]["detail"]


def test_a_wrong_rule_leaves_the_policy_as_it_was(api: APIClient, version: ModelVersion) -> None:
    assert patch(api, policy="pinned", follow_dataset="ds_of_nobody").status_code == 422
    assert api.get(SUPPORT).json()["policy"] == "auto"


def test_who_changed_it_stands_in_the_audit(api: APIClient, acme: Organisation, version: ModelVersion) -> None:
    patch(api, policy="ask", follow="automatic")
    with isolation.entered(acme):
        events = AuditEvent.objects.filter(target="support", action__in=["model.policy", "model.follow"])
        assert {(event.action, event.actor[:4]) for event in events} == {
            ("model.policy", "key_"),
            ("model.follow", "key_"),
        }


def test_a_stranger_changes_no_rule(stranger_api: APIClient, api: APIClient, version: ModelVersion) -> None:
    assert patch(stranger_api, follow="automatic").status_code == 404
    assert rule(api.get(SUPPORT))[0] == "off"
