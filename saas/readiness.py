"""Whether this process can serve: told without a key, to whoever runs and watches it."""

import socket
from urllib.parse import urlsplit

from django.conf import settings
from django.db import close_old_connections

from tenants import boot, broker, health, isolation


def refuse_unsafe() -> None:
    """Raise what `boot.check_process` raises where this process's logins can do more than they need."""
    queue = isolation.queue(boot.NOBODY, "infer")
    boot.check_process(broker.connect(), decoys=[("RPOP", queue), ("LRANGE", queue, "0", "-1"), ("KEYS", "*")])


def check() -> dict[str, bool]:
    """Return for each service that is required whether it answers."""
    # Nobody else does it here, where no request of Django's begins or ends.
    close_old_connections()
    return {"database": health.database_answers(), "broker": health.broker_answers()}


def report() -> dict[str, bool]:
    """Return for each part without which classify requests are answered whether it is there."""
    close_old_connections()
    alive = health.parts_alive()
    return {"web": _web_answers(), **{part: part in alive for part in ("fleet", "registrar")}}


def _web_answers() -> bool:
    """Say whether somebody accepts connections where the gateway hands requests on to."""
    at = urlsplit(settings.ASSORT_WEB_ADDRESS)
    try:
        socket.create_connection((at.hostname, at.port), timeout=2).close()
    except OSError:
        return False
    return True
