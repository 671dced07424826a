"""PostgreSQL, as the owner's login sees it: each privilege that `prepare` and the provisioner need, by itself."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, LiteralString
from urllib.parse import urlsplit

import psycopg
from psycopg import sql
from psycopg.rows import dict_row

from saas.doctor import encryption
from saas.doctor.clock import skew
from saas.doctor.finding import Finding, missing, ok, warning
from tenants import servers, sessions
from tenants.boot import POSTGRESQL

_CONNECT_SECONDS = 5
# The owner's own connections: prepare's or the provisioner's, beside that of the one who listens, and this one's.
_OF_OWNER = 5
# Of the parts that are not there several times, and of some tens of workers.
_OF_PARTS, _OF_WORKERS = 20, 40
# Threads of a web process and of a gateway, each with a connection.
_OF_WEB_PROCESS = 16 + 5

Database = psycopg.Connection[dict[str, Any]]


@dataclass(frozen=True)
class Privilege:
    """What the login must be able to do. `mend` is what the database's administrator runs where `holds` is false."""

    about: str
    holds: LiteralString
    what: str
    mend: LiteralString


PRIVILEGES = (
    Privilege(
        "createrole",
        "SELECT rolcreaterole OR rolsuper FROM pg_roles WHERE rolname = current_user",
        "make a role for each process and each organisation",
        "ALTER ROLE {login} CREATEROLE;",
    ),
    Privilege(
        "owner",
        "SELECT pg_has_role(current_user, datdba, 'USAGE') FROM pg_database WHERE datname = current_database()",
        "say who may connect to the database, as its owner can",
        "ALTER DATABASE {database} OWNER TO {login};",
    ),
    Privilege(
        "create schemas",
        "SELECT has_database_privilege(current_database(), 'CREATE')",
        "make a schema for each organisation",
        "GRANT CREATE ON DATABASE {database} TO {login};",
    ),
    Privilege(
        "create tables",
        "SELECT has_schema_privilege('public', 'CREATE')",
        "make tables in the schema public",
        "GRANT CREATE ON SCHEMA public TO {login};",
    ),
    Privilege(
        "grant usage",
        "SELECT has_schema_privilege('public', 'USAGE WITH GRANT OPTION')",
        "let its processes use the schema public",
        "GRANT USAGE ON SCHEMA public TO {login} WITH GRANT OPTION;",
    ),
    Privilege(
        "functions",
        "SELECT has_language_privilege('plpgsql', 'USAGE')",
        "write functions in PL/pgSQL",
        "GRANT USAGE ON LANGUAGE plpgsql TO {login};",
    ),
)
_ROLES: LiteralString = """
    SELECT rolname FROM pg_roles role
    WHERE rolname ~ '^(assort_(web|relay|fleet|registrar|postman)|(t|wk)_[a-z0-9]{16})$' AND rolname <> current_user
    AND NOT (SELECT rolsuper FROM pg_roles WHERE rolname = current_user)
    AND NOT EXISTS (SELECT FROM pg_auth_members WHERE roleid = role.oid AND admin_option
                    AND member = (SELECT oid FROM pg_roles WHERE rolname = current_user))
    ORDER BY rolname
"""
_FOREIGN: LiteralString = """
    SELECT DISTINCT pg_get_userbyid(relowner) AS owner FROM pg_class
    WHERE relnamespace IN (SELECT oid FROM pg_namespace WHERE nspname ~ '^(public|door|t_[a-z0-9]{16})$')
    AND relkind IN ('r', 'S', 'v') AND NOT pg_has_role(current_user, relowner, 'USAGE')
"""
_MLFLOW: LiteralString = """
    SELECT rolcreatedb OR rolsuper AS may_make,
        (SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = %s) AS owner
    FROM pg_roles WHERE rolname = current_user
"""
_CONNECTIONS: LiteralString = """
    SELECT current_setting('max_connections')::int
            - current_setting('superuser_reserved_connections')::int
            - coalesce(current_setting('reserved_connections', true)::int, 0) AS of_server,
        datconnlimit AS of_database, rolconnlimit AS of_login
    FROM pg_roles, pg_database WHERE rolname = current_user AND datname = current_database()
"""


def examine(url: str, *, web_processes: int = 1, mlflow: str = "assort_mlflow") -> Iterator[Finding]:
    """Yield what is found; with nothing but the first of it where PostgreSQL does not let this login in."""
    at = urlsplit(url)
    try:
        with psycopg.connect(url, autocommit=True, connect_timeout=_CONNECT_SECONDS, row_factory=dict_row) as database:
            yield ok("postgresql", f"PostgreSQL answers at {at.hostname}:{at.port or 5432}")
            yield from _encryption(url, is_encrypted=bool(database.pgconn.ssl_in_use))
            yield from _server(database)
            yield from _privileges(database)
            yield from _roles(database)
            yield _mlflow(database, mlflow)
            yield from _connections(database, web_processes)
            yield _pooler(url)
    except psycopg.OperationalError as error:
        todo = "start it, open its port, or correct DATABASE_URL."
        yield missing("postgresql", f"PostgreSQL at {at.hostname}:{at.port or 5432} does not let us in: {error}", todo)


def _encryption(url: str, *, is_encrypted: bool) -> Iterator[Finding]:
    said = servers.said(url)
    yield from encryption.examine(
        "PostgreSQL",
        urlsplit(url).hostname or "",
        is_encrypted=is_encrypted,
        is_checked=said.get("sslmode") in {"verify-ca", "verify-full"},
        authority=servers.authority(said),
        mend="append ?sslmode=verify-full&sslrootcert=FILE to DATABASE_URL, with its authority's certificate.",
    )


def _server(database: Database) -> Iterator[Finding]:
    version = database.info.server_version
    name = f"PostgreSQL {version // 10000}.{version % 10000}"
    if version < POSTGRESQL:
        yield missing("version", f"{name} cannot grant a role without inheritance", "use PostgreSQL 16 or newer.")
    else:
        yield ok("version", f"{name} is new enough")
    encoding = _one(database, "SELECT current_setting('server_encoding')")
    if encoding != "UTF8":
        todo = _sql(database, "CREATE DATABASE assort OWNER {login} ENCODING 'UTF8' TEMPLATE template0;")
        yield missing("encoding", f"the database is encoded in {encoding}, and customers write in every script", todo)
    else:
        yield ok("encoding", "the database is encoded in UTF-8")
    yield skew("PostgreSQL", lambda: float(_one(database, "SELECT extract(epoch FROM clock_timestamp())")), time.time)


def _privileges(database: Database) -> Iterator[Finding]:
    for privilege in PRIVILEGES:
        if _one(database, privilege.holds):
            yield ok(privilege.about, f"the login to PostgreSQL may {privilege.what}")
        else:
            yield missing(
                privilege.about, f"the login to PostgreSQL may not {privilege.what}", _sql(database, privilege.mend)
            )
    if _one(database, "SELECT rolsuper FROM pg_roles WHERE rolname = current_user"):
        todo = _sql(database, "ALTER ROLE {login} NOSUPERUSER CREATEROLE CREATEDB;")
        yield warning("superuser", "the login to PostgreSQL is a superuser, which nothing here needs", todo)


def _roles(database: Database) -> Iterator[Finding]:
    """Roles that somebody else has made, and tables that somebody else owns: from an installation before this one."""
    roles = [str(row["rolname"]) for row in database.execute(_ROLES)]
    if roles:
        grants = " ".join(_sql(database, "GRANT {role} TO {login} WITH ADMIN OPTION;", role=role) for role in roles)
        yield missing(
            "admin of roles", f"the login to PostgreSQL may not change {_named(roles)}, which others have made", grants
        )
    else:
        yield ok("admin of roles", "the login to PostgreSQL may change every role of an installation that is there")
    owners = [str(row["owner"]) for row in database.execute(_FOREIGN)]
    if owners:
        gifts = " ".join(_sql(database, "REASSIGN OWNED BY {role} TO {login};", role=owner) for owner in owners)
        yield missing("tables", f"tables of the installation belong to {_named(owners)}", gifts)
    else:
        yield ok("tables", "the tables that are there belong to it")


def _mlflow(database: Database, name: str) -> Finding:
    found: Any = database.execute(_MLFLOW, [name]).fetchone()
    if found["owner"] is None and not found["may_make"]:
        todo = _sql(database, "ALTER ROLE {login} CREATEDB;")
        return missing("createdb", f"the login to PostgreSQL may not make the database {name}, MLflow's", todo)
    if found["owner"] not in {None, "assort_registrar"}:
        todo = _sql(database, "ALTER DATABASE {role} OWNER TO assort_registrar;", role=name)
        return missing("createdb", f"MLflow's database {name} belongs to {found['owner']}", todo)
    return ok("createdb", f"MLflow's database {name} " + ("is there" if found["owner"] else "can be made"))


def _connections(database: Database, web_processes: int) -> Iterator[Finding]:
    found: Any = database.execute(_CONNECTIONS).fetchone()
    wanted = _OF_PARTS + _OF_WORKERS + _OF_WEB_PROCESS * web_processes
    # -1 stands for no limit.
    limits = [found["of_server"], *(limit for limit in (found["of_database"],) if limit >= 0)]
    most = min(limits)
    if most < wanted:
        todo = f"raise max_connections, or the database's CONNECTION LIMIT, to {wanted} and a few more."
        yield warning("connections", f"{most} connections are few where {wanted} are wanted with 20 workers", todo)
    else:
        yield ok("connections", f"{most} connections are enough where {wanted} are wanted with 20 workers")
    if 0 <= found["of_login"] < _OF_OWNER:
        todo = _sql(database, "ALTER ROLE {login} CONNECTION LIMIT 20;")
        yield missing(
            "connections of login", f"the login to PostgreSQL may have {found['of_login']} connections only", todo
        )


def _pooler(url: str) -> Finding:
    if sessions.last(lambda: psycopg.connect(url, autocommit=True, connect_timeout=_CONNECT_SECONDS)):
        return ok("pooler", "sessions last as long as their connections")
    said = "a pooler in front of PostgreSQL gives the session of one connection to another"
    return missing("pooler", said, f"{sessions.MEND}")


def _one(database: Database, query: LiteralString) -> Any:
    row: Any = database.execute(query).fetchone()
    return next(iter(row.values()))


def _sql(database: Database, statement: LiteralString, *, role: str = "") -> str:
    names = {"login": database.info.user, "database": database.info.dbname, "role": role or "-"}
    return sql.SQL(statement).format(**{key: sql.Identifier(name) for key, name in names.items()}).as_string(database)


def _named(names: list[str]) -> str:
    return ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")
