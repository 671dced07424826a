"""Whether this process can serve: told without a key, to whoever runs and watches it."""

from django.db import close_old_connections

from tenants import health


def check() -> dict[str, bool]:
    """Return for each service that is required whether it answers."""
    # Nobody else does it here, where no request of Django's begins or ends.
    close_old_connections()
    return {"database": health.database_answers(), "broker": health.broker_answers()}


def report() -> dict[str, bool]:
    """Return for each part that is not required whether it was heard of lately."""
    close_old_connections()
    alive = health.parts_alive()
    return {part: part in alive for part in ("fleet", "registrar")}
