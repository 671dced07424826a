import logging

import redis
from redis.asyncio import Redis

from classifier.gateway.database import Database
from classifier.gateway.memory import Memory
from tenants import keys, quotas
from tenants.errors import MissingScope, Unavailable
from tenants.models import ApiKey
from tenants.permissions import Scope

log = logging.getLogger(__name__)

# A key that is revoked is refused within a second, in every process.
KEY_SECONDS = 0.9


class Callers:
    """Knows whose a key is, and whether it may make one more request."""

    def __init__(self, database: Database, broker: Redis) -> None:
        self._database = database
        self._broker = broker
        self._keys = Memory(self._find, KEY_SECONDS)

    async def identify(self, text: str) -> ApiKey:
        """Return the key's row with its organisation and plan. Raises InvalidKey."""
        return await self._keys.get(text)

    async def admit(self, key: ApiKey, needed: Scope, headers: dict[str, str]) -> None:
        """Count a request in the key's minute, and put what is left of that into `headers`.

        Raises MissingScope, RateLimited, and Unavailable when the broker is away.
        """
        if needed not in key.scopes:
            raise MissingScope(needed)
        try:
            allowance = await quotas.count_request_async(self._broker, key)
        except redis.RedisError as error:
            log.warning("the broker is away: %s", error)
            raise Unavailable("The broker does not answer just now. Try again.", retry_after=1) from error
        if allowance is not None:
            headers |= allowance.headers()
            allowance.enforce()

    async def _find(self, text: str) -> ApiKey:
        def find() -> ApiKey:
            key = keys.authenticate(text)
            keys.note_use(key)
            return key

        return await self._database.run(find)
