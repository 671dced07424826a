"""The requests of one organisation: those that wait, those on their way, and the list at which replies come in."""

import asyncio
import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import msgspec
import redis

from classifier.gateway import measures
from classifier.gateway.answer import Replied, Reply
from classifier.gateway.batches import Asked, Waiting
from classifier.gateway.post import Letter, Post
from classifier.gateway.wire import Wire
from tenants import ids, logs
from tenants.errors import TenantError, Unavailable

log = logging.getLogger(__name__)

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
# A connection that has nobody to wait for ends after so long: to open one costs as much as several requests.
LINGER = 30.0
# It waits at its list for so long at a time, and the broker may take so much longer before it counts as away.
WAIT_SECONDS, OVERDUE_SECONDS = 5, 3.0
# Callers that are answered in one turn of the event loop. More would keep everybody else's requests waiting.
AT_ONCE = 8

_DECODER = msgspec.json.Decoder(Replied)
_AWAY = "The queue does not answer just now. Try again."


@dataclass(eq=False)
class _Batch:
    """What is on its way together, until its last caller has an answer or has given up."""

    asked: list[Asked]
    sent: float
    times: int = 0


class Mailbox:
    def __init__(self, tenant: str, address: str, post: Post, *, ended: Callable[[], object]) -> None:
        self.tenant = tenant
        self.address = address
        self._post = post
        self._ended = ended
        self._waiting = Waiting()
        self._on_their_way: dict[str, _Batch] = {}
        self._workers: dict[str, float] = {}
        self._full_until = 0.0
        self._called = -CALL_SECONDS
        self._used = time.monotonic()
        # It outlives the request that opens this mailbox.
        self.listener = asyncio.create_task(self._listen(), context=logs.apart(tenant=tenant))

    def send(self, asked: Asked) -> None:
        """Let the request leave with the next batch, which may be now. Raises Unavailable when too much waits."""
        now = self._used = time.monotonic()
        if now < self._full_until:
            detail = f"More than {QUEUE_LIMIT:,} messages of this organisation wait already. Send fewer at a time."
            raise Unavailable(detail, retry_after=2)
        asked.since = now
        asked.content["deadline"] = time.time() + SECONDS
        self._waiting.add(asked)
        self._fill()

    def _fill(self) -> None:
        """Send as many batches as there is room for."""
        while len(self._on_their_way) < self._room() and (taken := self._waiting.take()):
            name = ids.random_text(16)
            batch = self._on_their_way[name] = _Batch(taken, time.monotonic())
            self._push(name, batch)

    def _room(self) -> int:
        if len(self._workers) > 1:
            recent = time.monotonic() - WORKER_SECONDS
            self._workers = {worker: at for worker, at in self._workers.items() if at > recent}
        return max(1, len(self._workers)) + AHEAD

    def _push(self, name: str, batch: _Batch) -> None:
        batch.times += 1
        measures.BATCHES.add()
        wanted = [asked for asked in batch.asked if not asked.reply.done()]
        model, version = batch.asked[0].line
        message = {
            "batch": name,
            "reply": self.address,
            "model": model,
            "version": version,
            # The newest: whoever knows it knows what went before.
            "reading": batch.asked[-1].reading,
            "requests": [asked.content for asked in wanted],
        }
        size = sum(asked.size for asked in wanted)
        failed = partial(self._refuse_batch, name)
        self._post.send(Letter(self.tenant, message, size, self._call_is_due(), self._note_depth, failed))

    def _note_depth(self, depth: int) -> None:
        if depth > QUEUE_LIMIT:
            self._full_until = time.monotonic() + FULL_SECONDS

    def _refuse_batch(self, name: str, error: redis.RedisError) -> None:
        with logs.about(tenant=self.tenant):
            log.warning("requests of %s are refused, because the broker is away: %s", self.tenant, error)
        batch = self._on_their_way.pop(name, None)
        if batch is not None:
            _refuse(batch.asked, Unavailable(_AWAY, retry_after=1))
            self._fill()

    def _call_is_due(self) -> bool:
        """Say whether the fleet is to be called along: once a second is enough for a worker that is there."""
        now = time.monotonic()
        if now - self._called < CALL_SECONDS:
            return False
        self._called = now
        return True

    def look(self) -> int:
        """Let go of what nobody waits for, and send again what may be lost.

        Where a batch is late, return how many are, and how many requests could not leave behind them.
        """
        now = time.monotonic()
        for asked in self._asked():
            _look_at(asked, now)
        for name, batch in list(self._on_their_way.items()):
            if all(asked.reply.done() for asked in batch.asked):
                del self._on_their_way[name]
            elif now - batch.sent > AGAIN_SECONDS * batch.times:
                self._push(name, batch)
        self._fill()
        late = sum(now - batch.sent > LATE_SECONDS for batch in self._on_their_way.values())
        return late + len(self._waiting) if late else 0

    def count(self) -> int:
        """Return how many requests wait here, on their way or not. May be asked from another thread."""
        return len(self._waiting) + sum(len(batch.asked) for batch in list(self._on_their_way.values()))

    def _asked(self) -> list[Asked]:
        return [*self._waiting, *(asked for batch in self._on_their_way.values() for asked in batch.asked)]

    async def _listen(self) -> None:
        wire = Wire(seconds=WAIT_SECONDS + OVERDUE_SECONDS)
        try:
            while (found := await self._next_reply(wire)) or self._is_needed():
                if found:
                    self._deliver(found)
        except redis.RedisError as error:
            if self._asked():
                log.warning("replies to %s are lost, because the broker is away: %s", self.tenant, error)
        finally:
            # Before anything is awaited: nobody may wait in a mailbox that is emptied and looked after no more.
            self._ended()
            _refuse(self._asked(), Unavailable(_AWAY, retry_after=1))
            await wire.close()

    def _is_needed(self) -> bool:
        return bool(self._on_their_way or self._waiting) or time.monotonic() - self._used < LINGER

    async def _next_reply(self, wire: Wire) -> bytes | None:
        (found,) = await wire.ask(("BLPOP", self.address, str(WAIT_SECONDS)))
        if isinstance(found, redis.RedisError):
            raise found
        return found[1] if found else None

    def _deliver(self, message: bytes | str) -> None:
        try:
            replied = _DECODER.decode(message)
        except msgspec.DecodeError as error:
            log.error("a worker of %s replied what is no reply: %s", self.tenant, logs.words(error))
            return
        self._workers[replied.worker] = time.monotonic()
        batch = self._on_their_way.pop(replied.batch, None)
        if batch is not None:
            self._fill()
            answers = {reply.id: reply for reply in replied.replies}
            _hand_out([(asked, answers.get(asked.id)) for asked in batch.asked])


def _look_at(asked: Asked, now: float) -> None:
    """Give up a request that has waited too long, and let one that waits for long see whether its caller has gone."""
    if asked.reply.done():
        return
    if now - asked.since > SECONDS:
        detail = f"No worker answered within {SECONDS:.0f} s. Nothing was billed; try again."
        asked.reply.set_exception(Unavailable(detail, retry_after=2))
    elif now - asked.since > LATE_SECONDS:
        asked.when_late()


def _hand_out(answered: Sequence[tuple[Asked, Reply | None]]) -> None:
    """Answer a few callers, and the others in the next turns of the event loop, so that it serves others in between."""
    for asked, reply in answered[:AT_ONCE]:
        if asked.reply.done():
            continue
        if reply is None:
            asked.reply.set_exception(Unavailable("The worker left this request out. Try again.", retry_after=1))
        else:
            asked.reply.set_result(reply)
    if rest := answered[AT_ONCE:]:
        asyncio.get_running_loop().call_soon(_hand_out, rest)


def _refuse(refused: list[Asked], error: TenantError) -> None:
    for asked in refused:
        if not asked.reply.done():
            asked.reply.set_exception(error)
