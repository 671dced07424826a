"""What MLflow's registry holds, read from its tables: to ask MLflow itself, one would have to import it.

Nothing is written here. The tables are those of MLflow's migrations (mlflow/store/model_registry/dbmodels).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import LiteralString

import psycopg

from classifier.registrar.tags import CHAMPION, ENCODER, SHA256, VERSION, VERSION_ID

Rows = list[tuple[object, ...]]

CONNECT_SECONDS = 5
# MLflow's number of our version. Where there is no tag with ours, they are the same.
NUMBER_OF: LiteralString = """
    SELECT i.version FROM model_version_tags i
    LEFT JOIN model_version_tags n
    ON n.workspace = i.workspace AND n.name = i.name AND n.version = i.version AND n.key = %s
    WHERE i.key = %s AND i.name = %s AND coalesce(n.value, i.version::text) = %s
    ORDER BY i.version LIMIT 1
"""

_ALIASES: LiteralString = """
    SELECT m.name, a.version, CASE WHEN i.value IS NOT NULL THEN coalesce(n.value, a.version::text) END, w.value
    FROM registered_models m
    LEFT JOIN registered_model_aliases a ON a.workspace = m.workspace AND a.name = m.name AND a.alias = 'champion'
    LEFT JOIN registered_model_tags w ON w.workspace = m.workspace AND w.name = m.name AND w.key = %s
    LEFT JOIN model_version_tags i
    ON i.workspace = m.workspace AND i.name = m.name AND i.version = a.version AND i.key = %s
    LEFT JOIN model_version_tags n
    ON n.workspace = m.workspace AND n.name = m.name AND n.version = a.version AND n.key = %s
"""
_IS_MOVED: LiteralString = "a.version::text <> ALL (string_to_array(coalesce(w.value, ''), ' '))"


class RegistryDown(Exception):
    """MLflow's database does not answer."""


@dataclass(frozen=True)
class Alias:
    """Where the alias of a registered model points, in MLflow's number and in ours, and where we pointed it last."""

    number: int | None
    version: int | None
    written: frozenset[int]

    @property
    def is_moved(self) -> bool:
        """Whether somebody else has moved it."""
        return self.number is not None and self.number not in self.written

    def stands_at(self, version: int) -> bool:
        """Whether it points to our version, and is noted as ours."""
        return self.version == version and self.written == {self.number}


@dataclass(frozen=True)
class Registered:
    """A version in MLflow's registry, as whoever registered it says."""

    location: str
    version_id: str | None
    sha256: str | None


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
        return self._find(_ALIASES)

    def moved(self, or_named: Iterable[str] = ()) -> dict[str, Alias]:
        """Return the champions that are not where we pointed them, most of the time none, and those that are named."""
        return self._find(f"{_ALIASES} WHERE {_IS_MOVED} OR m.name = ANY (%s)", list(or_named))

    def number_of(self, name: str, version: int) -> int | None:
        """Return MLflow's number of our version, or None where it is not registered."""
        rows = self._query(NUMBER_OF, VERSION, VERSION_ID, name, str(version))
        return _number(rows[0][0]) if rows else None

    def registered(self, name: str, number: int) -> Registered | None:
        rows = self._query(
            "SELECT coalesce(v.storage_location, v.source, ''), i.value, h.value FROM model_versions v"
            " LEFT JOIN model_version_tags i"
            " ON i.workspace = v.workspace AND i.name = v.name AND i.version = v.version AND i.key = %s"
            " LEFT JOIN model_version_tags h"
            " ON h.workspace = v.workspace AND h.name = v.name AND h.version = v.version AND h.key = %s"
            " WHERE v.name = %s AND v.version = %s",
            *(VERSION_ID, SHA256, name, number),
        )
        if not rows:
            return None
        location, version_id, sha256 = rows[0]
        return Registered(str(location), _text(version_id), _text(sha256))

    def encoders(self) -> set[str]:
        """Return the hashes of the sentence encoders that are registered."""
        statement: LiteralString = "SELECT value FROM model_version_tags WHERE starts_with(name, %s) AND key = %s"
        return {str(sha256) for (sha256,) in self._query(statement, ENCODER, SHA256)}

    def knows(self, tenant: str) -> bool:
        """Whether anything of the organisation is in MLflow."""
        return bool(
            self._query(
                "SELECT 1 FROM experiments WHERE name = %s"
                " UNION ALL SELECT 1 FROM registered_models WHERE starts_with(name, %s)",
                *(tenant, f"{tenant}."),
            )
        )

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
        self._connection = None

    def _find(self, statement: LiteralString, *values: object) -> dict[str, Alias]:
        rows = self._query(statement, CHAMPION, VERSION_ID, VERSION, *values)
        return {str(name): Alias(_number(at), _number(ours), _numbers(written)) for name, at, ours, written in rows}

    def _query(self, statement: LiteralString, *values: object) -> Rows:
        try:
            if self._connection is None:
                self._connection = psycopg.connect(self._url, autocommit=True, connect_timeout=CONNECT_SECONDS)
            return self._connection.execute(statement, values).fetchall()
        except psycopg.OperationalError as error:
            self.close()
            raise RegistryDown(str(error).strip()) from error


def _number(value: object) -> int | None:
    return int(str(value)) if value is not None and str(value).isdecimal() else None


def _numbers(value: object) -> frozenset[int]:
    return frozenset(int(word) for word in str(value or "").split() if word.isdecimal())


def _text(value: object) -> str | None:
    return None if value is None else str(value)
