from dataclasses import dataclass

from classifier.gateway.database import Database
from classifier.gateway.memory import Memory, Source
from classifier.versions import OWNER, is_shared
from tenants import ids
from tenants.errors import NotFound
from tenants.models import Route, SharedModel

CHANNEL = "route"
SECONDS = 0.9
# An unknown name may have been promoted a moment ago: it is looked up again, unless that was just done.
SECONDS_WITHOUT = 0.05


@dataclass(frozen=True)
class Reading:
    """All routes of one owner, as they were looked up at one time, which has a name: what changes gets another."""

    name: str
    routes: dict[str, Route]


class Routes:
    """Knows which version of each model serves, shared models included."""

    def __init__(self, database: Database, notices: Source | None = None) -> None:
        self._database = database
        self._memory = Memory(self._load, SECONDS, told_by=notices)

    async def get(self, tenant: str, model: str) -> tuple[Route, str]:
        """Return the organisation's model of that name, or the shared one, and in which reading it was found.

        Raises NotFound.
        """
        owner = OWNER if is_shared(model) else tenant
        reading = await self._memory.get(owner)
        if model not in reading.routes:
            reading = await self._memory.get(owner, seconds=SECONDS_WITHOUT)
        if model not in reading.routes:
            raise NotFound
        return reading.routes[model], reading.name

    def hear(self, tenant: str) -> None:
        """Forget an organisation's routes, which have changed."""
        self._memory.forget(tenant)

    async def _load(self, owner: str) -> Reading:
        find = _shared_routes if owner == OWNER else lambda: list(Route.objects.filter(tenant=owner))
        return Reading(ids.random_text(12), {route.model: route for route in await self._database.run(find)})


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
