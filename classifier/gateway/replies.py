"""Puts requests into the organisations' queues, and hands each caller what the worker replies.

An organisation that has requests waiting has a connection of its own, blocked at its reply list; a reply to a
request that nobody waits for any more is dropped. A worker can write only to the list of its own organisation,
and a reply is only ever matched with a request of the organisation from whose list it came.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import msgspec
import redis
from django.conf import settings
from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from classifier import queues
from classifier.gateway.answer import Reply
from tenants import ids, isolation
from tenants.errors import Unavailable

log = logging.getLogger(__name__)

TASK = "classifier.answer"
# How long a caller is kept waiting; an idle model's worker starts well within it.
SECONDS = 10.0
# Requests that wait in one queue. Beyond that a new one could not be answered in time.
QUEUE_LIMIT = 1_000
# How long a full queue is believed to be full.
FULL_SECONDS = 1.0
# A connection that has nobody to wait for ends after so long.
LINGER = 5

_DECODER = msgspec.json.Decoder(Reply)


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


def connect_for_waiting() -> Redis:
    """Return a client of one connection, which may wait as long as `LINGER` for an answer."""
    return Redis.from_url(
        settings.REDIS_URL,
        single_connection_client=True,
        socket_timeout=LINGER + 3,
        socket_connect_timeout=2,
        retry=Retry(NoBackoff(), 0),
    )


class Replies:
    def __init__(self, broker: Redis) -> None:
        self._broker = broker
        # Random, so that another process, or this one after a restart, reads another list.
        self._gateway = ids.random_text(16)
        self._mailboxes: dict[str, _Mailbox] = {}

    async def ask(self, tenant: str, request: dict[str, Any]) -> Reply:
        """Send the request, which has an `id`, to the organisation's worker and return what that replies.

        Raises Unavailable when the queue is full, the broker is away, or no reply comes in time.
        """
        mailbox = self._mailbox(tenant)
        mailbox.refuse_when_full()
        with mailbox.waiting(request["id"]) as reply:
            try:
                async with asyncio.timeout(SECONDS):
                    await self._push(mailbox, request)
                    return await reply
            except TimeoutError:
                detail = f"No worker answered within {SECONDS:.0f} s. Nothing was billed; try again."
                raise Unavailable(detail, retry_after=2) from None

    async def close(self) -> None:
        """End the connections. Whoever still waits gets no reply."""
        listeners = [mailbox.listener for mailbox in self._mailboxes.values()]
        for listener in listeners:
            listener.cancel()
        await asyncio.gather(*listeners, return_exceptions=True)

    def _mailbox(self, tenant: str) -> "_Mailbox":
        if tenant not in self._mailboxes:
            address = isolation.reply_list(tenant, self._gateway)
            self._mailboxes[tenant] = _Mailbox(tenant, address, lambda: self._mailboxes.pop(tenant))
        return self._mailboxes[tenant]

    async def _push(self, mailbox: "_Mailbox", request: dict[str, Any]) -> None:
        message = {"reply": mailbox.address, "deadline": time.time() + SECONDS, "requests": [request]}
        depth = await queues.send_async(self._broker, mailbox.tenant, queues.INFER, TASK, message)
        if depth > QUEUE_LIMIT:
            mailbox.full_until = time.monotonic() + FULL_SECONDS
            mailbox.refuse_when_full()


class _Mailbox:
    """The requests of one organisation that wait, and the connection at its reply list."""

    def __init__(self, tenant: str, address: str, ended: Callable[[], object]) -> None:
        self.tenant = tenant
        self.address = address
        self.full_until = 0.0
        self._ended = ended
        self._waiting: dict[str, asyncio.Future[Reply]] = {}
        self.listener = asyncio.create_task(self._listen())

    def refuse_when_full(self) -> None:
        if time.monotonic() < self.full_until:
            detail = f"More than {QUEUE_LIMIT:,} requests of this organisation wait already. Send fewer at a time."
            raise Unavailable(detail, retry_after=2)

    @contextmanager
    def waiting(self, request_id: str) -> Iterator[asyncio.Future[Reply]]:
        """Expect a reply to the request within the block."""
        reply = self._waiting[request_id] = asyncio.get_running_loop().create_future()
        try:
            yield reply
        finally:
            del self._waiting[request_id]

    async def _listen(self) -> None:
        client = connect_for_waiting()
        try:
            while (found := await client.blpop([self.address], timeout=LINGER)) or self._waiting:
                if found:
                    self._deliver(found[1])
        except redis.RedisError as error:
            log.warning("replies to %s are lost, because the broker is away: %s", self.tenant, error)
            self._fail()
        finally:
            # Before anything is awaited: nobody may come to wait in a mailbox that is emptied no more.
            self._ended()
            await client.aclose()

    def _deliver(self, message: bytes | str) -> None:
        try:
            reply = _DECODER.decode(message)
        except msgspec.DecodeError as error:
            log.error("a worker of %s replied what is no reply: %s", self.tenant, error)
            return
        future = self._waiting.get(reply.id)
        if future is not None and not future.done():
            future.set_result(reply)

    def _fail(self) -> None:
        for reply in self._waiting.values():
            if not reply.done():
                reply.set_exception(Unavailable("The queue does not answer just now. Try again.", retry_after=1))
