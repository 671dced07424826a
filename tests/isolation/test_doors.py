"""Every door of the database, tried by a worker with the jobs, models and letters of another organisation.

The doors come from the database's own catalogue, so a new one is covered from its first day.
"""

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from tenants import ids, isolation, jobs
from tenants.logins import FUNCTIONS
from tests.isolation import logins, neighbours
from tests.isolation.logins import Database
from tests.isolation.neighbours import Neighbour
from tests.service import Service

# What each door is asked for about another's, and what it answers where it finds nothing.
ASKED: dict[str, tuple[str, Any]] = {
    "cancel_job": ("SELECT door.cancel_job('{waiting}')", [(False,)]),
    "claim_job": ("SELECT door.claim_job('{waiting}', interval '1 hour')", [(None,)]),
    "claim_jobs": ("SELECT * FROM door.claim_jobs(ARRAY['{waiting}'], interval '1 hour')", []),
    "renew_job": ("SELECT door.renew_job('{running}', 1, interval '1 hour')", [(False,)]),
    "finish_job": ("SELECT door.finish_job('{running}', 1, 'succeeded')", [(False,)]),
    "finish_jobs": ("SELECT * FROM door.finish_jobs(ARRAY['{running}'], ARRAY[1], ARRAY['succeeded'])", []),
    "hand_back_job": ("SELECT door.hand_back_job('{running}', 1)", [(False,)]),
    "set_route": ("SELECT door.set_route('{model}', 9, 'text', 2, '')", [(None,)]),
    "drop_route": ("SELECT door.drop_route('{model}')", [(None,)]),
    "set_appointment": ("SELECT door.set_appointment('{model}', now() + interval '1 day')", [(None,)]),
    "drop_appointment": ("SELECT door.drop_appointment('{model}')", [(None,)]),
    "write_letter": ("SELECT door.write_letter('rows_wait', '{model}', 'forged')", [(None,)]),
    "write_quota_letter": ("SELECT door.write_quota_letter('{key}', 100, 'forged')", [(None,)]),
    "settle_request": ("SELECT door.settle_request('{new}', '{model}@1', 'forged')", [(None,)]),
    "submit_job": ("SELECT door.submit_job('{new}', 'tidy', 'batch', '{model}')", [(None,)]),
    "submit_jobs": ("SELECT door.submit_jobs(ARRAY['{new}'], 'tidy', 'batch', ARRAY['{model}'])", [(None,)]),
}
# These take nothing, and show what is one's own or everybody's.
SHOWING = {"tenant", "workers", "is_replaced", "shared_models", "encoders"}


@pytest.fixture(scope="module")
def known(service: Service, ours: Neighbour) -> Iterator[dict[str, str]]:
    """What the stranger has learnt of ours: a job that waits, one that runs, and names."""
    with neighbours.relay_stands_still(service):
        waiting, running = ids.new("job"), ids.new("job")
        with isolation.entered(ours.organisation):
            for id in (waiting, running):
                jobs.submit(id, kind="tidy", queue="batch")
            jobs.claim(running)
        yield {"waiting": waiting, "running": running, "model": ours.names["model"], "key": ours.names["key_id"]}


@pytest.fixture(scope="module")
def before(service: Service, ours: Neighbour, known: dict[str, str]) -> dict[str, str]:
    return neighbours.fingerprint(service, ours)


@pytest.fixture
def worker(service: Service, theirs: Neighbour) -> Iterator[Database]:
    with logins.database_of_worker(service, theirs.tenant) as connection:
        yield connection


@pytest.mark.control
def test_every_door_is_tried(service: Service, ours: Neighbour) -> None:
    with psycopg.connect(service.instance.owner_database_url()) as owner:
        found = owner.execute("SELECT proname FROM pg_proc WHERE pronamespace = 'door'::regnamespace").fetchall()
    assert {name for (name,) in found} == {*ASKED, *SHOWING}


@pytest.mark.proves(
    "database", "PostgreSQL", "Every door is asked for the jobs, models and keys of another organisation"
)
@pytest.mark.parametrize("door", ASKED)
def test_a_door_opens_to_ones_own_only(
    service: Service, ours: Neighbour, worker: Database, known: dict[str, str], before: dict[str, str], door: str
) -> None:
    statement, finds = ASKED[door]
    asked = statement.format_map({**known, "new": ids.new("job")})
    assert worker.execute(asked).fetchall() == finds
    assert neighbours.fingerprint(service, ours) == before


@pytest.mark.proves("database", "PostgreSQL", "A door is asked by a login that belongs to no organisation")
@pytest.mark.parametrize("door", ASKED)
def test_a_door_opens_to_no_process(service: Service, known: dict[str, str], door: str) -> None:
    asked = ASKED[door][0].format_map({**known, "new": ids.new("job")})
    for process in logins.PROCESSES:
        with logins.database_of(service, process) as connection:
            assert logins.refused(connection, asked)


@pytest.mark.proves("database", "PostgreSQL", "A function that runs as the owner is called by whom it is not for")
def test_a_function_of_the_owner_opens_to_whom_it_is_for(service: Service, ours: Neighbour) -> None:
    with psycopg.connect(service.instance.owner_database_url()) as owner:
        found = owner.execute("""
            SELECT rolname, proname FROM pg_roles, pg_proc WHERE pronamespace = 'public'::regnamespace AND prosecdef
                AND has_function_privilege(rolname, pg_proc.oid, 'EXECUTE') AND NOT rolsuper AND rolname <> current_user
        """).fetchall()
    assert set(found) == {(f"assort_{process}", name) for process, names in FUNCTIONS.items() for name in names}


@pytest.mark.proves("database", "PostgreSQL", "What a worker says of itself in its session makes it somebody else")
@pytest.mark.parametrize("setting", ["search_path", "session_authorization", "assort.tenant", "role"])
def test_no_setting_makes_another_of_it(worker: Database, ours: Neighbour, theirs: Neighbour, setting: str) -> None:
    if not logins.refused(worker, f"SELECT set_config('{setting}', '{isolation.schema(ours.tenant)}', false)"):
        assert worker.execute("SELECT door.tenant()").fetchone() == (theirs.tenant,)


@pytest.mark.control
def test_the_same_doors_open_to_whose_it_is(service: Service, ours: Neighbour, known: dict[str, str]) -> None:
    with logins.database_of_worker(service, ours.tenant) as own:
        assert own.execute("SELECT door.renew_job(%s, 1, interval '1 hour')", [known["running"]]).fetchone() == (True,)
        assert own.execute("SELECT door.cancel_job(%s)", [known["waiting"]]).fetchone() == (True,)
