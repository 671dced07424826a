"""Whether what is set in a session of PostgreSQL stays with its connection.

Every wall in the database is a setting of the session: the role that it entered, the path, the lease that it works
under. A pooler that shares sessions among connections, as in transaction mode, would hand one customer's to another.
"""

import secrets
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any, Protocol, Self

CONNECTIONS, ROUNDS = 3, 3
MEND = "connect directly, or through a pooler in session mode (PgBouncer: pool_mode = session)."
_SET = "SELECT set_config('assort.session', %s, false)"
_GET = "SELECT current_setting('assort.session', true)"


class Session(Protocol):
    """A connection on which every statement is a transaction of its own, as psycopg's are with autocommit."""

    def __enter__(self) -> Self: ...
    def __exit__(self, kind: Any, error: Any, places: Any, /) -> Any: ...
    def execute(self, query: Any, values: Any = None, /) -> Any: ...


def last(connect: Callable[[], Session]) -> bool:
    """Set something in a few sessions, and say whether each still has its own in later transactions."""
    with ExitStack() as opened:
        connections = [opened.enter_context(connect()) for _ in range(CONNECTIONS)]
        names = [secrets.token_hex(8) for _ in connections]
        for connection, name in zip(connections, names, strict=True):
            connection.execute(_SET, [name])
        for _ in range(ROUNDS):
            if [connection.execute(_GET).fetchone()[0] for connection in connections] != names:
                return False
        return _last_beside_a_transaction(connections, names)


def _last_beside_a_transaction(connections: list[Any], names: list[str]) -> bool:
    """A pooler with sessions to spare takes another one while the first is in a transaction."""
    holding, *others = connections
    holding.execute("BEGIN")
    found = [connection.execute(_GET).fetchone()[0] for connection in others]
    holding.execute("COMMIT")
    return found == names[1:]
