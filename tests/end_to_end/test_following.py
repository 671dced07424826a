"""A model that follows its data set: rows are added over the API, and the rest happens by itself."""

from pathlib import Path
from typing import Any

import pytest

from tests.classifier.processes import wait_until
from tests.end_to_end.stranger import Api
from tests.service import Service

ROWS = [
    {"text": f"the payment of my invoice number {number} was charged twice", "label": "billing"} for number in (7, 8)
]


@pytest.fixture
def following(api: Api, csv_file: Path) -> Api:
    """The API of an organisation whose model `support` follows its data set."""
    job = api.train(api.upload(csv_file)["id"], "support")
    assert job["status"] == "succeeded"
    api.client.patch("models/support", json={"follow": "automatic"}).raise_for_status()
    return api


def add_rows(api: Api) -> str:
    dataset = api.get("models/support")["follow_dataset"]
    response = api.client.post(f"datasets/{dataset}/rows", json=ROWS)
    response.raise_for_status()
    return str(response.json()["id"])


def version_on(api: Api, dataset: str) -> dict[str, Any]:
    """Return the version that was trained on this data set, as soon as there is one."""

    def newest() -> dict[str, Any]:
        return dict(api.get("models/support/versions?limit=1")["data"][0])

    wait_until(lambda: newest()["dataset"] == dataset, 90)
    return newest()


def test_added_rows_become_a_version_that_serves(following: Api) -> None:
    version = version_on(following, add_rows(following))
    assert (version["version"], version["created_by"]) == (2, "follow")
    assert version["verdict"].startswith("Promoted: On the same")
    assert following.get("models/support")["champion"] == 2
    assert following.classify("support", ["my invoice"]).json()["version"] == 2


def test_where_a_person_decides_the_version_waits_and_its_admins_get_a_letter(
    following: Api, service: Service, name: str
) -> None:
    following.client.patch("models/support", json={"policy": "ask"}).raise_for_status()
    version = version_on(following, add_rows(following))
    assert version["verdict"] == "Not promoted: the model's policy is `ask`, so a person decides."
    assert following.get("models/support")["champion"] == 1
    letter = f"To: {name}@example.test"
    wait_until(lambda: letter in service.log("postman"), 30)
    sent = service.log("postman").split(letter)[1]
    assert version["verdict"] in sent
    assert f"{service.url}/o/{name}/models/support/" in sent


def test_where_a_person_is_asked_the_rows_wait(following: Api) -> None:
    following.client.patch("models/support", json={"follow": "ask"}).raise_for_status()
    dataset = add_rows(following)
    found = following.until("models/support", lambda model: model["offered_dataset"] is not None)
    assert (found["offered_dataset"], found["follow_dataset"]) == (dataset, dataset)
    assert len(following.get("models/support/versions")["data"]) == 1
