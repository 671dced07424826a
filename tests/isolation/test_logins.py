"""What each process's login to the database may not do, were it stolen: tried with the login itself."""

import re
from collections.abc import Callable, Iterator

import psycopg
import pytest

from tenants import isolation, keys
from tests.isolation import logins
from tests.isolation.logins import PROCESSES, Database, refused
from tests.isolation.neighbours import Neighbour
from tests.service import Service

# {theirs}: a schema and role; {worker}: a worker's login.
WITH_POWER = {
    "a superuser's work": "ALTER SYSTEM SET log_statement = 'all'",
    "a new role": "CREATE ROLE intruder",
    "a new database": "CREATE DATABASE intruder",
    "a new schema": "CREATE SCHEMA intruder",
    "a table for all": "CREATE TABLE public.intruder (id int)",
    "a table for this session": "CREATE TEMP TABLE intruder (id int)",
    "a function for all": "CREATE FUNCTION public.intruder() RETURNS int LANGUAGE sql AS 'SELECT 1'",
    "another door": "CREATE FUNCTION door.intruder() RETURNS int LANGUAGE sql AS 'SELECT 1'",
    "to be the owner": "SET ROLE assort_owner",
    "to be anybody": "SET SESSION AUTHORIZATION assort_owner",
    "to become a member": "GRANT {theirs} TO CURRENT_USER",
    "a worker's password": "ALTER ROLE {worker} PASSWORD 'intruder'",
    "the passwords' hashes": "SELECT rolpassword FROM pg_authid",
    "the server's rules": "SELECT * FROM pg_hba_file_rules",
    "the server's log": "SELECT pg_read_file('postgresql.conf')",
    "a server's folder": "SELECT pg_ls_dir('.')",
    "a server's file": "COPY (SELECT 1) TO '/tmp/intruder'",
    "a server's program": "COPY (SELECT 1) TO PROGRAM 'true'",
    "a file as a large object": "SELECT lo_import('/etc/passwd')",
    "all large objects": "SELECT data FROM pg_largeobject",
    "a connection from the server": "CREATE FOREIGN DATA WRAPPER intruder",
    "a function at every change": "CREATE EVENT TRIGGER intruder ON ddl_command_end EXECUTE FUNCTION door.tenant()",
    "what every change says": "CREATE PUBLICATION intruder FOR ALL TABLES",
    "a copy of every change": "SELECT pg_create_logical_replication_slot('intruder', 'pgoutput')",
    "another's session": "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'assort_owner'",
    "another's schema": "SELECT count(*) FROM {theirs}.classifier_dataset",
    "another's sequence": "SELECT last_value FROM {theirs}.classifier_row_id_seq",
    "to drop another's schema": "DROP SCHEMA {theirs} CASCADE",
    "to empty another's table": "TRUNCATE {theirs}.classifier_dataset",
    "another's statistics": "ANALYZE VERBOSE {theirs}.classifier_dataset; SELECT * FROM pg_statistic",
}
# What is not this process's business in `public`.
NOT_THEIRS = {
    "web": (
        *("UPDATE job SET state = 'done'", "INSERT INTO job (id) VALUES ('x')", "DELETE FROM job"),
        *("UPDATE route SET version = 1", "DELETE FROM route", "INSERT INTO letter (tenant) VALUES ('x')"),
        *("DELETE FROM letter", "UPDATE appointment SET tenant = 'x'", "UPDATE operator_audit SET action = 'x'"),
        *("DELETE FROM operator_audit", "UPDATE fleet_worker SET pid = 1", "UPDATE tenant_lease SET host = 'x'"),
        *("INSERT INTO quarantine (tenant) VALUES ('x')", "DELETE FROM heartbeat", "DELETE FROM django_migrations"),
    ),
    "relay": (
        *('SELECT * FROM "user"', "SELECT * FROM api_key", "SELECT * FROM membership", "SELECT * FROM letter"),
        *("SELECT * FROM django_session", "SELECT * FROM plan", "UPDATE organisation SET status = 'active'"),
        *("SELECT * FROM invitation", "UPDATE route SET version = 1", "SET ROLE {theirs}"),
    ),
    "fleet": (
        *('SELECT * FROM "user"', "SELECT * FROM api_key", "SELECT * FROM membership", "SELECT * FROM letter"),
        *("SELECT * FROM django_session", "UPDATE job SET state = 'done'", "UPDATE plan SET name = 'x'"),
        *("UPDATE organisation SET status = 'active'", "SELECT * FROM route", "SET ROLE {theirs}"),
    ),
    "registrar": (
        *('SELECT * FROM "user"', "SELECT * FROM api_key", "SELECT * FROM membership", "SELECT * FROM letter"),
        *("SELECT * FROM django_session", "DELETE FROM job", "UPDATE route SET version = 1", "SET ROLE {theirs}"),
        "UPDATE organisation SET status = 'active'",
    ),
    "postman": (
        *('SELECT password FROM "user"', 'SELECT * FROM "user"', 'UPDATE "user" SET email = NULL'),
        *("SELECT * FROM api_key", "SELECT * FROM job", "SELECT * FROM route", "SELECT * FROM django_session"),
        *("INSERT INTO letter (tenant) VALUES ('x')", "DELETE FROM membership", "SELECT * FROM invitation"),
        *("UPDATE organisation SET status = 'active'", "SET ROLE {theirs}"),
    ),
}
ITS_OWN = {
    "web": "SELECT count(*) FROM api_key",
    "relay": "SELECT count(*) FROM job",
    "fleet": "SELECT count(*) FROM tenant_lease",
    "registrar": "SELECT count(*) FROM route",
    "postman": 'SELECT id, email FROM "user"',
}


CHANNELS = ("job", "route", "caller", "letter", "provisioning")


@pytest.fixture(scope="module")
def connect(service: Service, ours: Neighbour, theirs: Neighbour) -> Iterator[Callable[[str], Database]]:
    """Return the connection of a process, or with `worker` that of a worker of the stranger."""
    opened: dict[str, Database] = {}

    def of(process: str) -> Database:
        if process not in opened:
            is_worker = process == "worker"
            tenant = theirs.tenant
            opened[process] = (
                logins.database_of_worker(service, tenant) if is_worker else logins.database_of(service, process)
            )
        opened[process].execute("RESET ROLE")
        return opened[process]

    yield of
    for each in opened.values():
        each.close()


def named(statement: str, ours: Neighbour) -> str:
    return statement.format(theirs=isolation.schema(ours.tenant), worker=isolation.worker_login(ours.tenant))


@pytest.mark.proves(
    "database", "PostgreSQL", "Each process's stolen login seizes power, others' rows or the server's files"
)
@pytest.mark.parametrize("what", WITH_POWER)
@pytest.mark.parametrize("process", [*PROCESSES, "worker"])
def test_no_login_has_any_power(connect: Callable[[str], Database], ours: Neighbour, process: str, what: str) -> None:
    assert refused(connect(process), named(WITH_POWER[what], ours))


@pytest.mark.proves(
    "database", "PostgreSQL", "Each process's stolen login reads or changes what another process is for"
)
@pytest.mark.parametrize(("process", "statement"), [(name, each) for name, all in NOT_THEIRS.items() for each in all])
def test_a_login_does_what_its_process_is_for_and_nothing_else(
    connect: Callable[[str], Database], ours: Neighbour, process: str, statement: str
) -> None:
    assert refused(connect(process), named(statement, ours))


@pytest.mark.control
@pytest.mark.parametrize("process", PROCESSES)
def test_a_login_does_what_its_process_is_for(connect: Callable[[str], Database], process: str) -> None:
    assert connect(process).execute(ITS_OWN[process]).fetchone() is not None


@pytest.mark.proves(
    "database", "PostgreSQL", "The web process forgets to enter an organisation, or leaves it in the middle"
)
def test_the_web_process_sees_an_organisation_only_inside(connect: Callable[[str], Database], ours: Neighbour) -> None:
    web, rows = connect("web"), f"SELECT count(*) FROM {isolation.schema(ours.tenant)}.classifier_dataset"
    assert refused(web, rows)
    web.execute(f"SET ROLE {isolation.schema(ours.tenant)}")
    assert web.execute(rows).fetchone() == (1,)
    assert refused(web, "SELECT count(*) FROM public.api_key")
    web.execute("RESET ROLE")
    assert refused(web, rows)


@pytest.mark.proves("database", "PostgreSQL", "Inside one organisation, the web process asks for another's rows")
def test_inside_one_organisation_the_web_process_sees_no_other(
    connect: Callable[[str], Database], ours: Neighbour, theirs: Neighbour
) -> None:
    web = connect("web")
    web.execute(f"SET ROLE {isolation.schema(theirs.tenant)}")
    assert refused(web, f"SELECT count(*) FROM {isolation.schema(ours.tenant)}.classifier_dataset")


@pytest.mark.proves("models", "PostgreSQL", "Every login but the registrar's connects to MLflow's database")
@pytest.mark.parametrize("process", ["web", "relay", "fleet", "postman", "worker"])
def test_mlflows_tables_are_the_registrars(service: Service, theirs: Neighbour, process: str) -> None:
    at = logins.address_of_worker(service, theirs.tenant) if process == "worker" else logins.address(service, process)
    with pytest.raises(psycopg.OperationalError, match="permission denied for database"):
        psycopg.connect(f"{at.rpartition('/')[0]}/assort_mlflow")


@pytest.mark.control
def test_the_registrar_reads_mlflows_tables(service: Service) -> None:
    with psycopg.connect(service.instance.environment("registrar")["MLFLOW_DATABASE_URL"]) as mlflow:
        assert mlflow.execute("SELECT count(*) FROM information_schema.tables").fetchone() != (0,)


@pytest.mark.proves(
    "database", "PostgreSQL", "A worker reads others' statements, statistics and large objects in the catalogues"
)
def test_the_catalogues_show_nothing_of_others(
    service: Service, connect: Callable[[str], Database], ours: Neighbour
) -> None:
    worker = connect("worker")
    with psycopg.connect(service.instance.owner_database_url(), autocommit=True) as owner:
        owner.execute("SELECT 'a secret of the owner'")
        secret = owner.execute("SELECT lo_from_bytea(0, 'a secret of the owner')").fetchone()
        assert secret is not None
        owner.execute(f"ANALYZE {isolation.schema(ours.tenant)}.classifier_row")
        assert "a secret of the owner" not in statements(worker)
        assert refused(worker, f"SELECT lo_get({secret[0]})")
        owner.execute(f"SELECT lo_unlink({secret[0]})")
    foreign = "SELECT count(*) FROM pg_stats WHERE schemaname = %s"
    assert worker.execute(foreign, [isolation.schema(ours.tenant)]).fetchone() == (0,)


@pytest.mark.control
def test_the_catalogues_show_what_is_ones_own(
    service: Service, connect: Callable[[str], Database], ours: Neighbour, theirs: Neighbour
) -> None:
    with psycopg.connect(service.instance.owner_database_url(), autocommit=True) as owner:
        owner.execute(f"ANALYZE {isolation.schema(theirs.tenant)}.classifier_row")
    worker = connect("worker")
    assert "FROM pg_stat_activity" in statements(worker)
    own = "SELECT count(*) FROM pg_stats WHERE schemaname = %s"
    assert worker.execute(own, [isolation.schema(theirs.tenant)]).fetchone() != (0,)


@pytest.mark.proves(
    "database", "code", "A worker listens to the notices of all: do they tell more than whose something is?"
)
def test_notices_tell_ids_and_nothing_else(connect: Callable[[str], Database], ours: Neighbour) -> None:
    worker = connect("worker")
    for channel in CHANNELS:
        worker.execute(f"LISTEN {channel}")
    made, _ = keys.issue(organisation=ours.organisation, name="a secret", scopes=["read"], by=ours.owner.email)
    keys.revoke(organisation=ours.organisation, key_id=made.id, by=ours.owner.email)
    heard = [notice.payload for notice in worker.notifies(timeout=2)]
    # That something was heard shows that more would have been.
    assert ours.tenant in heard
    assert [payload for payload in heard if not re.fullmatch(r"[a-z0-9]{16}|assort|\*|", payload)] == []


def statements(database: Database) -> str:
    """Return what this login sees of the statements that run, or ran last, in all sessions."""
    rows = database.execute("SELECT coalesce(query, '') FROM pg_stat_activity").fetchall()
    return "\n".join(query for (query,) in rows)
