"""What a running service counts: bounded, complete, and told to nobody outside."""

import json
import urllib.request
from collections.abc import Callable, Iterator
from typing import Any

import httpx2 as httpx
import pytest
from prometheus_client import Metric
from prometheus_client.parser import text_string_to_metric_families

from saas.instance import MEASURED, Instance
from tenants.models import Organisation
from tests import universe
from tests.classifier.gateway_stand_ins import set_route
from tests.service import Service

# What a label may be called: each has a few values, which the code or the URL configuration names.
LABELS = {"kind", "le", "reason", "route", "state", "status", "use"}
EXPECTED = {
    "gateway": {"gateway_request_seconds", "gateway_batches", "gateway_rows", "gateway_waiting_requests"},
    "web": {"web_requests", "web_request_seconds"},
    "relay": {"jobs", "outbox_lag_seconds", "queue_messages"},
    "fleet": {"fleet_workers", "fleet_starts", "fleet_quarantined", "fleet_leases", "fleet_wanted_hosts"},
    "registrar": {"versions_waiting"},
    "postman": {"letters_waiting", "letters_failed"},
}
Asked = Callable[[str], list[Metric]]


@pytest.fixture(scope="module")
def asked(service: Service) -> Asked:
    """Return what all processes of a part tell of the service."""
    # Read again: how many processes there are stands in the options of the one that runs.
    ports = Instance.create(service.instance.data).metrics_ports

    def ask(part: str) -> list[Metric]:
        texts = [urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10).read() for port in ports(part)]
        found = [each for text in texts for each in text_string_to_metric_families(text.decode())]
        return [family for family in found if family.name.startswith("assort_")]

    return ask


@pytest.fixture(scope="module")
def traffic(service: Service, django_db_setup: None, django_db_blocker: Any) -> Iterator[Callable[[str], None]]:
    """Return what lets a new organisation ask for a new model, by calls and pages, with and without success."""
    with django_db_blocker.unblock():
        yield lambda name: _ask_for_everything(service, name)


def _ask_for_everything(service: Service, name: str) -> None:
    organisation, key = universe.organisation(name, universe.person(name))
    set_route(organisation, f"model-{name}")
    with httpx.Client(base_url=service.url, headers={"Authorization": f"Bearer {key}"}, timeout=30) as client:
        for _ in range(4):
            assert client.post(f"/api/v1/models/model-{name}/classify", json={"inputs": ["x"]}).status_code == 404
            assert client.get("/api/v1/datasets").status_code == 200
            client.request("BREW", f"/api/v1/datasets/{name}")
            client.get(f"/nowhere/{name}")
            client.get(f"/o/{organisation.slug}/")
    with httpx.Client(base_url=service.url) as stranger:
        assert stranger.post(f"/api/v1/models/{name}/classify", json={}).status_code == 401


def series(families: list[Metric]) -> set[tuple[str, ...]]:
    return {(sample.name, *sorted(sample.labels.values())) for family in families for sample in family.samples}


@pytest.mark.parametrize("part", MEASURED)
def test_every_part_tells_its_own(asked: Asked, traffic: Callable[[str], None], part: str) -> None:
    traffic("initrode")
    names = {family.name.removeprefix("assort_") for family in asked(part)}
    assert EXPECTED[part] <= names
    others = {name for other, expected in EXPECTED.items() if other != part for name in expected}
    assert not names & (others - EXPECTED[part])


def test_the_names_of_labels_are_these_and_no_other(asked: Asked, traffic: Callable[[str], None]) -> None:
    traffic("umbrella")
    samples = [sample for part in MEASURED for family in asked(part) for sample in family.samples]
    assert {label for sample in samples for label in sample.labels} <= LABELS
    assert not any("umbrella" in value for sample in samples for value in sample.labels.values())


def test_organisations_models_paths_and_methods_make_no_series(asked: Asked, traffic: Callable[[str], None]) -> None:
    for name in ("first", "second", "third"):
        traffic(name)
    before = {part: series(asked(part)) for part in MEASURED}
    for name in ("fourth", "fifth"):
        traffic(name)
    # What a job waits for comes and goes by itself, and has four values.
    assert all(
        {each for each in series(asked(part)) if "queue_oldest" not in each[0]} <= before[part] for part in MEASURED
    )


def test_what_several_processes_count_adds_up(service: Service, asked: Asked, traffic: Callable[[str], None]) -> None:
    def refused() -> float:
        samples = [sample for family in asked("gateway") for sample in family.samples]
        return sum(each.value for each in samples if each.labels.get("reason") == "invalid_key")

    assert len(Instance.create(service.instance.data).metrics_ports("gateway")) == service.web_processes > 1
    before = refused()
    for _ in range(30):
        # Each on a connection of its own, so that both processes get some.
        httpx.post(f"{service.url}/api/v1/models/support/classify", json={"inputs": ["x"]})
    assert refused() - before == 30


def test_a_stranger_learns_nothing_at_the_public_port(service: Service) -> None:
    disguises: list[dict[str, str]] = [{}, {"X-Assort-Client": "127.0.0.1"}, {"X-Forwarded-For": "127.0.0.1"}]
    for path in ("/metrics", "/metrics/", "//metrics", "/hosts", "/%6detrics"):
        for headers in disguises:
            answer = httpx.get(f"{service.url}{path}", headers=headers)
            assert answer.status_code == 404
            assert "assort_" not in answer.text


def test_it_is_told_on_this_machine_only(service: Service) -> None:
    found = service.instance.environment("fleet")["ASSORT_METRICS_LISTEN"]
    assert found.startswith("127.0.0.1:")


def test_how_many_hosts_are_wanted_is_told_by_the_fleet(service: Service) -> None:
    [port] = service.instance.metrics_ports("fleet")
    answer = urllib.request.urlopen(f"http://127.0.0.1:{port}/hosts", timeout=10)
    assert json.loads(answer.read()) == {"hosts": 1}


def test_one_command_prints_all_and_another_where_it_is(service: Service, acme: Organisation) -> None:
    everything = service.assort("metrics")
    assert all(f"# --- {part}, http://127.0.0.1:" in everything.stdout for part in MEASURED)
    assert "does not answer" not in everything.stdout
    places = json.loads(service.assort("metrics", "--targets").stdout)
    assert {place["labels"]["part"] for place in places} == set(MEASURED)
