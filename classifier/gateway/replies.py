"""Sends batches into the organisations' queues, and hands each caller what the worker replies.

An organisation that has requests on their way has a connection of its own, blocked at its reply list; a reply to a
request that nobody waits for any more is dropped. A worker can write only to the list of its own organisation, and a
reply is only ever matched with a request of the organisation from whose list it came.
"""

import asyncio
import logging
from collections.abc import Mapping

import redis
from django.conf import settings
from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from classifier import queues
from classifier.gateway.answer import Reply
from classifier.gateway.batches import Asked
from classifier.gateway.mailbox import LATE_SECONDS, Mailbox
from classifier.gateway.post import Post
from tenants import ids, isolation

log = logging.getLogger(__name__)


def connect(connections: int = 32) -> Redis:
    """Return a client whose commands fail after two seconds, and which tries a dead connection once again."""
    pool = BlockingConnectionPool.from_url(
        settings.REDIS_URL,
        max_connections=connections,
        timeout=2,
        socket_timeout=2,
        socket_connect_timeout=2,
        retry=Retry(NoBackoff(), 1, supported_errors=(redis.ConnectionError,)),
    )
    return Redis.from_pool(pool)


class Replies:
    def __init__(self, broker: Redis) -> None:
        self._broker = broker
        self._post = Post()
        # Random, so that another process, or this one after a restart, reads another list.
        self._gateway = ids.random_text(16)
        self._mailboxes: dict[str, Mailbox] = {}
        self._calling: asyncio.Task[None] | None = None
        self._is_needed = asyncio.Event()

    async def ask(self, tenant: str, asked: Asked) -> Reply:
        """Have the request sent to the organisation's workers, and return what they reply.

        Raises Unavailable when too much waits, the broker is away, or no reply comes in time.
        """
        mailbox = self._mailboxes.get(tenant) or self._open(tenant)
        mailbox.send(asked)
        return await asked.reply

    async def watch(self) -> None:
        """Look after all that is on its way, for ever, and call the fleet for organisations whose answers are late."""
        while True:
            await self._is_needed.wait()
            await asyncio.sleep(LATE_SECONDS)
            looked = {mailbox.tenant: mailbox.look() for mailbox in list(self._mailboxes.values())}
            late = {tenant: count for tenant, count in looked.items() if count}
            # A broker that hangs must not keep what is too late from being given up.
            if late and (self._calling is None or self._calling.done()):
                self._calling = asyncio.create_task(self._call_fleet(late))
            if not self._mailboxes:
                self._is_needed.clear()

    def waiting(self) -> int:
        """Return how many requests wait here for a reply. May be asked from another thread."""
        return sum(mailbox.count() for mailbox in list(self._mailboxes.values()))

    async def close(self) -> None:
        """End the connections. Whoever still waits is told to try again."""
        tasks = [mailbox.listener for mailbox in self._mailboxes.values()]
        tasks += [self._calling] if self._calling is not None else []
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._post.close()

    def _open(self, tenant: str) -> Mailbox:
        address = isolation.reply_list(tenant, self._gateway)
        mailbox = Mailbox(tenant, address, self._post, ended=lambda: self._mailboxes.pop(tenant))
        self._mailboxes[tenant] = mailbox
        self._is_needed.set()
        return mailbox

    async def _call_fleet(self, late: Mapping[str, int]) -> None:
        try:
            await queues.call_fleet(self._broker, list(late.items()))
        except redis.RedisError as error:
            log.warning("the fleet cannot be called, because the broker is away: %s", error)
