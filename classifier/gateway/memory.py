import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Generic, Protocol, TypeVar

K = TypeVar("K")
V = TypeVar("V")

# What nobody has asked for so long is dropped.
UNUSED_SECONDS = 60.0


class Source(Protocol):
    """Tells of changes."""

    def told_all(self, since: float, until: float) -> bool:
        """Say whether everything that changed between the two moments, in monotonic seconds, has been told."""


@dataclass
class _LookUp(Generic[V]):
    began: float
    task: asyncio.Task[V]
    used: float = field(default_factory=time.monotonic)


class Memory(Generic[K, V]):
    """Keeps what was looked up, so that a busy caller costs one query and not one a request.

    What is kept was true within the last `seconds`: it was looked up then, or a source that tells of every change
    has said nothing. The seconds count from when the look-up began. Those who ask at the same time share one
    look-up. An error reaches all who wait for it, and is kept for nobody.
    """

    def __init__(self, look_up: Callable[[K], Awaitable[V]], seconds: float, *, told_by: Source | None = None) -> None:
        self._look_up = look_up
        self._seconds = seconds
        self._source = told_by
        self._kept: dict[K, _LookUp[V]] = {}

    async def get(self, key: K, *, seconds: float | None = None) -> V:
        """Return what `key` leads to, as it was not longer than `seconds` ago; without them, as it is kept.

        With `seconds` it must have been looked up since, whatever the source says.
        """
        now = time.monotonic()
        kept = self._kept.get(key)
        if kept is None or not self._is_true(kept, now, seconds):
            kept = self._begin(key)
        kept.used = now
        if kept.task.done():
            return kept.task.result()
        # Who waits may go away; the others still want to know.
        return await asyncio.shield(kept.task)

    def forget(self, key: K) -> None:
        self._kept.pop(key, None)

    def forget_all(self, concerns: Callable[[V], bool]) -> None:
        """Forget what concerns somebody, and what is being looked up and might."""
        for key, kept in list(self._kept.items()):
            if not kept.task.done() or concerns(kept.task.result()):
                del self._kept[key]

    def _is_true(self, kept: _LookUp[V], now: float, seconds: float | None) -> bool:
        if seconds is not None:
            return kept.began >= now - seconds
        oldest = now - self._seconds
        told = self._source is not None and self._source.told_all(since=kept.began, until=oldest)
        return told or kept.began >= oldest

    def _begin(self, key: K) -> _LookUp[V]:
        async def look_up() -> V:
            return await self._look_up(key)

        begun = self._kept[key] = _LookUp(time.monotonic(), asyncio.create_task(look_up()))
        begun.task.add_done_callback(lambda task: self._settle(key, begun))
        return begun

    def _settle(self, key: K, begun: _LookUp[V]) -> None:
        if begun.task.cancelled() or begun.task.exception() is not None:
            self._drop(key, begun)
        else:
            self._drop_unused(key, begun)

    def _drop_unused(self, key: K, begun: _LookUp[V]) -> None:
        """Nothing else would ever remove what nobody asks for again."""
        if self._kept.get(key) is not begun:
            return
        keep = max(self._seconds, UNUSED_SECONDS) if self._source is not None else self._seconds
        left = begun.used + keep - time.monotonic()
        if left <= 0:
            self._drop(key, begun)
        else:
            asyncio.get_running_loop().call_later(left, self._drop_unused, key, begun)

    def _drop(self, key: K, begun: _LookUp[V]) -> None:
        if self._kept.get(key) is begun:
            del self._kept[key]
