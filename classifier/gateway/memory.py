import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

K = TypeVar("K")
V = TypeVar("V")


@dataclass(frozen=True)
class _LookUp(Generic[V]):
    began: float
    task: asyncio.Task[V]


class Memory(Generic[K, V]):
    """Keeps what was looked up for some seconds, so that a busy caller costs one query and not one a request.

    The seconds count from when the look-up began: what changes after that is known once they are over. Those
    who ask at the same time share one look-up. An error reaches all who wait for it, and is kept for nobody.
    """

    def __init__(self, look_up: Callable[[K], Awaitable[V]], seconds: float) -> None:
        self._look_up = look_up
        self._seconds = seconds
        self._kept: dict[K, _LookUp[V]] = {}

    async def get(self, key: K, *, seconds: float | None = None) -> V:
        """Return what `key` leads to, not older than `seconds`; without them, than the memory keeps it."""
        kept = self._kept.get(key)
        oldest = time.monotonic() - (self._seconds if seconds is None else seconds)
        if kept is None or kept.began < oldest:
            kept = self._begin(key)
        # Who waits may go away; the others still want to know.
        return await asyncio.shield(kept.task)

    def forget(self, key: K) -> None:
        self._kept.pop(key, None)

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
            # Nothing else would ever remove what nobody asks for again.
            asyncio.get_running_loop().call_later(self._seconds, self._drop, key, begun)

    def _drop(self, key: K, begun: _LookUp[V]) -> None:
        if self._kept.get(key) is begun:
            del self._kept[key]
