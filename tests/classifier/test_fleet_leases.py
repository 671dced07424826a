"""Two hosts share the organisations: one lease each, with a token that fences whoever held it before."""

from collections.abc import Iterator
from datetime import timedelta

import psycopg
import pytest
from django.db import ProgrammingError, transaction

from classifier.fleet import leases
from tenants import ids, isolation, jobs
from tenants.models import Job, Organisation
from tests.classifier import fleets
from tests.classifier.fleets import ACME, EAST, GLOBEX, WEST
from tests.service import Service


@pytest.fixture
def as_fleet(service: Service, committed: None) -> Iterator[None]:
    with fleets.in_place_of(service, "tenant_lease"):
        yield


@pytest.fixture
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leases that have run out as soon as they are taken."""
    monkeypatch.setattr(leases, "LEASE", timedelta(0))


def test_who_comes_first_holds_it(as_fleet: None) -> None:
    assert leases.claim(EAST, [ACME, GLOBEX]) == {ACME: 1, GLOBEX: 1}
    assert leases.claim(WEST, [ACME]) == {}
    assert {ACME: EAST, GLOBEX: EAST}.items() <= leases.elsewhere(WEST).items()


def test_what_has_run_out_changes_hands_with_a_higher_token(as_fleet: None, short: None) -> None:
    held = leases.claim(EAST, [ACME])
    assert leases.claim(WEST, [ACME]) == {ACME: 2}
    assert leases.renew(EAST, held) == set()


def test_what_has_run_out_and_nobody_took_is_held_still(as_fleet: None, short: None) -> None:
    held = leases.claim(EAST, [ACME])
    assert leases.renew(EAST, held) == {ACME}


def test_what_is_given_up_can_be_had_at_once(as_fleet: None) -> None:
    leases.release(EAST, leases.claim(EAST, [ACME]))
    assert leases.claim(WEST, [ACME]) == {ACME: 2}


def test_nobody_gives_up_what_another_host_has_taken(as_fleet: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(leases, "LEASE", timedelta(0))
    held = leases.claim(EAST, [ACME])
    monkeypatch.undo()
    leases.claim(WEST, [ACME])
    leases.release(EAST, held)
    assert leases.elsewhere(EAST)[ACME] == WEST


def test_a_host_that_comes_back_adopts_its_own_under_new_tokens(as_fleet: None) -> None:
    before = leases.claim(EAST, [ACME])
    leases.claim(WEST, [GLOBEX])
    assert leases.adopt(EAST) == {ACME: 2}
    assert leases.renew(EAST, before) == set()


@pytest.fixture
def in_hand(service: Service, as_fleet: None) -> Iterator[dict[str, str]]:
    """A job that each of these workers has in hand, by the worker's name; nobody's, so that no relay finds a worker."""
    found = {worker: ids.new("job") for worker in ("dead", "living")}
    with psycopg.connect(service.instance.owner_database_url(), autocommit=True) as owner:
        for worker, job in found.items():
            owner.execute(
                "INSERT INTO job"
                " (id, tenant, kind, queue, subject, state, attempt, outcome, worker, created_at, lease_until)"
                " VALUES (%s, %s, 'train', 'train', '', 'running', 2, '', %s, now(), now() + interval '1 minute')",
                [job, ACME, worker],
            )
        yield found
        owner.execute("DELETE FROM job WHERE tenant = %s", [ACME])


def test_what_a_dead_worker_had_in_hand_is_sent_again_at_once_and_its_attempt_counts(in_hand: dict[str, str]) -> None:
    assert leases.give_back(["dead"]) == [in_hand["dead"]]
    lost, kept = (Job.objects.get(pk=job) for job in in_hand.values())
    assert lost.state in {Job.State.QUEUED, Job.State.SENT}
    assert (lost.attempt, kept.state) == (2, Job.State.RUNNING)
    assert leases.give_back(["dead"]) == []


def test_what_all_workers_of_an_organisation_had_in_hand_is_sent_again(in_hand: dict[str, str]) -> None:
    assert leases.give_back(tenants=[GLOBEX]) == []
    assert set(leases.give_back(tenants=[ACME])) == set(in_hand.values())


def test_a_fleet_may_change_nothing_else_of_a_job(in_hand: dict[str, str]) -> None:
    for change in ({"outcome": "succeeded"}, {"tenant": GLOBEX}, {"attempt": 0}):
        with pytest.raises(ProgrammingError, match="permission denied"):
            Job.objects.filter(pk=in_hand["living"]).update(**change)


@pytest.fixture
def leased(service: Service, acme: Organisation) -> Iterator[int]:
    """Acme's lease, which no fleet serves, and its token."""
    with psycopg.connect(service.instance.owner_database_url(), autocommit=True) as owner:
        row = [acme.tenant]
        owner.execute("DELETE FROM tenant_lease WHERE tenant = %s", row)
        owner.execute("INSERT INTO tenant_lease VALUES (%s, 'test-east', 1000007, '-infinity')", row)
        yield 1000007
        owner.execute("DELETE FROM tenant_lease WHERE tenant = %s", row)


@pytest.mark.parametrize(("newer", "attempt"), [(-1, None), (0, 1), (1, 1), (None, 1)])
def test_a_worker_of_an_older_lease_gets_no_job(
    acme: Organisation, leased: int, newer: int | None, attempt: int | None
) -> None:
    job = ids.new("job")
    with isolation.entered(acme):
        jobs.submit(job, kind="train", queue="train")
        jobs._call("SELECT set_config('assort.token', %s, true)", "" if newer is None else str(leased + newer))
        assert jobs.claim(job) == attempt
        together = ids.new("job")
        jobs.submit(together, kind="train", queue="train")
        assert jobs.claim_all([together]).get(together) == attempt


def test_an_organisation_can_neither_read_nor_take_leases(inside_acme: Organisation) -> None:
    for attempt in (lambda: leases.elsewhere(EAST), lambda: leases.claim(EAST, [ACME])):
        with pytest.raises(ProgrammingError, match=r"permission denied|does not exist"), transaction.atomic():
            attempt()
