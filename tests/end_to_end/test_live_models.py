"""The version that answers changes while others ask."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.end_to_end.crowd import Crowd
from tests.end_to_end.stranger import Api
from tests.service import Service

SECONDS = 5.0
# Of which no label is certain.
VAGUE = "the crash and my password again"


@pytest.fixture
def api(service: Service, acme_key: str, csv_file: Path) -> Iterator[Api]:
    """The API of an organisation with two versions of the model `moving`."""
    api = Api(service.url, acme_key)
    with api.client:
        dataset = api.upload(csv_file)["id"]
        for _ in range(2):
            api.train(dataset, "moving")
        yield api


def test_promotions_are_served_within_seconds_and_no_request_fails(service: Service, acme_key: str, api: Api) -> None:
    versions = [1, 2] * 5
    with Crowd(service.url, acme_key, "moving", ["my password"]).asking() as crowd:
        promoted = []
        for version in versions:
            api.client.post("models/moving/promote", json={"version": version}).raise_for_status()
            promoted.append(time.monotonic())
            time.sleep(0.5)
        api.client.post("models/moving/rollback").raise_for_status()
        promoted.append(time.monotonic())
        time.sleep(0.5)
    assert crowd.statuses() == {200}
    for version, since in zip([*versions, 1], promoted, strict=True):
        assert any(heard.version == version for heard in crowd.heard if since <= heard.began < since + SECONDS)
    assert {heard.version for heard in crowd.heard if heard.began > promoted[-1] + 0.3} == {1}


def test_silence_holds_within_seconds_and_no_request_fails(service: Service, acme_key: str, api: Api) -> None:
    with Crowd(service.url, acme_key, "moving", [VAGUE]).asking() as crowd:
        for threshold in (1.0, None, 1.0):
            set_threshold(api, threshold)
    assert crowd.statuses() == {200}


def test_an_answer_without_a_label_is_kept_and_counted_like_any(api: Api) -> None:
    before = rows_used(api.get("usage"))
    asked = set_threshold(api, 1.0)
    answer = api.classify("moving", [VAGUE]).json()
    [result] = answer["results"]
    assert (result["label"], result["abstained"], result["reason"]) == (None, True, "unsure")
    assert api.until(f"classifications/{answer['id']}", lambda found: True)["results"] == [result]
    assert answer["id"] in [found["id"] for found in api.get("classifications?abstained=true&model=moving")["data"]]
    api.until("usage", lambda found: rows_used(found) == before + asked + 1)


def set_threshold(api: Api, threshold: float | None) -> int:
    """Change it for the champion, and return how often was asked until it held, which is a matter of seconds."""
    champion = api.get("models/moving")["champion"]
    api.client.patch(f"models/moving/versions/{champion}", json={"threshold": threshold}).raise_for_status()
    deadline = time.monotonic() + SECONDS
    asked = 1
    while (api.classify("moving", [VAGUE]).json()["results"][0]["label"] is None) != bool(threshold):
        assert time.monotonic() < deadline
        asked += 1
    return asked


def rows_used(usage: dict[str, Any]) -> int:
    return sum(line["rows"] for line in usage["data"])
