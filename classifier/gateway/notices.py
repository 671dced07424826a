import asyncio
import logging
import math
import time
from collections.abc import Callable
from typing import Any

import psycopg
from psycopg import sql

from classifier.gateway.memory import UNUSED_SECONDS
from tenants import wakeups

log = logging.getLogger(__name__)

# How often PostgreSQL is asked for what it may have held back, while somebody relies on there being nothing.
CONFIRM_SECONDS = 0.3
# And otherwise, so that a lost connection is noticed.
UNRELIED_SECONDS = 5.0
# How long an answer may take, and the pause before a new connection.
PAUSE = 1.0
# By it the connection is told from Django's own.
NAME = "assort-gateway"

Hear = Callable[[str], None]


class Notices:
    """Hears from PostgreSQL what other processes have changed, and knows since and until when it has heard it all.

    A notice is sent by the commit of the change itself, so there is none without the other. On one connection
    notices come in order, before the answer to a later query: an answer says that nothing is on its way.
    """

    def __init__(self) -> None:
        self._hear: dict[str, Hear] = {}
        self.complete_since = math.inf
        self.complete_until = -math.inf
        self._relied_on = -math.inf
        self._woken = asyncio.Event()

    def told_all(self, since: float, until: float) -> bool:
        """Say whether every change between the two moments has been told. To ask is to rely on it for a while."""
        was_relied_on, self._relied_on = self._is_relied_on(), time.monotonic()
        if not was_relied_on:
            self._woken.set()
        return self.complete_since < since and self.complete_until >= until

    def _is_relied_on(self) -> bool:
        """What was kept and is not used is forgotten by then."""
        return time.monotonic() - self._relied_on < UNUSED_SECONDS

    def on(self, channel: str, hear: Hear) -> None:
        """Have `hear` called with the payload of each notice; to be said before `listen`."""
        self._hear[channel] = hear

    async def listen(self) -> None:
        """Listen for ever, on a new connection when the old one is lost."""
        while True:
            try:
                async with await psycopg.AsyncConnection.connect(
                    **wakeups.login(), autocommit=True, connect_timeout=5, application_name=NAME
                ) as opened:
                    await self._listen_on(opened)
            except (psycopg.Error, TimeoutError) as error:
                log.warning("changes are looked up until PostgreSQL tells of them again: %s", error)
            self.complete_since = math.inf
            await asyncio.sleep(PAUSE)

    async def _listen_on(self, opened: psycopg.AsyncConnection[Any]) -> None:
        for channel in self._hear:
            await opened.execute(sql.SQL("LISTEN {}").format(sql.Identifier(channel)))
        self.complete_since = time.monotonic()
        while True:
            asked = time.monotonic()
            async with asyncio.timeout(PAUSE):
                await opened.execute("SELECT 1")
                await self._take(opened)
            self.complete_until = asked
            await self._readable(opened, CONFIRM_SECONDS if self._is_relied_on() else UNRELIED_SECONDS)

    async def _take(self, opened: psycopg.AsyncConnection[Any]) -> None:
        async for notice in opened.notifies(timeout=0):
            self._hear[notice.channel](notice.payload)

    async def _readable(self, opened: psycopg.AsyncConnection[Any], seconds: float) -> None:
        """Return when something can be read, when somebody begins to rely on it, or after `seconds`.

        psycopg would look ten times a second itself.
        """
        loop = asyncio.get_running_loop()
        self._woken.clear()
        loop.add_reader(opened.fileno(), self._woken.set)
        try:
            async with asyncio.timeout(seconds):
                await self._woken.wait()
        except TimeoutError:
            pass
        finally:
            loop.remove_reader(opened.fileno())
