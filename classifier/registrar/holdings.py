"""What MLflow's registry holds, read from its tables: to ask MLflow itself, one would have to import it.

Nothing is written here. The tables are those of MLflow's migrations (mlflow/store/model_registry/dbmodels).
"""

from dataclasses import dataclass
from typing import LiteralString

import psycopg

from classifier.registrar.tags import CHAMPION, VERSION_ID

Rows = list[tuple[object, ...]]

CONNECT_SECONDS = 5


class RegistryDown(Exception):
    """MLflow's database does not answer."""


@dataclass(frozen=True)
class Alias:
    """Where the alias of a registered model points, and where we pointed it the last time."""

    version: int | None
    written: int | None


class Holdings:
    """A connection to MLflow's database that comes back by itself. Each method raises RegistryDown."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._connection: psycopg.Connection[tuple[object, ...]] | None = None

    def is_ready(self) -> bool:
        """Whether MLflow has made its tables. False before its first use."""
        return (
            self._query("SELECT FROM pg_tables WHERE tablename = 'model_version_tags' AND schemaname = 'public'") != []
        )

    def aliases(self) -> dict[str, Alias]:
        """Return the champions by the registered model's name."""
        rows = self._query(
            "SELECT m.name, a.version, t.value FROM registered_models m"
            " LEFT JOIN registered_model_aliases a"
            " ON a.workspace = m.workspace AND a.name = m.name AND a.alias = 'champion'"
            " LEFT JOIN registered_model_tags t ON t.workspace = m.workspace AND t.name = m.name AND t.key = %s",
            CHAMPION,
        )
        return {str(name): Alias(_number(version), _number(written)) for name, version, written in rows}

    def has_version(self, name: str, number: int) -> bool:
        """Whether the version is registered, by us."""
        return bool(
            self._query(
                "SELECT 1 FROM model_version_tags WHERE name = %s AND version = %s AND key = %s",
                *(name, number, VERSION_ID),
            )
        )

    def knows(self, tenant: str) -> bool:
        """Whether anything of the organisation is in MLflow."""
        return bool(
            self._query(
                "SELECT 1 FROM experiments WHERE name = %s"
                " UNION ALL SELECT 1 FROM registered_models WHERE starts_with(name, %s)",
                *(tenant, f"{tenant}."),
            )
        )

    def _query(self, statement: LiteralString, *values: object) -> Rows:
        try:
            if self._connection is None:
                self._connection = psycopg.connect(self._url, autocommit=True, connect_timeout=CONNECT_SECONDS)
            return self._connection.execute(statement, values).fetchall()
        except psycopg.OperationalError as error:
            self._connection = None
            raise RegistryDown(str(error).strip()) from error


def _number(value: object) -> int | None:
    return int(str(value)) if value is not None and str(value).isdigit() else None
