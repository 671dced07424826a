"""Sends batches into the organisations' queues, and hands each caller what the worker replies.

An organisation that has requests on their way has a connection of its own, blocked at its reply list; a reply to a
request that nobody waits for any more is dropped. A worker can write only to the list of its own organisation, and a
reply is only ever matched with a request of the organisation from whose list it came.
"""

import asyncio
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass

import msgspec
import redis
from django.conf import settings
from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from classifier import queues
from classifier.gateway.answer import Replied, Reply
from classifier.gateway.batches import Asked, Waiting
from tenants import ids, isolation
from tenants.errors import Unavailable

log = logging.getLogger(__name__)

TASK = "classifier.answer"
# How long a caller is kept waiting; an idle model's worker starts well within it.
SECONDS = 10.0
# Messages in one queue, of all gateways. Beyond that a new one could not be answered in time.
QUEUE_LIMIT = 1_000
# How long a full queue is believed to be full.
FULL_SECONDS = 1.0
# Batches that are on their way beside those that workers have in hand, so that none of them waits for the next.
AHEAD = 1
# A worker that has replied within this time counts as there.
WORKER_SECONDS = 2.0
# A message that a worker has taken along into its end would be missed by nobody else. To answer twice does no harm.
AGAIN_SECONDS = 2.5
# A batch that is out for so long may have no worker, or one too few; the fleet is told, and told again.
LATE_SECONDS = 0.1
CALL_SECONDS = 1.0
# A connection that has nobody to wait for ends after so long.
LINGER = 5

_DECODER = msgspec.json.Decoder(Replied)
_AWAY = "The queue does not answer just now. Try again."


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

    async def ask(self, tenant: str, asked: Asked) -> Reply:
        """Have the request sent to the organisation's workers, and return what they reply.

        Raises Unavailable when too much waits, the broker is away, or no reply comes in time.
        """
        mailbox = self._mailboxes.get(tenant) or self._open(tenant)
        asked.content["deadline"] = time.time() + SECONDS
        mailbox.send(asked)
        timer = asyncio.get_running_loop().call_later(SECONDS, _expire, asked)
        try:
            return await asked.reply
        finally:
            timer.cancel()

    async def watch(self) -> None:
        """Call the fleet, for ever, for organisations whose answers are late, and tell it how much waits."""
        while True:
            await asyncio.sleep(LATE_SECONDS)
            late = {mailbox.tenant: mailbox.look() for mailbox in list(self._mailboxes.values())}
            try:
                await queues.call_fleet(self._broker, [(tenant, count) for tenant, count in late.items() if count])
            except redis.RedisError as error:
                log.warning("the fleet cannot be called, because the broker is away: %s", error)

    async def close(self) -> None:
        """End the connections. Whoever still waits gets no reply."""
        tasks = [task for mailbox in self._mailboxes.values() for task in mailbox.tasks()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _open(self, tenant: str) -> "_Mailbox":
        address = isolation.reply_list(tenant, self._gateway)
        mailbox = self._mailboxes[tenant] = _Mailbox(
            tenant, address, self._broker, ended=lambda: self._mailboxes.pop(tenant)
        )
        return mailbox


def _expire(asked: Asked) -> None:
    if not asked.reply.done():
        detail = f"No worker answered within {SECONDS:.0f} s. Nothing was billed; try again."
        asked.reply.set_exception(Unavailable(detail, retry_after=2))


@dataclass(eq=False)
class _Batch:
    """What is on its way together, until its last caller has an answer or has given up."""

    asked: list[Asked]
    sent: float
    times: int = 0


class _Mailbox:
    """The requests of one organisation, those that wait and those on their way, and the connection at its list."""

    def __init__(self, tenant: str, address: str, broker: Redis, *, ended: Callable[[], object]) -> None:
        self.tenant = tenant
        self.address = address
        self._broker = broker
        self._ended = ended
        self._waiting = Waiting()
        self._on_their_way: dict[str, _Batch] = {}
        self._workers: dict[str, float] = {}
        self._full_until = 0.0
        self._called = -CALL_SECONDS
        self._sending: set[asyncio.Task[None]] = set()
        self._listener = asyncio.create_task(self._listen())

    def tasks(self) -> list[asyncio.Task[None]]:
        return [self._listener, *self._sending]

    def send(self, asked: Asked) -> None:
        """Let the request leave with the next batch, which may be now. Raises Unavailable when too much waits."""
        if time.monotonic() < self._full_until:
            detail = f"More than {QUEUE_LIMIT:,} messages of this organisation wait already. Send fewer at a time."
            raise Unavailable(detail, retry_after=2)
        self._waiting.add(asked)
        self._fill()

    def _fill(self) -> None:
        """Send as many batches as there is room for."""
        while len(self._on_their_way) < self._room() and (taken := self._waiting.take()):
            name = ids.random_text(16)
            batch = self._on_their_way[name] = _Batch(taken, time.monotonic())
            self._begin_push(name, batch)

    def _room(self) -> int:
        if len(self._workers) > 1:
            recent = time.monotonic() - WORKER_SECONDS
            self._workers = {worker: at for worker, at in self._workers.items() if at > recent}
        return max(1, len(self._workers)) + AHEAD

    def _begin_push(self, name: str, batch: _Batch) -> None:
        batch.times += 1
        task = asyncio.create_task(self._push(name, batch))
        self._sending.add(task)
        task.add_done_callback(self._sending.discard)

    async def _push(self, name: str, batch: _Batch) -> None:
        model, version = batch.asked[0].line
        message = {
            "batch": name,
            "reply": self.address,
            "model": model,
            "version": version,
            "requests": [asked.content for asked in batch.asked if not asked.reply.done()],
        }
        try:
            depth = await queues.send_async(
                self._broker, self.tenant, queues.INFER, TASK, message, call=self._call_is_due(time.monotonic())
            )
        except redis.RedisError as error:
            log.warning("requests of %s are refused, because the broker is away: %s", self.tenant, error)
            self._fail(name, Unavailable(_AWAY, retry_after=1))
            return
        if depth > QUEUE_LIMIT:
            self._full_until = time.monotonic() + FULL_SECONDS

    def _call_is_due(self, now: float) -> bool:
        """Say whether the fleet is to be called along: once a second is enough for a worker that is there."""
        if now - self._called < CALL_SECONDS:
            return False
        self._called = now
        return True

    def look(self) -> int:
        """Let go of what nobody waits for, and send again what may be lost.

        Where a batch is late, return how many are, and how many requests could not leave behind them.
        """
        now = time.monotonic()
        for name, batch in list(self._on_their_way.items()):
            if all(asked.reply.done() for asked in batch.asked):
                del self._on_their_way[name]
            elif now - batch.sent > AGAIN_SECONDS * batch.times:
                self._begin_push(name, batch)
        self._fill()
        late = sum(now - batch.sent > LATE_SECONDS for batch in self._on_their_way.values())
        return late + len(self._waiting) if late else 0

    async def _listen(self) -> None:
        client = connect_for_waiting()
        try:
            while (found := await client.blpop([self.address], timeout=LINGER)) or self._on_their_way or self._waiting:
                if found:
                    self._deliver(found[1])
        except redis.RedisError as error:
            log.warning("replies to %s are lost, because the broker is away: %s", self.tenant, error)
            for name in list(self._on_their_way):
                self._fail(name, Unavailable(_AWAY, retry_after=1))
            while taken := self._waiting.take():
                _refuse(taken, Unavailable(_AWAY, retry_after=1))
        finally:
            # Before anything is awaited: nobody may come to wait in a mailbox that is emptied no more.
            self._ended()
            await client.aclose()

    def _deliver(self, message: bytes | str) -> None:
        try:
            replied = _DECODER.decode(message)
        except msgspec.DecodeError as error:
            log.error("a worker of %s replied what is no reply: %s", self.tenant, error)
            return
        self._workers[replied.worker] = time.monotonic()
        batch = self._on_their_way.pop(replied.batch, None)
        if batch is not None:
            self._fill()
            answers = {reply.id: reply for reply in replied.replies}
            for asked in batch.asked:
                _settle(asked, answers.get(asked.id))

    def _fail(self, name: str, error: Unavailable) -> None:
        batch = self._on_their_way.pop(name, None)
        if batch is not None:
            _refuse(batch.asked, error)
            self._fill()


def _settle(asked: Asked, reply: Reply | None) -> None:
    if asked.reply.done():
        return
    if reply is None:
        asked.reply.set_exception(Unavailable("The worker left this request out. Try again.", retry_after=1))
    else:
        asked.reply.set_result(reply)


def _refuse(refused: list[Asked], error: Unavailable) -> None:
    for asked in refused:
        if not asked.reply.done():
            asked.reply.set_exception(error)
