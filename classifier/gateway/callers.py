import asyncio
import logging
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from functools import partial
from typing import TypeVar

import redis

from classifier.gateway.database import Database
from classifier.gateway.memory import Memory, Source
from tenants import isolation, keys
from tenants.errors import InvalidKey, MissingScope, Unavailable
from tenants.leases import Scripts
from tenants.models import ApiKey, Organisation
from tenants.permissions import Scope
from tenants.quotas import RowLeases
from tenants.rates import RateLeases

log = logging.getLogger(__name__)

V = TypeVar("V")

CHANNEL = "caller"
# A key that is revoked is refused within a second, in every process.
KEY_SECONDS = 0.9


class Callers:
    """Knows whose a key is, whether it may make one more request, and whether there are rows left for it."""

    def __init__(self, database: Database, scripts: Scripts, notices: Source | None = None) -> None:
        self._database = database
        self._keys = Memory(self._find, KEY_SECONDS, told_by=notices)
        self._rates = RateLeases(scripts)
        self._rows = RowLeases(scripts, self._inside)
        # By their ids, those whose use is still to be written down.
        self._used: dict[str, ApiKey] = {}

    async def identify(self, text: str) -> ApiKey:
        """Return the key's row with its organisation and plan. Raises InvalidKey."""
        key = await self._keys.get(text)
        if not key.is_valid:  # It has come to its end since it was looked up, which nobody tells.
            raise InvalidKey(keys.OVER)
        return key

    def hear(self, tenant: str) -> None:
        """Forget the keys of an organisation of which something has changed; of all where `tenant` is `*`."""
        self._keys.forget_all(lambda key: tenant in {"*", key.organisation_id})

    async def admit(self, key: ApiKey, needed: Scope, headers: dict[str, str]) -> None:
        """Count a request in the minute of the key and of its organisation, and put what is left into `headers`.

        Raises MissingScope, RateLimited, and Unavailable when the broker is away.
        """
        if needed not in key.scopes:
            raise MissingScope(needed)
        if needed == Scope.CLASSIFY:
            # In the same round trip, since most who ask seldom hold nothing.
            self._rows.prepare(key)
        try:
            await self._rates.admit(key, headers)
        except redis.RedisError as error:
            raise _away(error) from error
        if keys.is_use_due(key):
            self._used[key.id] = key

    def rows(self, key: ApiKey, count: int) -> AbstractAsyncContextManager[None]:
        """Take rows of the month for the block, and give them back when it fails.

        Raises QuotaExceeded, Unavailable when the database is away, and redis.RedisError when the broker is.
        """
        return self._rows.taken(key, count)

    async def close(self) -> None:
        """Give back what this process holds of limits."""
        await asyncio.gather(self._rates.close(), self._rows.close())

    async def note_use(self) -> None:
        """Write down which keys were used, all at once. Raises Unavailable when the database is away."""
        used, self._used = self._used, {}
        if used:
            await self._database.run(partial(keys.note_use, *used.values()))

    async def _find(self, text: str) -> ApiKey:
        return await self._database.run(partial(keys.authenticate, text))

    async def _inside(self, organisation: Organisation, query: Callable[[], V]) -> V:
        def run() -> V:
            with isolation.entered(organisation):
                return query()

        return await self._database.run(run)


def _away(error: redis.RedisError) -> Unavailable:
    log.warning("the broker is away: %s", error)
    return Unavailable("The broker does not answer just now. Try again.", retry_after=1)
