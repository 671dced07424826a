"""Takes messages to the broker: what is to go in one moment goes together, in one round trip.

Nothing waits for company: what comes while a round trip is under way leaves with the next.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import redis

from classifier import queues
from classifier.gateway.wire import Wire
from classifier.kinds import ANSWER
from tenants import logs

# What goes together: messages, and inputs in bytes. A single message may be larger.
MESSAGES = 128
BYTES = 4 * 1024 * 1024
# How long the broker may take to say what it makes of them.
SECONDS = 2.0


@dataclass(frozen=True, eq=False, slots=True)
class Letter:
    """A message to the workers of an organisation, and who is told what became of it.

    `pushed` learns how many messages wait in the queue. The fleet is called along where `call` says so.
    """

    tenant: str
    message: Mapping[str, Any]
    size: int
    call: bool
    pushed: Callable[[int], object]
    failed: Callable[[redis.RedisError], object]


class Post:
    def __init__(self) -> None:
        self._wire = Wire(seconds=SECONDS)
        self._outgoing: deque[Letter] = deque()
        self._round: asyncio.Task[None] | None = None

    def send(self, letter: Letter) -> None:
        self._outgoing.append(letter)
        if self._round is None:
            self._round = asyncio.create_task(self._go(), context=logs.apart())

    async def close(self) -> None:
        """Leave what has not been sent."""
        if self._round is not None:
            self._round.cancel()
            await asyncio.gather(self._round, return_exceptions=True)
        await self._wire.close()

    async def _go(self) -> None:
        try:
            while self._outgoing:
                await self._take_away(self._next())
        finally:
            self._round = None

    def _next(self) -> list[Letter]:
        letters: list[Letter] = []
        size = 0
        while self._outgoing and len(letters) < MESSAGES:
            if letters and size + self._outgoing[0].size > BYTES:
                break
            letters.append(self._outgoing.popleft())
            size += letters[-1].size
        return letters

    async def _take_away(self, letters: list[Letter]) -> None:
        commands = [queues.push(letter.tenant, queues.INFER, ANSWER, letter.message) for letter in letters]
        commands += queues.call([letter.tenant for letter in letters if letter.call])
        try:
            replies = await self._wire.ask(*commands)
        except redis.RedisError as error:
            replies = [error] * len(letters)
        for letter, reply in zip(letters, replies, strict=False):  # The last may be the fleet's.
            if isinstance(reply, redis.RedisError):
                letter.failed(reply)
            else:
                letter.pushed(int(reply))
