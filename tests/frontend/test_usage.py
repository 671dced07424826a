from collections.abc import Iterator
from datetime import date

import psycopg
import pytest
from django.utils import timezone

from tenants.models import Organisation, Plan, User
from tenants.records.models import Usage
from tests.frontend.conftest import Inside, Studio, Visit
from tests.service import Service


@pytest.fixture
def used(inside: Inside, studio: Studio) -> date:
    """Ten rows of today by the studio's key, and one of last year by nobody's."""
    today = timezone.now().date()
    key = studio.organisation.api_keys.get()
    with inside():
        Usage.objects.create(day=today, api_key=key.id, model="letters", requests=4, rows=10, errors=1)
        Usage.objects.create(day=date(2025, 1, 31), api_key="", model="letters", requests=1, rows=1)
    return today


def test_a_month_is_held_against_the_plan(visit: Visit, rita: User, studio: Studio, used: date) -> None:
    Organisation.objects.filter(pk=studio.organisation.pk).update(plan=Plan.objects.get(name="standard"))
    page = visit(rita, "usage")
    shares = [(share.used, share.limit) for share in page.context["shares"]]
    assert shares == [(10, 1_000_000), (2, 100), (1, 20)]
    assert "10 of 1,000,000" in page.text


def test_the_key_is_named_as_its_owners_named_it(visit: Visit, rita: User, used: date) -> None:
    line = visit(rita, "usage").context["lines"][0]
    assert (line.day, line.key, line.model, line.requests, line.rows, line.errors) == (
        used,
        "tests",
        "letters",
        4,
        10,
        1,
    )


def test_an_earlier_month_has_its_own_lines(visit: Visit, rita: User, used: date) -> None:
    lines = visit(rita, "usage", month="2025-01").context["lines"]
    assert [(line.day, line.key, line.rows) for line in lines] == [(date(2025, 1, 31), "dashboard", 1)]


@pytest.mark.parametrize("month", ["", "soon", "9999-12", "0001-01", "2026-13"])
def test_what_is_no_month_is_this_one(month: str, visit: Visit, rita: User) -> None:
    assert visit(rita, "usage", month=month).context["month"].first == timezone.now().date().replace(day=1)


@pytest.fixture
def told(service: Service, studio: Studio, globex: Organisation) -> Iterator[None]:
    """What a fleet tells of a worker of each organisation; only a fleet and the installation's owner may write it."""
    host = "INSERT INTO fleet_host (host, at, dedicated_to, free_places, detail) VALUES ('test', now(), '', 0, '{}')"
    worker = (
        "INSERT INTO fleet_worker (host, pid, tenant, use, started_at, active_at, is_stopping, own_bytes, cpu_seconds)"
        " VALUES ('test', %s, %s, 'infer', now(), now(), false, %s, 0)"
    )
    with psycopg.connect(service.instance.owner_database_url(), autocommit=True) as owner:
        owner.execute(host)
        owner.execute(worker, [1, studio.organisation.tenant, 32 * 1024 * 1024])
        owner.execute(worker, [2, globex.tenant, 64 * 1024 * 1024])
        yield
        for table in ("fleet_worker", "fleet_host"):
            owner.execute(f"DELETE FROM {table} WHERE host = 'test'")


def test_an_organisation_sees_its_own_workers_and_no_strangers(visit: Visit, rita: User, told: None) -> None:
    page = visit(rita, "usage")
    memory = [worker.memory for worker in page.context["workers"]]
    assert "32.0\xa0MB" in memory
    assert "64.0\xa0MB" not in memory
    assert "Answers requests" in page.text
