from datetime import timedelta

import pytest
from django.db import OperationalError
from django.utils import timezone

from classifier import follower, following, registry
from classifier.models import TrainingJob
from tenants import appointments, ids, isolation, jobs
from tenants.models import Appointment, Job, Organisation
from tests.classifier import rows


@pytest.fixture
def job(acme: Organisation) -> str:
    """A look at Acme's models `first` and `second`, which both follow a data set with a new row."""
    with isolation.entered(acme):
        dataset = rows.ready(acme)
        for name in ("first", "second"):
            rows.trained(acme, dataset, name)
            following.set_rule(model=registry.get(name), by="alice", follow="automatic")
        rows.grown(acme, dataset, "the price is new to me,billing")
        job_id = ids.new("job")
        jobs.submit(job_id, kind=follower.KIND, queue="batch")
    return job_id


def do(organisation: Organisation, job: str) -> list[str]:
    """Do the job and return the names of the models that are trained by then."""
    with isolation.entered(organisation):
        follower.follow(job, tenant=organisation.tenant)
        found = TrainingJob.objects.filter(created_by=following.BY).order_by("model__name")
        return list(found.values_list("model__name", flat=True))


def test_all_models_that_follow_are_looked_at(acme: Organisation, job: str) -> None:
    assert do(acme, job) == ["first", "second"]
    assert Job.objects.get(pk=job).outcome == "succeeded"


def test_a_look_that_comes_twice_is_done_once(acme: Organisation, job: str) -> None:
    do(acme, job)
    assert do(acme, job) == ["first", "second"]


def test_one_models_trouble_does_not_keep_the_others_waiting(
    acme: Organisation, job: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    look = following.look

    def stumble(name: str) -> None:
        if name == "first":
            raise ValueError(name)
        look(name)

    monkeypatch.setattr(following, "look", stumble)
    assert do(acme, job) == ["second"]
    assert Job.objects.get(pk=job).outcome == "failed"
    assert Appointment.objects.filter(tenant=acme.tenant, subject="first").exists()


def test_a_database_that_is_away_leaves_the_job_to_the_next_attempt(
    acme: Organisation, job: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lose(name: str) -> None:
        raise OperationalError

    monkeypatch.setattr(following, "look", lose)
    with isolation.entered(acme), pytest.raises(OperationalError):
        follower.follow(job, tenant=acme.tenant)
    assert Job.objects.get(pk=job).state == "running"


def test_after_three_lost_attempts_the_next_look_is_an_hour_later(
    acme: Organisation, job: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs, "LEASE", timedelta(0))
    with isolation.entered(acme):
        for name in ("first", "second"):
            appointments.drop(name)
        for _ in range(jobs.ATTEMPTS):
            jobs.claim(job)
    assert do(acme, job) == []
    dues = Appointment.objects.filter(tenant=acme.tenant).values_list("due_at", flat=True)
    assert len(dues) == 2
    assert min(dues) > timezone.now() + timedelta(minutes=59)
