from datetime import timedelta

import pytest
from django.db import IntegrityError, ProgrammingError, connection, transaction

from tenants import ids, isolation, jobs
from tenants.models import Job, Organisation


@pytest.fixture
def job(inside_acme: Organisation) -> str:
    job_id = ids.new("job")
    jobs.submit(job_id, kind="train", queue="train", subject="support")
    return job_id


def test_a_job_is_claimed_once(job: str) -> None:
    assert jobs.claim(job) == 1
    assert jobs.claim(job) is None


def test_a_stranger_cannot_claim_renew_or_cancel_it(acme: Organisation, globex: Organisation) -> None:
    job_id = ids.new("job")
    with isolation.entered(acme):
        jobs.submit(job_id, kind="train", queue="train")
    with isolation.entered(globex):
        assert jobs.claim(job_id) is None
        assert not jobs.cancel(job_id)
    with isolation.entered(acme):
        attempt = jobs.claim(job_id)
    with isolation.entered(globex):
        assert not jobs.renew(job_id, attempt or 0)


def test_only_an_organisation_may_submit(db: None) -> None:
    with pytest.raises(ProgrammingError, match="permission denied"), transaction.atomic():
        jobs.submit(ids.new("job"), kind="train", queue="train")


@pytest.mark.parametrize(("kind", "queue"), [("evil", "infer"), ("train", "record"), ("classify", "train")])
def test_what_the_relay_does_not_know_cannot_be_submitted(inside_acme: Organisation, kind: str, queue: str) -> None:
    with pytest.raises(IntegrityError, match="job_kind_has_its_queue"), transaction.atomic():
        jobs.submit(ids.new("job"), kind=kind, queue=queue)


def test_a_job_names_the_worker_that_has_it_in_hand(job: str) -> None:
    together = ids.new("job")
    jobs.submit(together, kind="train", queue="train")
    jobs._call("SELECT set_config('assort.worker', 'abcdefgh', true)")
    assert (jobs.claim(job), jobs.claim_all([together])) == (1, {together: 1})
    with connection.cursor() as cursor:
        cursor.execute("RESET ROLE")
        cursor.execute("SELECT DISTINCT worker FROM public.job WHERE id IN (%s, %s)", [job, together])
        assert cursor.fetchall() == [("abcdefgh",)]


def test_the_lease_of_the_newest_attempt_counts(job: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs, "LEASE", timedelta(0))
    first, second = jobs.claim(job), jobs.claim(job)
    assert (first, second) == (1, 2)
    assert not jobs.renew(job, 1)
    with pytest.raises(jobs.LeaseLost):
        jobs.finish(job, 1, "succeeded")
    jobs.finish(job, 2, "succeeded")


def test_a_finished_job_stays_finished(job: str) -> None:
    attempt = jobs.claim(job) or 0
    jobs.finish(job, attempt, "succeeded")
    assert jobs.claim(job) is None
    assert not jobs.cancel(job)
    with pytest.raises(jobs.LeaseLost):
        jobs.finish(job, attempt, "failed")


def test_a_waiting_job_is_canceled_at_once_and_a_running_one_is_not(job: str) -> None:
    assert jobs.cancel(job)
    other = ids.new("job")
    jobs.submit(other, kind="train", queue="train")
    jobs.claim(other)
    assert not jobs.cancel(other)


def test_a_job_that_is_handed_back_has_not_been_tried(job: str) -> None:
    jobs.hand_back(job, jobs.claim(job) or 0)
    assert jobs.claim(job) == 1


def test_the_operators_list_names_kind_and_subject_and_no_content(acme: Organisation) -> None:
    job_id = ids.new("job")
    with isolation.entered(acme):
        jobs.submit(job_id, kind="train", queue="train", subject="support")
    row = Job.objects.get(pk=job_id)
    assert (row.tenant, row.kind, row.subject, row.state) == (acme.tenant, "train", "support", "queued")
