from classifier.gateway.database import Database
from classifier.gateway.memory import Memory, Source
from classifier.versions import OWNER, is_shared
from tenants.errors import NotFound
from tenants.models import Route, SharedModel

CHANNEL = "route"
SECONDS = 0.9
# An unknown name may have been promoted a moment ago: it is looked up again, unless that was just done.
SECONDS_WITHOUT = 0.05


class Routes:
    """Knows which version of each model serves, shared models included."""

    def __init__(self, database: Database, notices: Source | None = None) -> None:
        self._database = database
        self._memory = Memory(self._load, SECONDS, told_by=notices)

    async def get(self, tenant: str, model: str) -> Route:
        """Return the organisation's model of that name, or the shared one. Raises NotFound."""
        owner = OWNER if is_shared(model) else tenant
        routes = await self._memory.get(owner)
        if model not in routes:
            routes = await self._memory.get(owner, seconds=SECONDS_WITHOUT)
        if model not in routes:
            raise NotFound
        return routes[model]

    def hear(self, tenant: str) -> None:
        """Forget an organisation's routes, which have changed."""
        self._memory.forget(tenant)

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
