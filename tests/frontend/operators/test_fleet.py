from collections.abc import Iterator

import psycopg
import pytest

from tenants.models import OperatorEntry, Organisation, Quarantine, User
from tests.frontend.operators.conftest import Desk
from tests.service import Service
from tests.universe import Universe

LIST = "tenants_quarantine_changelist"


@pytest.fixture
def quarantined(service: Service, cast: Universe) -> Iterator[Organisation]:
    """Globex, whose workers a fleet has put in quarantine; the installation's owner writes what a fleet would.

    Tests name it first, so that their transaction has ended when the row is taken away.
    """
    row = (
        "INSERT INTO quarantine (tenant, use, host, failures, since, until, log)"
        " VALUES (%s, 'train', 'gone', 5, now(), now() + interval '1 hour', '/data/logs/workers/globex.log')"
    )
    with psycopg.connect(service.instance.owner_database_url(), autocommit=True) as owner:
        owner.execute(row, [cast.globex.tenant])
        yield cast.globex
        owner.execute("DELETE FROM quarantine WHERE tenant = %s", [cast.globex.tenant])


def test_the_desk_shows_who_is_in_quarantine_and_where_the_log_is(quarantined: Organisation, look: Desk) -> None:
    page = look(LIST).text
    assert quarantined.slug in page
    assert "/data/logs/workers/globex.log" in page
    assert look("index").context["health"].quarantined >= 1


def test_an_operator_releases_them_and_it_stands_in_the_audit(quarantined: Organisation, act: Desk, olga: User) -> None:
    act(LIST, action="release", _selected_action=Quarantine.objects.get(tenant=quarantined.tenant).pk)
    assert not Quarantine.objects.filter(tenant=quarantined.tenant).exists()
    entry = OperatorEntry.objects.get(action="organisation.released")
    assert (entry.actor, entry.detail["uses"]) == (olga.email, ["train"])


def test_workers_are_listed(look: Desk) -> None:
    assert look("tenants_fleetworker_changelist").status_code == 200
