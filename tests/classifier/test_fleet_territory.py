"""Whom a host serves beside others: what is its own, what another has taken, and what it lets go while it can."""

import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta

import pytest

from classifier.fleet import leases
from classifier.fleet.territory import Territory
from saas.instance import ROOT
from tests.classifier import fleets
from tests.classifier.fleets import ACME, EAST, GLOBEX, OWN, WEST
from tests.service import Service

RENEWED_AT = 1_000.0


@pytest.fixture
def as_fleet(service: Service, committed: None) -> Iterator[None]:
    with fleets.in_place_of(service, "tenant_lease", "fleet_host"):
        yield


def held(territory: Territory, after: float) -> set[str]:
    """Return whom it holds so long after it has renewed its leases."""
    return set(territory.held(RENEWED_AT + after))


def test_who_comes_second_learns_who_came_first(as_fleet: None) -> None:
    east, west = Territory(EAST), Territory(WEST)
    east.claim([ACME])
    west.claim([ACME, GLOBEX])
    assert set(west.tokens) == {GLOBEX}
    assert west.elsewhere[ACME] == EAST


def test_what_another_host_has_taken_over_is_held_no_more(
    as_fleet: None, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(leases, "LEASE", timedelta(0))
    east = Territory(EAST)
    east.claim([ACME, GLOBEX])
    Territory(WEST).claim([ACME])
    east.look()
    assert set(east.tokens) == {GLOBEX}
    assert f"another host has taken over {ACME}" in caplog.text


def test_a_host_that_comes_back_holds_what_it_held(as_fleet: None) -> None:
    Territory(EAST).claim([ACME])
    back = Territory(EAST)
    back.adopt()
    assert set(back.held(back.renewed_at)) == {ACME}
    back.release([ACME])
    assert leases.adopt(EAST) == {}


def test_beside_others_a_host_lets_go_before_its_leases_run_out() -> None:
    east = Territory(EAST, tokens={ACME: 1}, neighbours={WEST: 3}, renewed_at=RENEWED_AT)
    assert held(east, after=leases.STOPPED_AFTER) == {ACME}
    assert held(east, after=leases.STOPPED_AFTER + 1) == set()
    assert east.overdue(RENEWED_AT + leases.KILLED_AFTER) == set()
    assert east.overdue(RENEWED_AT + leases.KILLED_AFTER + 1) == {ACME}


def test_a_host_that_is_alone_holds_on_while_the_database_is_away() -> None:
    alone = Territory(EAST, tokens={ACME: 1}, renewed_at=RENEWED_AT)
    assert held(alone, after=10 * leases.KILLED_AFTER) == {ACME}
    assert alone.overdue(RENEWED_AT + 10 * leases.KILLED_AFTER) == set()


def test_a_host_for_somebody_who_is_not_there_does_not_start(service: Service) -> None:
    command = [sys.executable, "manage.py", "fleet", "run", "--host", OWN, "--only", "nobody-at-all"]
    told = service.instance.environment("fleet") | {"ASSORT_PROFILE": "on"}
    ended = subprocess.run(command, cwd=ROOT, env=told, capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode == 1
    assert "There is no organisation 'nobody-at-all'" in ended.stderr
    assert "workers are open to profilers of this user" in ended.stderr
