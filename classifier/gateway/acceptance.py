"""Takes in requests that are answered later: those of one organisation that come together are kept together.

A transaction for each would cost this process several milliseconds of Python, in which it serves nobody else.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from classifier.gateway.database import Database
from classifier.later import Later
from classifier.models import Classification
from tenants import isolation, logs
from tenants.errors import TenantError, Unavailable
from tenants.models import Organisation

# What is kept in one transaction.
TOGETHER = 256
TOGETHER_BYTES = 4 * 1024 * 1024
# What may wait of one organisation to be taken in.
REQUESTS = 1_000
BYTES = 64 * 1024 * 1024
# The pause after each that was taken in. Whoever sends many waits a little for them. Without it, those that were
# taken in together would all be told at once, ask for the next at once, and everybody else would stand behind them.
PACE_SECONDS = 0.005

# Keeps requests inside their organisation, and returns for each what was kept or why it was not.
Accept = Callable[[Sequence[Later]], Sequence[Classification | TenantError]]


@dataclass(eq=False, slots=True)
class _Asked:
    later: Later
    size: int
    kept: asyncio.Future[Classification]


class Acceptance:
    def __init__(self, database: Database, accept: Accept) -> None:
        self._database = database
        self._accept = accept
        self._waiting: dict[str, deque[_Asked]] = {}
        self._bytes: dict[str, int] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    async def keep(self, organisation: Organisation, later: Later, *, size: int) -> Classification:
        """Return what is kept, once that is certain. `size` is in bytes.

        Raises what `accept` says of this request, and Unavailable when the database is away or too much waits.
        """
        tenant = organisation.tenant
        waiting = self._waiting.get(tenant)
        if waiting is None:
            waiting = self._begin(organisation)
        if len(waiting) >= REQUESTS or (waiting and self._bytes[tenant] + size > BYTES):
            detail = f"{len(waiting):,} requests of this organisation wait to be accepted already. Send fewer."
            raise Unavailable(detail, retry_after=1)
        asked = _Asked(later, size, asyncio.get_running_loop().create_future())
        self._bytes[tenant] += size
        waiting.append(asked)
        return await asked.kept

    def _begin(self, organisation: Organisation) -> deque[_Asked]:
        waiting = self._waiting[organisation.tenant] = deque()
        self._bytes[organisation.tenant] = 0
        context = logs.apart(tenant=organisation.tenant)
        task = asyncio.create_task(self._take_in(organisation, waiting), context=context)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return waiting

    async def _take_in(self, organisation: Organisation, waiting: deque[_Asked]) -> None:
        """Keep what waits, all that has come meanwhile at once, until nothing does."""
        try:
            while waiting:
                together = self._next(organisation.tenant, waiting)
                kept = await self._keep(organisation, [asked.later for asked in together])
                for asked, result in zip(together, kept, strict=True):
                    _tell(asked, result)
                    await asyncio.sleep(PACE_SECONDS)
        finally:
            del self._waiting[organisation.tenant], self._bytes[organisation.tenant]

    async def _keep(
        self, organisation: Organisation, together: Sequence[Later]
    ) -> Sequence[Classification | Exception]:
        """Return what is kept of each request, or its error."""
        try:
            return await self._database.run(partial(self._inside, organisation, together))
        except Unavailable as error:
            return [error] * len(together)
        except Exception as error:  # noqa: BLE001  # It becomes the answer to the one request whose error it is.
            if len(together) == 1:
                return [error]
            # Alone, each of them meets no error but its own.
            return [kept for later in together for kept in await self._keep(organisation, [later])]

    def _next(self, tenant: str, waiting: deque[_Asked]) -> list[_Asked]:
        together: list[_Asked] = []
        size = 0
        while waiting and len(together) < TOGETHER and (not together or size + waiting[0].size <= TOGETHER_BYTES):
            together.append(waiting.popleft())
            size += together[-1].size
        self._bytes[tenant] -= size
        return together

    def _inside(self, organisation: Organisation, together: Sequence[Later]) -> Sequence[Classification | TenantError]:
        with isolation.entered(organisation):
            return self._accept(together)


def _tell(asked: _Asked, result: Classification | Exception) -> None:
    if asked.kept.done():  # Its caller has gone.
        return
    if isinstance(result, Exception):
        asked.kept.set_exception(result)
    else:
        asked.kept.set_result(result)
