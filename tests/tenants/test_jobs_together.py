"""The doors for several jobs hold what the doors for one hold, for each of them."""

import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import psycopg
import pytest
from django.db import IntegrityError, ProgrammingError, connection, transaction

from tenants import ids, isolation, jobs
from tenants.models import Job, Organisation
from tests.classifier.gateway_stand_ins import found
from tests.service import Service


def submitted(count: int) -> list[str]:
    made = [ids.new("cls") for _ in range(count)]
    jobs.submit_all(made, kind="classify", queue="later", subjects=["support@1"] * count)
    return made


def test_each_is_claimed_once(inside_acme: Organisation) -> None:
    one, two, three = submitted(3)
    assert jobs.claim(two) == 1
    assert jobs.claim_all([one, two, three, "cls_nowhere"]) == {one: 1, three: 1}
    assert jobs.claim_all([one, two, three]) == {}
    assert jobs.claim_all([]) == {}


def test_each_ends_in_its_own_way_and_stays_so(acme: Organisation) -> None:
    with isolation.entered(acme):
        one, two = submitted(2)
        held = jobs.claim_all([one, two])
        assert jobs.finish_all(held, {two: "failed", one: "succeeded"}) == {one, two}
        assert jobs.finish_all(held, {one: "failed"}) == set()
        assert jobs.claim_all([one, two]) == {}
    assert dict(Job.objects.filter(pk__in=held).values_list("pk", "outcome")) == {one: "succeeded", two: "failed"}


def test_the_newest_attempt_of_each_counts(inside_acme: Organisation, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs, "LEASE", timedelta(0))
    one, two = submitted(2)
    first = jobs.claim_all([one, two])
    second = jobs.claim_all([two])
    assert (first, second) == ({one: 1, two: 1}, {two: 2})
    assert jobs.finish_all(first, dict.fromkeys(first, "succeeded")) == {one}
    assert jobs.finish_all(second, {two: "succeeded"}) == {two}


def test_what_was_canceled_is_neither_claimed_nor_finished(inside_acme: Organisation) -> None:
    one, two = submitted(2)
    assert jobs.cancel(one)
    assert jobs.claim_all([one, two]) == {two: 1}
    assert jobs.finish_all({one: 0, two: 1}, {one: "succeeded", two: "succeeded"}) == {two}


def test_a_strangers_jobs_among_ones_own_are_left_alone(acme: Organisation, globex: Organisation) -> None:
    with isolation.entered(acme):
        theirs = submitted(2)
        held = jobs.claim_all(theirs[:1])
    with isolation.entered(globex):
        own = submitted(1)
        assert jobs.claim_all([*theirs, *own]) == {own[0]: 1}
        attempts = held | {own[0]: 1}
        assert jobs.finish_all(attempts, dict.fromkeys(attempts, "succeeded")) == set(own)
    with isolation.entered(acme):
        assert jobs.finish_all(held, {theirs[0]: "failed"}) == {theirs[0]}
        assert jobs.claim_all(theirs) == {theirs[1]: 1}


def test_what_is_handed_in_together_is_the_sessions_own(acme: Organisation, globex: Organisation) -> None:
    with isolation.entered(globex):
        made = submitted(2)
        with pytest.raises(IntegrityError), transaction.atomic():
            jobs.submit_all(made, kind="classify", queue="later", subjects=["", ""])
    assert set(Job.objects.filter(pk__in=made).values_list("tenant", flat=True)) == {globex.tenant}
    with isolation.entered(acme):
        assert jobs.claim_all(made) == {}


def test_outside_of_an_organisation_nothing_opens(db: None) -> None:
    for knock in (
        lambda: jobs.submit_all(["cls_1"], kind="classify", queue="later", subjects=[""]),
        lambda: jobs.claim_all(["cls_1"]),
        lambda: jobs.finish_all({"cls_1": 1}, {"cls_1": "succeeded"}),
    ):
        with pytest.raises(ProgrammingError, match="permission denied"), transaction.atomic():
            knock()


def claimed(organisation: Organisation, job_ids: Sequence[str]) -> dict[str, int]:
    try:
        with isolation.entered(organisation):
            return jobs.claim_all(job_ids)
    finally:
        connection.close()


def wait_for_a_waiting_one(owner: psycopg.Connection) -> None:
    deadline = time.monotonic() + 20
    waiting = "SELECT FROM pg_locks WHERE NOT granted AND pg_backend_pid() = ANY (pg_blocking_pids(pid))"
    while owner.execute(waiting).rowcount == 0:
        assert time.monotonic() < deadline, "nobody waits for the row"
        time.sleep(0.01)


def test_a_claim_waits_for_whoever_has_sent_the_jobs_and_marks_them_next(committed: None, service: Service) -> None:
    organisation = found("initech")
    with ThreadPoolExecutor(1) as worker, psycopg.connect(service.instance.owner_database_url()) as owner:
        with isolation.entered(organisation), transaction.atomic():
            made = submitted(2)
            assert jobs.cancel(made[1])
        owner.execute("UPDATE public.job SET state = 'sent', sent_at = now() WHERE id = ANY (%s)", [made[:1]])
        claiming = worker.submit(claimed, organisation, made)
        wait_for_a_waiting_one(owner)
        owner.commit()
        assert claiming.result() == {made[0]: 1}
