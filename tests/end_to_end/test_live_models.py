"""The version that answers changes while others ask."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.end_to_end.crowd import Crowd
from tests.end_to_end.stranger import Api
from tests.service import Service

SECONDS = 5.0


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
