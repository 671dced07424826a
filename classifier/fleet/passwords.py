"""The passwords of the organisations' workers, which a fleet computes, or is given for the few that it serves.

A host that is one customer's own, perhaps on a machine that others run, is not told what everybody's follow from.
"""

from collections.abc import Collection

from django.conf import settings

from tenants.errors import InvalidInput
from tenants.secrets import derive


def of_worker(tenant: str, use: str) -> str:
    """Return the password of the organisation's workers for `use`, `postgres` or `broker`."""
    if settings.WORKER_PASSWORDS:
        return str(settings.WORKER_PASSWORDS[tenant][use])
    return derive(settings.FLEET_SECRET, tenant, use)


def check(only: Collection[str]) -> None:
    """Raise InvalidInput where this host is to serve somebody whose passwords it does not have."""
    if settings.WORKER_PASSWORDS and (not only or set(only) - settings.WORKER_PASSWORDS.keys()):
        detail = "The passwords given to this host are not those of the organisations in --only; print its secret anew."
        raise InvalidInput(detail)
