"""What `./assort doctor` finds where something is missing, and that it says how to mend that."""

import json
import secrets
import socket
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import quote, urlsplit

import psycopg
import pytest
import redis
from psycopg import sql

from saas.doctor import database, encryption, machine, queues, surroundings
from saas.doctor.clock import skew
from saas.doctor.finding import Finding, State
from saas.instance import Instance
from tests.service import Service

PASSWORD = "a-password-of-these-tests"


def states(findings: Iterator[Finding] | list[Finding]) -> dict[str, State]:
    return {found.about: found.state for found in findings}


def missing(findings: Iterator[Finding]) -> dict[str, str]:
    """Return what is missing, and what mends it."""
    return {found.about: found.todo for found in findings if found.state == State.MISSING}


# --- the command


def test_a_service_that_runs_lacks_nothing(service: Service) -> None:
    said = service.assort("doctor")
    assert said.returncode == 0, said.stdout
    lines = said.stdout.splitlines()
    assert all(line.startswith(("ok       ", "warning  ")) for line in lines)
    assert any("PostgreSQL answers at 127.0.0.1" in line for line in lines)
    assert any("sessions last as long as their connections" in line for line in lines)


def test_machines_are_told_the_same(service: Service) -> None:
    said = json.loads(service.assort("doctor", "--json").stdout)
    assert said["healthy"] is True
    assert {"postgresql", "createrole", "broker", "eviction", "mail"} <= {found["about"] for found in said["findings"]}


def test_what_is_missing_is_the_exit_status_and_says_what_to_do(service: Service) -> None:
    at = urlsplit(service.instance.owner_database_url())
    elsewhere = Service(
        service.instance.data.with_name("examined"),
        servers={
            "DATABASE_URL": f"postgresql://nobody:x@127.0.0.1:{at.port}/assort",
            "REDIS_URL": "redis://127.0.0.1:1",
        },
    )
    said = elsewhere.assort("doctor")
    assert said.returncode == 1
    assert "missing  PostgreSQL at 127.0.0.1" in said.stdout
    assert "To do: start it, open its port, or correct REDIS_URL." in said.stdout
    assert all(line.startswith(("ok ", "warning ", "missing ")) for line in said.stdout.splitlines())


# --- PostgreSQL


@dataclass(frozen=True)
class Owner:
    """A login with a database of its own, which has all that an installation's owner needs, and its administrator."""

    name: str
    url: str
    administrator: psycopg.Connection

    def change(self, statement: str) -> None:
        """Run SQL as the administrator, in which `{}` is this login and its database."""
        self.administrator.execute(sql.SQL(statement).format(sql.Identifier(self.name)))

    def change_inside(self, statement: str) -> None:
        """The same in the database of this login, as whoever owns it."""
        with psycopg.connect(self.url, autocommit=True) as opened:
            opened.execute(sql.SQL(statement).format(sql.Identifier(self.name)))

    def missing(self, *, mlflow: str = "assort_mlflow") -> dict[str, str]:
        return missing(database.examine(self.url, mlflow=mlflow))


@pytest.fixture
def owner(service: Service) -> Iterator[Owner]:
    name = f"doctor_{secrets.token_hex(4)}"
    url = service.instance.owner_database_url()
    at = urlsplit(url)
    own = at._replace(netloc=f"{name}:{PASSWORD}@{at.hostname}:{at.port}", path=f"/{name}").geturl()
    with psycopg.connect(url, autocommit=True) as administrator:
        made = Owner(name, own, administrator)
        made.change(f"CREATE ROLE {{}} LOGIN CREATEROLE CREATEDB PASSWORD '{PASSWORD}'")
        made.change("GRANT {} TO CURRENT_USER WITH INHERIT TRUE, SET TRUE")
        administrator.execute(sql.SQL("CREATE DATABASE {0} OWNER {0}").format(sql.Identifier(name)))
        for (role,) in administrator.execute(
            "SELECT rolname FROM pg_roles WHERE rolname ~ '^(assort_|t_|wk_)'"
        ).fetchall():
            if role != "assort_owner":
                grant = sql.SQL("GRANT {} TO {} WITH ADMIN TRUE, INHERIT FALSE, SET FALSE")
                administrator.execute(grant.format(sql.Identifier(role), sql.Identifier(name)))
        yield made
        made.change("DROP DATABASE {} WITH (FORCE)")
        made.change("DROP ROLE {}")


def test_an_owner_with_all_privileges_lacks_none(owner: Owner) -> None:
    assert owner.missing() == {}


def test_a_login_that_may_make_no_roles(owner: Owner) -> None:
    owner.change("ALTER ROLE {} NOCREATEROLE")
    assert owner.missing() == {"createrole": f'ALTER ROLE "{owner.name}" CREATEROLE;'}


def test_a_login_that_may_make_no_databases_where_mlflows_is_not_there(owner: Owner) -> None:
    owner.change("ALTER ROLE {} NOCREATEDB")
    assert owner.missing() == {}
    assert owner.missing(mlflow="not_there") == {"createdb": f'ALTER ROLE "{owner.name}" CREATEDB;'}


def test_a_login_that_does_not_own_the_database_lacks_what_an_owner_has_until_it_is_granted(
    owner: Owner, service: Service
) -> None:
    owner.change("ALTER DATABASE {} OWNER TO assort_owner")
    found = owner.missing()
    assert found["owner"] == f'ALTER DATABASE "{owner.name}" OWNER TO "{owner.name}";'
    assert found.keys() == {"owner", "create schemas", "create tables", "grant usage"}
    # The administrator, in the login's database.
    url = urlsplit(service.instance.owner_database_url())._replace(path=f"/{owner.name}").geturl()
    with psycopg.connect(url, autocommit=True) as inside:
        for about in ("create schemas", "create tables", "grant usage"):
            inside.execute(found[about])
    assert owner.missing().keys() == {"owner"}
    owner.administrator.execute(found["owner"])
    assert owner.missing() == {}


def test_a_login_that_may_make_no_tables(owner: Owner) -> None:
    owner.change_inside("REVOKE CREATE ON SCHEMA public FROM pg_database_owner")
    assert owner.missing() == {"create tables": f'GRANT CREATE ON SCHEMA public TO "{owner.name}";'}


def test_roles_that_somebody_else_has_made(owner: Owner) -> None:
    owner.change("REVOKE assort_web FROM {}")
    assert owner.missing() == {"admin of roles": f'GRANT "assort_web" TO "{owner.name}" WITH ADMIN OPTION;'}


def test_a_login_with_too_few_connections(owner: Owner) -> None:
    owner.change("ALTER ROLE {} CONNECTION LIMIT 4")
    assert owner.missing() == {"connections of login": f'ALTER ROLE "{owner.name}" CONNECTION LIMIT 20;'}


def test_a_database_that_lets_in_few_and_one_in_another_encoding(owner: Owner) -> None:
    owner.change("ALTER DATABASE {} CONNECTION LIMIT 30")
    assert states(database.examine(owner.url))["connections"] == State.WARNING
    latin = f"{owner.name}_latin"
    made = "CREATE DATABASE {} OWNER {} ENCODING 'SQL_ASCII' TEMPLATE template0 LOCALE_PROVIDER libc LOCALE 'C'"
    owner.administrator.execute(sql.SQL(made).format(sql.Identifier(latin), sql.Identifier(owner.name)))
    try:
        assert "ENCODING 'UTF8'" in missing(database.examine(f"{owner.url}_latin"))["encoding"]
    finally:
        owner.administrator.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(latin)))


# --- the broker


@pytest.fixture
def broker_login(service: Service) -> Iterator[Callable[[str], str]]:
    """Return the address of the broker for a login with all rights, but for those that are taken away."""
    url = service.instance.owner_redis_url()
    name, at = f"doctor-{secrets.token_hex(4)}", urlsplit(url)
    with redis.Redis.from_url(url) as administrator:

        def without(rules: str) -> str:
            words = ("reset", "on", f">{PASSWORD}", "~*", "&*", "+@all", *rules.split())
            administrator.execute_command("ACL", "SETUSER", name, *words)
            return at._replace(netloc=f"{name}:{quote(PASSWORD)}@{at.hostname}:{at.port}").geturl()

        yield without
        administrator.acl_deluser(name)


def test_a_broker_login_with_all_rights_lacks_none(broker_login: Callable[[str], str], service: Service) -> None:
    assert missing(queues.examine(broker_login(""))) == {}
    with redis.Redis.from_url(service.instance.owner_redis_url(), decode_responses=True) as administrator:
        assert queues._NOBODY not in administrator.acl_users()


@pytest.mark.parametrize("command", ["acl|setuser", "acl|users", "acl|deluser", "script|load", "scan", "del", "info"])
def test_each_command_that_a_broker_login_lacks_is_named(broker_login: Callable[[str], str], command: str) -> None:
    url = broker_login(f"-{command}")
    name = urlsplit(url).username
    assert missing(queues.examine(url)) == {f"command {command}": f"ACL SETUSER {name} +{command}"}


def test_a_broker_that_drops_messages(service: Service) -> None:
    with redis.Redis.from_url(service.instance.owner_redis_url()) as administrator:
        administrator.config_set("maxmemory-policy", "allkeys-lru")
        try:
            found = missing(queues.examine(service.instance.owner_redis_url()))
        finally:
            administrator.config_set("maxmemory-policy", "noeviction")
    assert found.keys() == {"eviction"}
    assert "CONFIG SET maxmemory-policy noeviction" in found["eviction"]


@pytest.mark.parametrize(
    ("said", "about", "state"),
    [
        ({"redis_version": "7.0.15"}, "broker version", State.MISSING),
        ({"redis_version": "7.2.0"}, "broker version", State.OK),
        ({"redis_version": "7.2.4", "valkey_version": "7.9.1"}, "broker version", State.MISSING),
        ({"redis_version": "7.2.4", "valkey_version": "8.0.0"}, "broker version", State.OK),
        ({"redis_version": "8.0.0", "aof_enabled": 0}, "persistence", State.WARNING),
    ],
)
def test_what_a_broker_says_of_itself(said: dict[str, object], about: str, state: State) -> None:
    found = states([queues._version(said), queues._policy(said), queues._persistence(said)])
    assert found[about] == state


# --- the way to both


@pytest.mark.parametrize(
    ("host", "is_encrypted", "is_checked", "state", "said"),
    [
        ("db.example", True, True, State.OK, "spoken to by TLS, and its certificate is looked at"),
        ("db.example", True, False, State.WARNING, "whoever answers in its place is believed"),
        ("10.0.5.1", False, False, State.WARNING, "can be read on the way"),
        ("127.0.0.1", False, False, State.OK, "on this machine"),
        ("localhost", False, False, State.OK, "on this machine"),
    ],
)
def test_what_can_be_read_on_the_way(host: str, is_encrypted: bool, is_checked: bool, state: State, said: str) -> None:
    [found] = encryption.examine(
        "PostgreSQL", host, is_encrypted=is_encrypted, is_checked=is_checked, authority=None, mend="Mend it."
    )
    assert (found.about, found.state, found.todo) == (
        "postgresql encryption", state, "" if state == State.OK else "Mend it."
    )  # fmt: skip
    assert said in found.said


def test_an_authority_that_workers_cannot_read(tmp_path: Path) -> None:
    authority = tmp_path / "authority.pem"
    authority.touch(mode=0o600)
    found = encryption.examine(
        "the broker", "broker.example", is_encrypted=True, is_checked=True, authority=authority, mend="Mend it."
    )
    assert missing(found) == {"broker authority": f"chmod a+r {authority}"}


# --- this machine, and what is outside


@pytest.fixture
def instance(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Instance:
    monkeypatch.delenv("ASSORT_SMTP_URL", raising=False)
    return Instance.create(tmp_path / "data")


def test_secrets_that_others_may_read(instance: Instance) -> None:
    path = instance.data / "secrets.json"
    assert states(machine.examine(instance))["secrets"] == State.OK
    path.chmod(stat.S_IRUSR | stat.S_IRGRP)
    assert missing(machine.examine(instance)) == {"secrets": f"chmod 600 {path}"}


def test_two_secrets_that_are_the_same(instance: Instance) -> None:
    instance.secrets["pepper"] = instance.secrets["secret_key"]
    assert missing(machine.examine(instance)).keys() == {"secrets"}


@pytest.mark.parametrize(("gigabytes", "state"), [(0.5, State.MISSING), (3, State.WARNING), (90, State.OK)])
def test_room_on_the_disk(instance: Instance, monkeypatch: pytest.MonkeyPatch, gigabytes: float, state: State) -> None:
    class Usage:
        free = gigabytes * 1024**3

    monkeypatch.setattr("shutil.disk_usage", lambda _path: Usage)
    assert states(machine.examine(instance))["disk"] == state


def test_an_encoder_that_is_not_there(instance: Instance) -> None:
    assert states(machine.examine(instance))["encoder"] == State.WARNING
    assert states(machine.examine(replace(instance, encoder=False)))["encoder"] == State.OK


@pytest.mark.parametrize(
    ("seconds", "state"), [(0.0, State.OK), (-0.9, State.OK), (3.0, State.WARNING), (-60.0, State.MISSING)]
)
def test_clocks_that_differ(seconds: float, state: State) -> None:
    assert skew("a server", lambda: 1_000.0 + seconds, lambda: 1_000.0).state == state


def test_in_production_letters_need_a_server_that_answers(instance: Instance, monkeypatch: pytest.MonkeyPatch) -> None:
    assert states(surroundings.examine(instance)) == {"public url": State.WARNING, "mail": State.OK}
    in_production = replace(instance, public_url="https://127.0.0.1:1")
    assert missing(surroundings.examine(in_production)).keys() == {"mail"}
    monkeypatch.setenv("ASSORT_SMTP_URL", "mail.example")
    assert "is not of the form" in next(f.said for f in surroundings.examine(in_production) if f.about == "mail")
    with socket.create_server(("127.0.0.1", 0)) as closed:
        monkeypatch.setenv("ASSORT_SMTP_URL", f"smtp://127.0.0.1:{closed.getsockname()[1]}")
    assert "does not take us" in next(f.said for f in surroundings.examine(in_production) if f.about == "mail")
