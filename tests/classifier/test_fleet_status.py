import json
import time
from typing import Any

import pytest

from tenants.models import Organisation
from tests import universe
from tests.end_to_end.stranger import Api
from tests.service import Service


@pytest.fixture
def working(service: Service, committed: None) -> Organisation:
    """An organisation with a worker that has just answered."""
    founded, key = universe.organisation("Busy", universe.person("bea"))
    with Api(service.url, key).client as client:
        answer = client.post("models/assort.support/classify", json={"inputs": ["the invoice"]})
    assert answer.status_code == 200
    return founded


def workers(service: Service, slug: str) -> list[dict[str, Any]]:
    found = json.loads(service.manage("fleet", "status", "--json").stdout)
    return [worker for worker in found["workers"] if worker["tenant"] == slug]


def test_the_status_shows_a_worker_with_its_memory(service: Service, working: Organisation) -> None:
    deadline = time.monotonic() + 30
    while not (found := workers(service, working.slug)) or found[0]["own_mb"] is None:
        assert time.monotonic() < deadline
        time.sleep(0.5)
    [worker] = found
    assert worker["use"] == "infer"
    assert 5 < worker["own_mb"] < worker["pss_mb"]


def test_the_json_has_the_same_parts_always(service: Service) -> None:
    found = json.loads(service.manage("fleet", "status", "--json").stdout)
    assert list(found) == ["hosts", "workers", "queues", "leases", "quarantine", "next"]
    [host] = found["hosts"]
    assert host["state"] == "alive"


def test_the_table_is_no_wider_than_a_screen(service: Service, working: Organisation) -> None:
    lines = service.manage("fleet", "status").stdout.splitlines()
    assert any(working.slug[:22] in line for line in lines)
    assert max(map(len, lines)) <= 100


def test_only_what_is_in_quarantine_is_released(service: Service, working: Organisation) -> None:
    refused = service.manage("fleet", "release", working.slug)
    assert refused.returncode == 1
    assert "in quarantine" in refused.stderr
    assert "no organisation" in service.manage("fleet", "release", "nobody").stderr
