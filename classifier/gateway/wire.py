import asyncio
import math
from functools import cache
from typing import Any

import redis
from django.conf import settings
from redis.asyncio import ConnectionPool
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from classifier.queues import Command

CONNECT_SECONDS = 2.0


class Wire:
    """A connection of its own to the broker, for one who asks all the time, one thing after the other.

    A client with a pool borrows, guards and returns a connection for each command, which takes longer than the broker.
    """

    def __init__(self, *, seconds: float) -> None:
        """`seconds` is how long an answer may take."""
        self._seconds = seconds
        self._connection = _maker(settings.REDIS_URL).make_connection()

    async def ask(self, *commands: Command) -> list[Any]:
        """Send these together, and return a reply to each; where the broker refuses one, that is its error.

        Raises redis.RedisError when the broker is away. A connection may have died since it was used, which only
        shows now: then these are sent once more.
        """
        packed = self._connection.pack_commands(commands)
        try:
            return await self._exchange(packed, len(commands))
        except redis.ConnectionError:
            return await self._exchange(packed, len(commands))

    async def close(self) -> None:
        await self._connection.disconnect()

    async def _exchange(self, packed: list[bytes], count: int) -> list[Any]:
        try:
            async with asyncio.timeout(self._seconds):
                await self._connection.send_packed_command(packed, check_health=False)
                return [await self._read() for _ in range(count)]
        except TimeoutError:
            raise redis.TimeoutError(f"The broker did not answer within {self._seconds:.0f} s.") from None

    async def _read(self) -> Any:
        try:
            # Their time is kept for all of them together.
            return await self._connection.read_response(timeout=math.inf)
        except redis.ResponseError as refused:
            return refused


@cache
def _maker(url: str) -> ConnectionPool:
    """Return what makes connections, and keeps none.

    They do not tell the broker which library they are of: to look that up takes milliseconds, each time.
    """
    return ConnectionPool.from_url(
        url,
        socket_timeout=None,
        socket_connect_timeout=CONNECT_SECONDS,
        retry=Retry(NoBackoff(), 0),
        driver_info=None,
    )
