import os
import time
from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone

from classifier import results, tidying, uploads
from classifier.models import Classification
from tenants import ids, isolation, jobs
from tenants.models import Job, Organisation
from tenants.records.models import IdempotencyKey
from tests import universe
from tests.classifier.test_results import TUESDAY, answered


def job_for(organisation: Organisation) -> str:
    with isolation.entered(organisation):
        job = ids.new("job")
        jobs.submit(job, kind=tidying.KIND, queue="batch")
    return job


def left(organisation: Organisation, *, age: float) -> Path:
    path = uploads.new_path(organisation.tenant)
    path.write_text("left behind")
    os.utime(path, (time.time() - age,) * 2)
    return path


def test_what_is_over_goes_and_the_rest_stays(acme: Organisation) -> None:
    job, old, new = job_for(acme), left(acme, age=90_000), left(acme, age=10)
    with isolation.entered(acme):
        before = Classification.objects.count()
        results.record([answered(1, "bug", at=TUESDAY, keep_seconds=1), answered(2, "bug")])
        for key in ("old", "new"):
            IdempotencyKey.objects.create(key=key, fingerprint="", status=201, body="")
        IdempotencyKey.objects.filter(key="old").update(created_at=timezone.now() - timedelta(hours=25))
        tidying.tidy(job, tenant=acme.tenant)
        assert Classification.objects.count() == before + 1
        assert [kept.key for kept in IdempotencyKey.objects.all()] == ["new"]
    assert (old.exists(), new.exists()) == (False, True)
    assert Job.objects.get(pk=job).outcome == "succeeded"


def test_a_finished_job_is_not_done_again(acme: Organisation) -> None:
    job = job_for(acme)
    with isolation.entered(acme):
        tidying.tidy(job, tenant=acme.tenant)
        before = Classification.objects.count()
        results.record([answered(1, "bug", at=TUESDAY, keep_seconds=1)])
        tidying.tidy(job, tenant=acme.tenant)
        assert Classification.objects.count() == before + 1


def test_an_organisation_is_tidied_by_its_own_worker_though_nobody_asks(committed: None) -> None:
    quiet, _ = universe.organisation("Quiet", universe.person("quinn"))
    with isolation.entered(quiet):
        results.record([answered(1, "bug", at=TUESDAY, keep_seconds=1)])
    Organisation.objects.filter(pk=quiet.pk).update(created_at=timezone.now() - timedelta(days=2))
    deadline = time.monotonic() + 30
    while not Job.objects.filter(tenant=quiet.tenant, kind=tidying.KIND, state="done").exists():
        assert time.monotonic() < deadline
        time.sleep(0.2)
    with isolation.entered(quiet):
        assert not Classification.objects.exists()
    assert Job.objects.filter(tenant=quiet.tenant, kind=tidying.KIND).count() == 1


def test_a_job_whose_worker_was_lost_each_time_is_left_to_the_next(
    acme: Organisation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs, "ATTEMPTS", 0)
    job, old = job_for(acme), left(acme, age=90_000)
    with isolation.entered(acme):
        tidying.tidy(job, tenant=acme.tenant)
    assert Job.objects.get(pk=job).outcome == "failed"
    assert old.exists()
