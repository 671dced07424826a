"""What a fleet knows of quarantines and what stands in the database come to be the same, whoever changes either."""

import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from classifier.fleet import record
from classifier.fleet.failures import QUARANTINED_AFTER, Failures
from classifier.fleet.quarantine import Key, SharedQuarantine
from tests.classifier import fleets
from tests.service import Service

KEY = ("a" * 16, "infer")


@pytest.fixture
def as_fleet(service: Service, committed: None) -> Iterator[None]:
    with fleets.in_place_of(service, "quarantine"):
        yield


def short_lives(count: int) -> dict[Key, Failures]:
    return {KEY: Failures(count, time.monotonic() + 60)}


def sharing() -> SharedQuarantine:
    return SharedQuarantine("test-east", lambda tenant: Path(f"/logs/{tenant}.log"))


def test_a_quarantine_is_told_and_so_is_that_it_lasts_longer(as_fleet: None) -> None:
    shared = sharing()
    shared.share(short_lives(QUARANTINED_AFTER - 1))
    assert KEY not in record.quarantined()
    for count in (QUARANTINED_AFTER, QUARANTINED_AFTER + 1):
        shared.share(short_lives(count))
        assert record.quarantined()[KEY].count == count


def test_who_is_well_again_is_in_quarantine_no_more(as_fleet: None) -> None:
    shared = sharing()
    shared.share(short_lives(QUARANTINED_AFTER))
    shared.share({})
    assert KEY not in record.quarantined()


def test_another_host_hears_of_it(as_fleet: None) -> None:
    sharing().share(short_lives(QUARANTINED_AFTER))
    known: dict[Key, Failures] = {}
    sharing().share(known)
    assert known[KEY].is_quarantine


def test_whom_an_operator_releases_is_tried_again(as_fleet: None, service: Service) -> None:
    shared, known = sharing(), short_lives(QUARANTINED_AFTER)
    shared.share(known)
    with psycopg.connect(service.instance.owner_database_url()) as owner:
        owner.execute("DELETE FROM quarantine WHERE tenant = %s", [KEY[0]])
    shared.share(known)
    assert KEY not in known
    assert KEY not in record.quarantined()
