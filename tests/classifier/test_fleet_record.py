"""What the fleet's hosts know of each other's work, by which the number of hosts is decided."""

from collections.abc import Iterator
from pathlib import Path
from typing import cast

import psycopg
import pytest

from classifier.fleet import record
from classifier.fleet.crew import Crew
from classifier.forkserver import ForkServer
from classifier.scaling import Running, Situation, Waiting
from tests.classifier import fleets
from tests.classifier.fleets import ACME, EAST, GLOBEX, OWN, WEST
from tests.service import Service


@pytest.fixture
def as_fleet(service: Service, committed: None) -> Iterator[None]:
    with fleets.in_place_of(service, "fleet_worker", "fleet_host"):
        yield


def tell(host: str, waiting: list[Waiting], running: list[Running], *, only: str = ACME) -> None:
    crew = Crew(cast("ForkServer", None), Path("/nowhere"), workers={worker.pid: worker for worker in running})
    record.write(host, only=[only], seen=Situation(now=0.0, waiting=tuple(waiting)), crew=crew, prospects=[])


def test_hosts_that_serve_the_same_count_as_one_and_a_queue_counts_once(as_fleet: None) -> None:
    tell(EAST, [Waiting(ACME, "infer", 5, 1, later=2), Waiting(ACME, "train", 1)], [Running(1, ACME, "infer", 0.0)])
    tell(WEST, [Waiting(ACME, "infer", 7, later=3)], [Running(1, ACME, "batch", 0.0, is_stopping=True)])
    waiting, running = record.everywhere({ACME})
    assert set(waiting) == {Waiting(ACME, "infer", 7, later=3), Waiting(ACME, "train", 1)}
    assert {(worker.use, worker.is_stopping) for worker in running} == {("infer", False), ("batch", True)}


def test_a_host_of_somebody_else_or_one_that_is_silent_does_not_count(as_fleet: None, service: Service) -> None:
    tell(OWN, [Waiting(GLOBEX, "infer", 9)], [Running(2, GLOBEX, "infer", 0.0)], only=GLOBEX)
    tell(EAST, [Waiting(ACME, "infer", 1)], [Running(1, ACME, "infer", 0.0)])
    with psycopg.connect(service.instance.owner_database_url()) as owner:
        owner.execute("UPDATE fleet_host SET at = at - interval '1 minute' WHERE host = %s", [EAST])
    assert record.everywhere({ACME}) == ([], [])
    assert [queue.tenant for queue in record.everywhere({GLOBEX})[0]] == [GLOBEX]
