import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import psycopg
from django.db import InterfaceError, OperationalError, close_old_connections, connection, connections
from django.db.backends.base.base import BaseDatabaseWrapper

from tenants.errors import Unavailable

V = TypeVar("V")

THREADS = 4
# A server that accepts and never answers must not hold requests for ever.
SECONDS = 5
# Django translates the driver's errors, but not those of entering an organisation.
AWAY = (OperationalError, InterfaceError, psycopg.OperationalError, psycopg.InterfaceError)


class Database:
    """Runs Django's queries in a few threads, each with a connection of its own, beside the event loop."""

    def __init__(self, threads: int = THREADS) -> None:
        self._connections: list[BaseDatabaseWrapper] = []
        self._threads = ThreadPoolExecutor(threads, "database", initializer=self._remember)

    async def run(self, query: Callable[[], V]) -> V:
        """Return what `query` returns. Raises Unavailable when the database does not answer."""
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(SECONDS):
                return await loop.run_in_executor(self._threads, _on_usable_connection, query)
        except (TimeoutError, *AWAY) as error:
            raise Unavailable("The database does not answer just now. Try again.", retry_after=1) from error

    async def close(self) -> None:
        """End the threads and their connections."""
        await asyncio.to_thread(self._end)

    def _end(self) -> None:
        self._threads.shutdown(cancel_futures=True)
        for own in self._connections:
            own.close()

    def _remember(self) -> None:
        own = connections[connection.alias]
        own.inc_thread_sharing()  # So that another thread may close it once this one has ended.
        self._connections.append(own)


def _on_usable_connection(query: Callable[[], V]) -> V:
    # Django does this around its own requests: it drops what has died since the last query of this thread.
    close_old_connections()
    return query()
