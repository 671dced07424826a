"""Schemas and roles of organisations in PostgreSQL. Only the provisioner's login may do what stands here.

An organisation has a role without a login (`t_…`, entered by the web process) and a login in it (`wk_…`, its
workers). Neither can use anything outside its schema, except the functions in the schema `door`.
"""

from django.core.management import call_command
from django.db import connection
from psycopg import sql

from tenants import isolation

WEB_LOGIN = "assort_web"
# The tables of every schema to which rows are only ever added.
APPEND_ONLY = ("records_auditevent",)


def create(tenant: str, *, worker_password: str) -> None:
    """Make schema, roles and tables. Everything is undone when the surrounding transaction fails."""
    role, login = isolation.schema(tenant), isolation.worker_login(tenant)
    _execute("CREATE ROLE {} NOLOGIN", role)
    _execute("GRANT {} TO {} WITH INHERIT FALSE, SET TRUE", role, WEB_LOGIN)
    _execute("CREATE ROLE {} LOGIN CONNECTION LIMIT 12 IN ROLE {}", login, role)
    reset_worker(tenant, password=worker_password)
    # No IF NOT EXISTS: to take over a schema that is there would be to show its rows to somebody else.
    _execute("CREATE SCHEMA {}", role)
    migrate(tenant)


def reset_worker(tenant: str, *, password: str) -> None:
    """Set what belongs to the workers' login, which may have changed its own settings meanwhile."""
    role, login = isolation.schema(tenant), isolation.worker_login(tenant)
    _execute("ALTER ROLE {} RESET ALL", login)
    _execute("ALTER ROLE {} SET search_path = {}", login, role)
    _execute("ALTER ROLE {} SET statement_timeout = '60s'", login)
    with connection.cursor() as cursor:
        cursor.execute(sql.SQL("ALTER ROLE {} PASSWORD {}").format(sql.Identifier(login), sql.Literal(password)))


def migrate(tenant: str) -> None:
    """Bring the schema's tables up to date, and grant them to their role."""
    role = isolation.schema(tenant)
    call_command("migrate_schemas", schema_name=role, verbosity=0, interactive=False)
    _execute("GRANT CONNECT ON DATABASE {} TO {}", _database(), role)
    _execute("GRANT USAGE ON SCHEMA {} TO {}", role, role)
    _execute("GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA {} TO {}", role, role)
    _execute("GRANT USAGE ON ALL SEQUENCES IN SCHEMA {} TO {}", role, role)
    _execute("REVOKE ALL ON {}.django_migrations FROM {}", role, role)
    for table in APPEND_ONLY:
        _execute("REVOKE UPDATE, DELETE ON {}.{} FROM {}", role, table, role)
    _execute("GRANT USAGE ON SCHEMA door TO {}", role)
    _execute("GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA door TO {}", role)


def drop(tenant: str) -> None:
    """End the organisation's sessions and drop its schema and roles; what is gone already is no error."""
    role, login = isolation.schema(tenant), isolation.worker_login(tenant)
    roles = _existing(login, role)  # wk_… before t_…, of which it is a member
    for name in roles:
        # Who made a role may give it away, and must hold it to end its sessions and to take back its grants.
        _execute("GRANT {} TO CURRENT_USER WITH INHERIT TRUE, SET TRUE", name)
    if login in roles:
        _execute("ALTER ROLE {} NOLOGIN", login)
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE usename = %s", [login])
    _execute("DROP SCHEMA IF EXISTS {} CASCADE", role)
    for name in roles:
        _execute("DROP OWNED BY {}", name)
        _execute("DROP ROLE {}", name)


def _existing(*roles: str) -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT rolname FROM pg_roles WHERE rolname = ANY(%s)", [list(roles)])
        found = {name for (name,) in cursor.fetchall()}
    return [role for role in roles if role in found]


def _database() -> str:
    return str(connection.settings_dict["NAME"])


def _execute(statement: str, *names: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))
