"""What waits of one organisation, and which of it leaves together.

There is no fixed delay: as soon as there is room for one more batch with its workers, whatever waits for one version
leaves as one message. So a lone request leaves at once, and many that come while the workers are busy share a message.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import chain, count
from typing import Any

from classifier.gateway.answer import Reply
from tenants.errors import Unavailable

# A batch of so many inputs keeps a worker busy for some ten milliseconds. A single request may be larger.
BATCH_ROWS = 256
BATCH_BYTES = 1024 * 1024
# What may wait of one organisation in one process. Beyond that a new request could not be answered in time.
REQUESTS = 1_000
BYTES = 64 * 1024 * 1024

# A model's name and the version of it: what a batch is asked of.
Line = tuple[str, int]


@dataclass(eq=False, slots=True)
class Asked:
    """One request: what of it the worker is sent, its size in bytes, and where its reply is awaited.

    `when_late` is called where the reply does not come at once. `since` is in monotonic seconds. `reading` names what
    the gateway knows of the model.
    """

    line: Line
    content: dict[str, Any]
    size: int
    reply: asyncio.Future[Reply]
    when_late: Callable[[], object]
    since: float = 0.0
    reading: str = ""
    number: int = field(default=-1)

    @property
    def id(self) -> str:
        return str(self.content["id"])

    @property
    def rows(self) -> int:
        return len(self.content["inputs"])


class Waiting:
    """The requests of one organisation that have not left yet, in a queue for each version."""

    def __init__(self) -> None:
        self._lines: dict[Line, deque[Asked]] = {}
        self._numbers = count()
        self._requests = 0
        self._bytes = 0

    def __len__(self) -> int:
        return self._requests

    def __iter__(self) -> Iterator[Asked]:
        return chain.from_iterable(self._lines.values())

    def add(self, asked: Asked) -> None:
        """Raises Unavailable when there is no room."""
        if self._requests >= REQUESTS or self._bytes + asked.size > BYTES:
            detail = f"{self._requests:,} requests of this organisation wait already. Send fewer at a time."
            raise Unavailable(detail, retry_after=1)
        asked.number = next(self._numbers)
        self._lines.setdefault(asked.line, deque()).append(asked)
        self._count(asked, 1)

    def take(self) -> list[Asked]:
        """Return the next batch, from the line whose first has waited longest; who has given up is left out."""
        self._drop_those_who_left()
        if not self._lines:
            return []
        line = min(self._lines, key=lambda line: self._lines[line][0].number)
        queue = self._lines[line]
        batch: list[Asked] = []
        rows = size = 0
        while queue:
            first = queue[0]
            if batch and (rows + first.rows > BATCH_ROWS or size + first.size > BATCH_BYTES):
                break
            queue.popleft()
            self._count(first, -1)
            if not first.reply.done():
                batch.append(first)
                rows, size = rows + first.rows, size + first.size
        if not queue:
            del self._lines[line]
        return batch

    def _drop_those_who_left(self) -> None:
        for line, queue in list(self._lines.items()):
            while queue and queue[0].reply.done():
                self._count(queue.popleft(), -1)
            if not queue:
                del self._lines[line]

    def _count(self, asked: Asked, sign: int) -> None:
        self._requests += sign
        self._bytes += sign * asked.size
