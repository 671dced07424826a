import asyncio
import logging
from typing import Any

import psycopg
from django.db import connection

from classifier.gateway.database import Database
from classifier.gateway.memory import Memory
from classifier.sharing import OWNER, is_shared
from tenants.errors import NotFound
from tenants.models import Route, SharedModel

log = logging.getLogger(__name__)

# A notice that got lost is made good after so long.
SECONDS = 2.0
# An unknown name may have been promoted a moment ago: it is looked up again, unless that was just done.
SECONDS_WITHOUT = 0.05
PAUSE = 1.0


class Routes:
    """Knows which version of each model serves, shared models included. PostgreSQL tells when that changes."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._memory = Memory(self._load, SECONDS)

    async def get(self, tenant: str, model: str) -> Route:
        """Return the organisation's model of that name, or the shared one. Raises NotFound."""
        owner = OWNER if is_shared(model) else tenant
        routes = await self._memory.get(owner)
        if model not in routes:
            routes = await self._memory.get(owner, seconds=SECONDS_WITHOUT)
        if model not in routes:
            raise NotFound
        return routes[model]

    async def listen(self) -> None:
        """Forget an organisation's routes whenever PostgreSQL says that they changed; never returns."""
        while True:
            try:
                async with await psycopg.AsyncConnection.connect(**_login(), autocommit=True) as notices:
                    await notices.execute("LISTEN route")
                    async for notice in notices.notifies():
                        self._memory.forget(notice.payload)
            except psycopg.OperationalError as error:
                log.warning("changes of routes are noticed late, because PostgreSQL is away: %s", error)
            await asyncio.sleep(PAUSE)

    async def _load(self, owner: str) -> dict[str, Route]:
        find = _shared_routes if owner == OWNER else lambda: list(Route.objects.filter(tenant=owner))
        return {route.model: route for route in await self._database.run(find)}


def _shared_routes() -> list[Route]:
    """Return a route to the newest version of each shared model; the later of two of one name counts."""
    published = SharedModel.objects.filter(withdrawn_at=None).order_by("number")
    return [
        Route(
            tenant=OWNER,
            model=shared.full_name,
            version=shared.number,
            kind=shared.kind,
            labels=len(shared.labels),
            sha256=shared.sha256,
        )
        for shared in published
    ]


def _login() -> dict[str, Any]:
    target = connection.settings_dict
    return {
        "host": target["HOST"],
        "port": target["PORT"],
        "dbname": target["NAME"],
        "user": target["USER"],
        "password": target["PASSWORD"],
        "connect_timeout": 5,
        "application_name": "assort-gateway",
    }
