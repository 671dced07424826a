import asyncio
from collections import deque
from typing import Any

import redis

from classifier.gateway.wire import Wire
from classifier.queues import Command
from tenants import logs

# How long the broker may take to say what it makes of them.
SECONDS = 2.0


class Scripts:
    """Runs the broker's scripts, which count: what is asked in one moment goes together, in one round trip.

    Most requests of those who ask seldom wait for two of them, so they must cost little.
    """

    def __init__(self) -> None:
        self._wire = Wire(seconds=SECONDS)
        self._asked: deque[tuple[Command, asyncio.Future[Any]]] = deque()
        self._round: asyncio.Task[None] | None = None

    async def evalsha(self, sha: str, numkeys: int, /, *keys_and_args: str) -> Any:
        """Return what the script replies. Raises redis.RedisError."""
        reply: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._asked.append((("EVALSHA", sha, str(numkeys), *keys_and_args), reply))
        if self._round is None:
            self._round = asyncio.create_task(self._go(), context=logs.apart())
        return await reply

    async def close(self) -> None:
        """Let what was asked be answered, and hang up."""
        if self._round is not None:
            await self._round
        await self._wire.close()

    async def _go(self) -> None:
        try:
            while self._asked:
                asked = [self._asked.popleft() for _ in range(len(self._asked))]
                self._tell(asked, await self._replies([command for command, _ in asked]))
        finally:
            self._round = None

    async def _replies(self, commands: list[Command]) -> list[Any]:
        try:
            return await self._wire.ask(*commands)
        except redis.RedisError as error:
            return [error] * len(commands)

    def _tell(self, asked: list[tuple[Command, asyncio.Future[Any]]], replies: list[Any]) -> None:
        for (_, reply), said in zip(asked, replies, strict=True):
            if reply.done():  # Whoever asked has gone away.
                continue
            if isinstance(said, redis.RedisError):
                reply.set_exception(said)
            else:
                reply.set_result(said)
