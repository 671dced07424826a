"""Django's database engine, with the role and the search path of the organisation that is served.

django-tenants sets the search path before every query and ignores a failure. Here role and path go together, in
one round trip, when they change; and a failure is an error, because the next query would run as somebody else.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from django_tenants.postgresql_backend import base
from psycopg import ClientCursor
from psycopg.pq import TransactionStatus

OWN_ROLE = "none"  # PostgreSQL's word for: the role that this connection logged in with.

_SET = "SELECT set_config('role', %s, false), set_config('search_path', %s, false)"
_SET_FOR_NOW = "SELECT set_config('role', %s, true), set_config('search_path', %s, true)"


class DatabaseWrapper(base.DatabaseWrapper):
    search_path_set_schemas: list[str] | None
    _setting_search_path: bool

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self.role = OWN_ROLE
        super().__init__(*args, **kwargs)

    def enter(self, schema: str) -> None:
        """Act as the organisation that owns `schema`, from the next query on; see `isolation.entered`."""
        self.role = schema
        self.set_schema(schema, include_public=False)

    def leave(self) -> None:
        """Act as this process's own login again, now."""
        self.role = OWN_ROLE
        self.set_schema_to_public()
        if self.connection is not None:
            self.cursor().close()

    def run_as_each(self, statements: Iterable[tuple[str, str, Sequence[object]]]) -> None:
        """Run statements, each as the organisation that owns the schema before it; see `isolation.write_as_each`."""
        if self.in_atomic_block:
            raise RuntimeError("the last of the roles would be kept until the transaction ends")
        with self.cursor() as cursor:
            text = ClientCursor(self.connection).mogrify
            parts = [
                part
                for schema, statement, values in statements
                for part in (text(_SET_FOR_NOW, [schema, _path([schema])]), text(statement, values))
            ]
            cursor.execute(";".join(parts))

    def set_tenant(self, tenant: Any, include_public: bool = True) -> None:
        # The base class forgets what is in force, so that the next cursor sets it. Leaving without a query in
        # between must not lose the knowledge that nothing changed.
        in_force = self.search_path_set_schemas
        super().set_tenant(tenant, include_public)
        self.search_path_set_schemas = in_force

    def _handle_search_path(self, cursor: Any = None) -> None:
        wanted = [self.role, *self._get_cursor_search_paths()]
        if self._setting_search_path or self.search_path_set_schemas == wanted:
            return
        # In a failed transaction nothing can be set, and nothing but a rollback can follow. The rollback also takes
        # back what was set within, and the cursor after it comes here again.
        if self.connection.info.transaction_status == TransactionStatus.INERROR:
            self.search_path_set_schemas = None
            return
        self._setting_search_path = True
        try:
            self._set_role_and_path(wanted[0], wanted[1:])
        except BaseException:
            self.close()
            raise
        finally:
            self._setting_search_path = False
        self.search_path_set_schemas = wanted

    def _set_role_and_path(self, role: str, schemas: Sequence[str]) -> None:
        with self.wrap_database_errors, self.connection.cursor() as cursor:
            cursor.execute(_SET, [role, _path(schemas)])


def _path(schemas: Sequence[str]) -> str:
    return ", ".join(f'"{schema}"' for schema in schemas)
