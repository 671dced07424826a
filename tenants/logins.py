"""The PostgreSQL logins of this installation's processes, and what each may do in `public`.

None is a superuser, owns anything or inherits a role: a process that forgets to enter an organisation is refused.
"""

from django.db import connection
from psycopg import sql

from tenants.secrets import derive

MLFLOW_DATABASE = "assort_mlflow"

ALIVE = "SELECT, INSERT, UPDATE, DELETE"
# What each process may do with the tables of `public`; tables that are not named are closed to it.
GRANTS: dict[str, dict[str, str]] = {
    "web": {
        "*": "SELECT, INSERT, UPDATE, DELETE",
        "job": "SELECT",
        "route": "SELECT",
        "django_migrations": "SELECT",
        "heartbeat": "SELECT",
        "fleet_host": "SELECT",
        "fleet_worker": "SELECT",
        "tenant_lease": "SELECT",
        # To release what is in it; only a fleet puts somebody in.
        "quarantine": "SELECT, DELETE",
        # Written through doors only.
        "appointment": "SELECT",
        "letter": "SELECT",
        "quota_mark": "SELECT",
        # Entries are only ever added.
        "operator_audit": "SELECT, INSERT",
    },
    "relay": {
        "job": "SELECT, INSERT, UPDATE, DELETE",
        "appointment": "SELECT, DELETE",
        "organisation": "SELECT",
        "heartbeat": ALIVE,
    },
    "fleet": {
        "organisation": "SELECT",
        "plan": "SELECT",
        "job": "SELECT",
        "heartbeat": ALIVE,
        "fleet_host": ALIVE,
        "fleet_worker": ALIVE,
        "tenant_lease": ALIVE,
        "quarantine": ALIVE,
    },
    "registrar": {
        "organisation": "SELECT",
        "route": "SELECT",
        "encoder": "SELECT",
        "job": "SELECT, INSERT, UPDATE",
        "heartbeat": ALIVE,
    },
    # Addresses and no password: these columns of people, and no other.
    "postman": {
        "letter": "SELECT, UPDATE, DELETE",
        "organisation": "SELECT",
        "membership": "SELECT",
        "user": "SELECT (id, email, is_active)",
        "heartbeat": ALIVE,
    },
}
# What a process may do through functions of the owner's alone.
FUNCTIONS = {"fleet": ("give_back_jobs",)}


def create_all(login_secret: str) -> None:
    """Make or mend every process's login; passwords follow from `login_secret`."""
    for process in GRANTS:
        _create(f"assort_{process}", derive(login_secret, "postgres", process))
    _create_database(MLFLOW_DATABASE, owner="assort_registrar")


def grant_all() -> None:
    """Grant on the tables of `public`, which the migrations have made."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'")
        tables = [name for (name,) in cursor.fetchall()]
    database = str(connection.settings_dict["NAME"])
    _execute("REVOKE ALL ON DATABASE {} FROM PUBLIC", database)
    for process, grants in GRANTS.items():
        login = f"assort_{process}"
        _execute("GRANT CONNECT ON DATABASE {} TO {}", database, login)
        _execute("GRANT USAGE ON SCHEMA public TO {}", login)
        _execute("REVOKE ALL ON ALL TABLES IN SCHEMA public FROM {}", login)
        for table in tables:
            privileges = grants.get(table, grants.get("*"))
            if privileges:
                _execute(f"GRANT {privileges} ON public.{{}} TO {{}}", table, login)
        for function in FUNCTIONS.get(process, ()):
            _execute("GRANT EXECUTE ON FUNCTION public.{} TO {}", function, login)
    _execute("GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO assort_web")


def _create(login: str, password: str) -> None:
    if not _exists("SELECT FROM pg_roles WHERE rolname = %s", login):
        _execute("CREATE ROLE {} LOGIN NOINHERIT", login)
    with connection.cursor() as cursor:
        statement = sql.SQL("ALTER ROLE {} LOGIN NOINHERIT PASSWORD {}")
        cursor.execute(statement.format(sql.Identifier(login), sql.Literal(password)))


def _create_database(name: str, *, owner: str) -> None:
    if _exists("SELECT FROM pg_database WHERE datname = %s", name):
        return
    _execute("CREATE DATABASE {}", name)
    _execute("REVOKE ALL ON DATABASE {} FROM PUBLIC", name)
    # To hand a database over one must be a member of the role that gets it.
    _execute("GRANT {} TO CURRENT_USER WITH INHERIT FALSE, SET TRUE", owner)
    _execute("ALTER DATABASE {} OWNER TO {}", name, owner)
    _execute("REVOKE {} FROM CURRENT_USER", owner)


def _exists(query: str, *values: str) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(query, values)
        return cursor.fetchone() is not None


def _execute(statement: str, *names: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))
