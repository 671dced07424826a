"""The worker processes of the organisation that is entered, as the fleets tell of them: a door of `public`."""

from tenants.models import FleetWorker


def own() -> list[FleetWorker]:
    """Return those that run now, on whatever host."""
    return list(FleetWorker.objects.raw("SELECT * FROM door.workers()"))
