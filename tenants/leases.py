"""A part of a limit that a process holds, so that most requests ask nobody.

The broker counts what is held as used. So however many processes there are, they never exceed the limit; and what
one of them does not use it gives back soon, so that others are not refused for want of it.

Nobody should wait for the broker but the first. Whoever asks much uses up what is held, and holds twice as much each
time, for half a second. Whoever asks now and then finds what was taken to spare after the request before.
"""

import asyncio
import logging
import math
import time
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any, Generic, Protocol, TypeVar
from weakref import WeakValueDictionary

import redis

from tenants import logs
from tenants.errors import Unavailable
from tenants.models import ApiKey

log = logging.getLogger(__name__)

HOLD_SECONDS = 0.5
# How long what is needed for one more request is held by somebody who asks now and then.
SPARE_SECONDS = 3.0
# How long it is remembered that a key has no limit.
UNLIMITED_SECONDS = 5.0
# Of a limit one process holds at most a hundredth.
SHARE = 100


class Scripts(Protocol):
    """Runs the broker's scripts, which count."""

    def evalsha(self, sha: str, numkeys: int, /, *keys_and_args: str) -> Awaitable[Any]: ...


class Lease(ABC):
    """Holds as much as the next request may need; twice as much each time that it is used up within half a second."""

    def __init__(self, limits: object, *, most: int) -> None:
        """`limits` are those of which it holds a part, and `most` how much may be held beyond what is needed."""
        self.limits = limits
        self._most = most
        # Called when the time is over and nothing is held any more.
        self.ended: Callable[[], object] | None = None
        self._held = 0
        self._since = self._until = -math.inf
        self._more = 0
        # What the last request took; the next will take as much.
        self._usual = 1
        self._lost_at = 0.0
        self._lock = asyncio.Lock()
        self._timer: asyncio.TimerHandle | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._preparing: asyncio.Task[None] | None = None

    @property
    def held(self) -> int:
        return self._held

    async def take(self, count: int = 1) -> None:
        """Take `count`, from what is held or else from the broker. Raises what `_ask` raises."""
        self._usual = count
        if self._spend(count):
            self.prepare()
        else:
            await self._take_anew(count)

    async def _take_anew(self, count: int) -> None:
        began = time.monotonic()
        async with self._lock:
            if self._spend(count):
                return
            # Who has waited for an answer that did not come must not wait for the next.
            if self._lost_at >= began:
                raise redis.ConnectionError("the broker did not answer")
            await self._renew(count)

    def prepare(self) -> None:
        """Begin to hold something, if there is plenty, for a request that is about to take or may come."""
        if self._most and not (self._lock.locked() or self._has(self._spare)):
            self._preparing = asyncio.get_running_loop().create_task(self._prepare(), context=logs.apart())

    def put_back(self, count: int) -> None:
        """Hold what was taken and not used after all, for the next or for the broker."""
        self._until = time.monotonic() + HOLD_SECONDS
        self._held += count
        self._set_timer()

    async def close(self) -> None:
        """Give back what is held."""
        if self._preparing is not None:
            await self._preparing
        self._give_back()
        await asyncio.gather(*self._tasks)

    @abstractmethod
    async def _ask(self, count: int, more: int, *, seconds: float) -> int:
        """Ask the broker for `count`, and for as many as `more` beyond to be held for `seconds`. Return what it grants,
        at least `count`.

        Where `count` is 0 it may grant nothing, which is no error.
        """

    @abstractmethod
    def _return(self, count: int) -> Awaitable[object]:
        """Give `count` of the last grant back to the broker."""

    @property
    def _spare(self) -> int:
        """What is held of somebody who asks now and then."""
        return min(self._most, self._usual)

    @property
    def _is_busy(self) -> bool:
        return self._more > self._spare

    def _has(self, count: int) -> bool:
        return self._held >= count and time.monotonic() < self._until

    def _spend(self, count: int) -> bool:
        if not self._has(count):
            return False
        self._held -= count
        return True

    async def _prepare(self) -> None:
        async with self._lock:
            if not self._has(self._spare):
                try:
                    await self._renew(0)
                except (redis.RedisError, Unavailable) as error:
                    # Whoever takes will ask again, and be told.
                    log.info("nothing is held beforehand: %s", error)

    async def _renew(self, count: int) -> None:
        if time.monotonic() >= self._until:
            self._give_back()
        is_used_up_soon = time.monotonic() < self._since + HOLD_SECONDS
        self._more = min(self._most, max(self._spare, 2 * self._more)) if is_used_up_soon else self._spare
        # What is on its way back must not be missing for whoever asks now.
        await asyncio.gather(*self._tasks)
        # From before it is asked: the broker's time begins later.
        self._since = time.monotonic()
        seconds = HOLD_SECONDS if self._is_busy else SPARE_SECONDS
        self._until = self._since + seconds
        # What is held counts, so that nothing is refused that is left; and nobody else may spend it meanwhile.
        at_hand, self._held = self._held, 0
        try:
            at_hand += await self._ask(max(0, count - at_hand), self._more, seconds=seconds) - count
        except redis.RedisError:
            self._lost_at = time.monotonic()
            raise
        finally:
            self._held += at_hand
            self._set_timer()

    def _set_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = asyncio.get_running_loop().call_later(self._until - time.monotonic(), self._end)

    def _end(self) -> None:
        was_busy = self._is_busy
        self._give_back()
        if was_busy:
            self.prepare()
        elif self.ended is not None:
            self.ended()

    def _give_back(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = None
        self._more = 0
        count, self._held = self._held, 0
        if count:
            task = asyncio.get_running_loop().create_task(self._try_to_return(count))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _try_to_return(self, count: int) -> None:
        try:
            await self._return(count)
        except redis.RedisError as error:
            log.info("%d are not given back, because the broker is away: %s", count, error)


L = TypeVar("L", bound=Lease)


class Leases(ABC, Generic[L]):
    """The leases of this process, one for each key that is busy."""

    def __init__(self) -> None:
        self._kept: dict[str, tuple[ApiKey, object, L | None]] = {}
        # Also those of which something is still out: a request that may put it back, or what is on its way back.
        self._alive: WeakValueDictionary[str, L] = WeakValueDictionary()

    async def close(self) -> None:
        """Give back what is held."""
        await asyncio.gather(*(lease.close() for lease in list(self._alive.values())))

    @abstractmethod
    def _make(self, key: ApiKey) -> L | None:
        """Return a lease for the key, or None where it has no limit."""

    def _get(self, key: ApiKey, period: object = None) -> L | None:
        kept = self._kept.get(key.id)
        # Another row of the same key may have another plan.
        if kept is not None and kept[0] is key and kept[1] == period:
            return kept[2]
        lease = self._make(key)
        alive = self._alive.get(key.id)
        if lease is not None and alive is not None and alive.limits == lease.limits:
            lease = alive  # What is held for the key, or comes back to it, must not be missing for it.
        self._kept[key.id] = (key, period, lease)
        drop = partial(self._drop, key.id, lease)
        if lease is None:
            asyncio.get_running_loop().call_later(UNLIMITED_SECONDS, drop)
        else:
            self._alive[key.id] = lease
            lease.ended = drop
        return lease

    def _drop(self, name: str, lease: L | None) -> None:
        kept = self._kept.get(name)
        if kept is not None and kept[2] is lease:
            del self._kept[name]
