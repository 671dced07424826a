import os
import shutil
import signal
import socket
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from saas import embedded, embedded_server, process
from saas.embedded_server import EmbeddedError
from saas.instance import ROOT, Instance, InstanceError
from tests.saas import servers

START = (
    "import sys, time; from pathlib import Path; from tests.saas import servers; "
    "from saas.instance import Instance; "
    "servers.start(Instance.create(Path(sys.argv[1]))); print('started', flush=True); time.sleep(1000)"
)


@pytest.fixture(autouse=True)
def _no_servers_of_the_caller(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DATABASE_URL", raising=False)
    monkeypatch.delenv("REDIS_URL", raising=False)


@pytest.fixture
def fresh(tmp_path: Path) -> Iterator[Instance]:
    """An instance that has never run."""
    instance = Instance.create(tmp_path / "a folder")
    yield instance
    servers.stop(instance)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of an instance whose servers have run and were stopped."""
    with pytest.MonkeyPatch.context() as patched:
        for name in ("DATABASE_URL", "REDIS_URL"):
            patched.delenv(name, raising=False)
        instance = Instance.create(tmp_path_factory.mktemp("made") / "a folder")
        try:
            servers.start(instance)
        finally:
            servers.stop(instance)
    return instance.data


@pytest.fixture
def instance(made: Path, tmp_path: Path) -> Iterator[Instance]:
    """An instance that has run before, since making a cluster takes longer than all that is asked of it here."""
    instance = Instance.create(shutil.copytree(made, tmp_path / "a folder"))
    yield instance
    servers.stop(instance)


def running(instance: Instance) -> list[process.Found]:
    return [found for name in embedded.NAMES for found in process.working_in(instance.data / name)]


def query(instance: Instance, statement: str) -> object:
    with psycopg.connect(instance.owner_database_url(), connect_timeout=5) as connection:
        cursor = connection.execute(statement.encode())
        row = cursor.fetchone() if cursor.description else None
    return row and row[0]


def broker(instance: Instance) -> "redis.Redis":
    return redis.Redis.from_url(instance.owner_redis_url(), decode_responses=True)


def test_both_answer_to_the_owners_logins(fresh: Instance) -> None:
    servers.start(fresh)
    assert query(fresh, "SELECT current_user || ' ' || current_database()") == "assort_owner assort"
    assert broker(fresh).ping() is True


def test_the_owner_can_make_roles_and_databases_and_is_no_superuser(instance: Instance) -> None:
    servers.start(instance)
    statement = (
        "SELECT array[rolcreaterole, rolcreatedb, rolsuper, rolbypassrls] FROM pg_roles WHERE rolname = current_user"
    )
    assert query(instance, statement) == [True, True, False, False]


def test_nobody_gets_in_without_a_password_or_as_the_superuser(instance: Instance) -> None:
    servers.start(instance)
    address = f"127.0.0.1:{instance.ports['postgres']}/assort"
    with pytest.raises(psycopg.OperationalError, match="password"):
        psycopg.connect(f"postgresql://assort_owner:wrong@{address}")
    with pytest.raises(psycopg.OperationalError, match=r"pg_hba\.conf rejects"):
        psycopg.connect(f"postgresql://postgres@{address}")
    with pytest.raises(redis.AuthenticationError):
        redis.Redis(port=instance.ports["valkey"], retry=Retry(NoBackoff(), 0)).ping()


def test_letters_beyond_ascii_fold_their_case(instance: Instance) -> None:
    servers.start(instance)
    assert query(instance, "SELECT lower('ÉÖЖ')") == "éöж"


def test_what_was_written_is_there_after_a_stop(instance: Instance) -> None:
    servers.start(instance)
    query(instance, "CREATE TABLE kept ()")
    broker(instance).lpush("kept", "1")
    servers.stop(instance)
    assert running(instance) == []
    servers.start(instance)
    assert query(instance, "SELECT to_regclass('kept')::text") == "kept"
    assert broker(instance).llen("kept") == 1


def test_servers_that_were_killed_start_again_with_what_they_had(instance: Instance) -> None:
    servers.start(instance)
    query(instance, "CREATE TABLE kept ()")
    process.end(running(instance), how=signal.SIGKILL)
    servers.start(instance)
    assert query(instance, "SELECT to_regclass('kept')::text") == "kept"


def test_a_stale_pid_file_does_not_stop_the_start(instance: Instance) -> None:
    servers.start(instance)
    pid_file = instance.data / "postgres" / "postmaster.pid"
    content = pid_file.read_text()
    servers.stop(instance)
    # The number now belongs to this very process, which is alive and not PostgreSQL.
    pid_file.write_text(content.replace(content.split("\n")[0], str(os.getpid()), 1))
    servers.start(instance)
    assert query(instance, "SELECT 1") == 1


def test_a_half_made_cluster_is_made_anew(fresh: Instance) -> None:
    half = fresh.data / "postgres.making"
    (half / "base").mkdir(parents=True)
    (half / "PG_VERSION").write_text("18\n")
    servers.start(fresh)
    assert query(fresh, "SELECT 1") == 1
    assert not half.exists()


def test_servers_of_a_killed_run_do_not_outlive_it(instance: Instance) -> None:
    run = subprocess.Popen(
        [sys.executable, "-c", START, str(instance.data)], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    assert run.stdout is not None
    assert run.stdout.readline() == "started\n"
    assert running(instance)
    run.kill()
    run.communicate()
    assert process.wait_for(lambda: not running(instance), 10)


def test_a_server_that_is_alive_on_the_same_directory_is_ended_first(instance: Instance) -> None:
    servers.start(instance)
    earlier = running(instance)
    servers.start(instance)
    assert not any(server.is_alive for server in earlier)
    assert query(instance, "SELECT 1") == 1


def test_a_directory_in_use_is_refused(instance: Instance) -> None:
    servers.start(instance)
    with pytest.raises(InstanceError, match=r"Another \./assort is running"):
        servers.start(Instance.create(instance.data))
    assert query(instance, "SELECT 1") == 1


def test_a_port_that_somebody_took_meanwhile_is_given_up(instance: Instance) -> None:
    taken = instance.ports["postgres"]
    with socket.create_server(("127.0.0.1", taken)):
        servers.start(instance)
    assert instance.ports["postgres"] != taken
    assert query(instance, "SELECT 1") == 1


def test_a_server_that_does_not_start_is_reported_with_the_end_of_its_log(instance: Instance) -> None:
    servers.start(instance)
    servers.stop(instance)
    (instance.data / "postgres" / "global" / "pg_control").unlink()
    with pytest.raises(EmbeddedError, match=r"postgres does not start\.(?s:.)*pg_control"):
        servers.start(instance)


def test_no_password_is_on_a_command_line_or_readable_by_others(instance: Instance) -> None:
    servers.start(instance)
    for found in running(instance):
        line = Path(f"/proc/{found.pid}/cmdline").read_text()
        assert not any(secret in line for secret in instance.secrets.values())
    assert stat.S_IMODE((instance.data / "valkey" / "valkey.conf").stat().st_mode) == 0o600


def test_outside_servers_are_not_doubled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://boss:pw@db.example/service")
    monkeypatch.setenv("REDIS_URL", "redis://:pw@broker.example/0")
    assert embedded.services(Instance.create(tmp_path)) == []


def test_a_server_of_roots_is_nobody_and_has_no_privilege(instance: Instance) -> None:
    servers.start(instance)
    for found in running(instance):
        status = Path(f"/proc/{found.pid}/status").read_text()
        effective = next(line.split()[1] for line in status.splitlines() if line.startswith("CapEff"))
        assert int(effective, 16) == 0


def test_where_user_namespaces_are_refused_the_servers_change_their_user(
    fresh: Instance, monkeypatch: pytest.MonkeyPatch
) -> None:
    ways = [way for way in (embedded_server.NOBODY,) if os.geteuid() == 0 and way.works]
    expected = {way.owner for way in ways} or {os.geteuid()}
    which = shutil.which
    monkeypatch.setattr(shutil, "which", lambda name: None if name == "unshare" else which(name))
    servers.start(fresh)
    assert {Path(f"/proc/{found.pid}").stat().st_uid for found in running(fresh)} == expected
    assert query(fresh, "SELECT 1") == 1
