"""How the gateway introduces a client to the web processes, and how they know that it was the gateway.

Their port is open to whoever runs on this machine; workers alone are kept from it by the kernel.
"""

import hmac
from functools import cache

from django.conf import settings

from tenants.secrets import derive

HEADER = "X-Assort-Client"


class NotIntroduced(Exception):
    """A request did not come through the gateway."""


def of(client: str, scheme: str = "http") -> str:
    """Return what is said of a client with this address; it is empty where the server does not know it."""
    return f"{_password()} {scheme} {client}"


def read(said: str) -> tuple[str, str]:
    """Return the client's address, and whether it came by `http` or `https`. Raises NotIntroduced."""
    password, _, rest = said.partition(" ")
    if not hmac.compare_digest(password.encode(), _password().encode()):
        raise NotIntroduced
    scheme, _, client = rest.partition(" ")
    return client, scheme


@cache
def _password() -> str:
    return derive(settings.SECRET_KEY, "web", "introduction")
