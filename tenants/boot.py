"""What a process asks of its servers before it serves anybody. An unsafe answer ends it, with the way to mend it.

A login that can do more than it should would turn every wall behind it into a habit of our code.
"""

from collections.abc import Sequence
from typing import Any, Protocol

import psycopg
import redis
from django.core.checks import Tags, run_checks
from django.db import connection

from tenants import isolation, sessions, wakeups

POSTGRESQL = 160000
BROKERS = {"valkey": (8, 0), "redis": (7, 2)}
# No organisation has this name, so its keys are somebody else's to every worker, and readable to no process.
NOBODY = "0" * isolation.TENANT_LENGTH

LOGIN = """
    SELECT current_setting('server_version_num')::int, rolsuper, rolcreaterole OR rolcreatedb OR rolbypassrls,
           EXISTS (SELECT FROM pg_class WHERE relowner = login.oid)
               OR EXISTS (SELECT FROM pg_database WHERE datname = current_database() AND datdba = login.oid),
           ARRAY(SELECT of.rolname::text FROM pg_auth_members JOIN pg_roles of ON of.oid = roleid
                 WHERE member = login.oid AND inherit_option)
    FROM pg_roles login WHERE rolname = session_user
"""


class UnsafeConfiguration(Exception):
    """This process must not start; the message says what is wrong and what to do."""


class Cursor(Protocol):
    def execute(self, query: str) -> Any: ...
    def fetchone(self) -> Any: ...


def check_process(client: redis.Redis, *, decoys: Sequence[tuple[str, ...]]) -> None:
    """Check settings, database login and broker login of a process that serves all organisations."""
    errors = run_checks(tags=[Tags.security, Tags.database], databases=[])
    if errors:
        raise UnsafeConfiguration("; ".join(f"{error.msg} {error.hint}" for error in errors))
    with connection.cursor() as cursor:
        check_login(cursor, may_inherit=())
    check_sessions()
    check_refused(client, decoys)


def check_sessions() -> None:
    """Check that no pooler shares this process's sessions with others."""
    if not sessions.last(lambda: psycopg.connect(**wakeups.login(), autocommit=True, connect_timeout=5)):
        raise UnsafeConfiguration(f"A pooler gives the session of one connection to another: {sessions.MEND}")


def check_worker(client: redis.Redis, tenant: str) -> None:
    """Check that this worker's logins reach its own organisation and no other."""
    with connection.cursor() as cursor:
        check_login(cursor, may_inherit=(isolation.schema(tenant),))
    queue = isolation.queue(NOBODY, "infer")
    check_refused(client, [("LLEN", queue), ("RPOP", queue), ("LPUSH", queue, "decoy")])


def check_login(cursor: Cursor, *, may_inherit: Sequence[str]) -> None:
    cursor.execute(LOGIN)
    version, superuser, powers, owner, inherits = cursor.fetchone()
    mend = "Run `./assort manage prepare`, and give this process the login that it makes."
    if version < POSTGRESQL:
        raise UnsafeConfiguration("PostgreSQL is older than 16, which cannot grant a role without inheritance.")
    if superuser or powers:
        raise UnsafeConfiguration(f"The database login is a superuser, or may make roles or databases. {mend}")
    if owner:
        raise UnsafeConfiguration(f"The database login owns tables, so no grant binds it. {mend}")
    if set(inherits) - set(may_inherit):
        raise UnsafeConfiguration(f"The database login inherits {', '.join(inherits)}. {mend}")


def check_refused(client: redis.Redis, decoys: Sequence[tuple[str, ...]]) -> None:
    """Try what the broker must refuse."""
    for command in decoys:
        try:
            client.execute_command(*command)
        except redis.exceptions.NoPermissionError:
            continue
        detail = f"The broker login may run {command[0]} on {command[1]}. Start the provisioner, which mends its list."
        raise UnsafeConfiguration(detail)


def check_broker(client: redis.Redis) -> None:
    """Check the server itself, with the provisioner's login: its version, and that it never drops a message."""
    server = client.info("server")
    name = "valkey" if "valkey_version" in server else "redis"
    version = str(server[f"{name}_version"])
    if tuple(int(part) for part in version.split(".")[:2]) < BROKERS[name]:
        raise UnsafeConfiguration(f"{name} {version} is too old. Use Valkey 8, Redis 7.2 or newer.")
    policy = client.info("memory").get("maxmemory_policy")
    if policy != "noeviction":
        detail = f"The broker's maxmemory-policy is {policy}, which drops messages. Set it to noeviction."
        raise UnsafeConfiguration(detail)
