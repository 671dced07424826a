import os
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.db import connection

from classifier import confinement
from tenants import servers


def worker_environment() -> dict[str, str]:
    """Return the environment of fork server and workers: where the servers are, and no password."""
    database: Any = connection.settings_dict
    tls = urlencode(servers.tls(database["OPTIONS"]), safe="/")
    kept = ("PATH", "LANG", "HOME", "PYTHONPATH", "ASSORT_PROFILE")
    single = {f"{library}_NUM_THREADS": "1" for library in ("OMP", "OPENBLAS", "MKL")}
    return {
        **{name: os.environ[name] for name in kept if name in os.environ},
        **confinement.environment(),
        **single,
        # A second thread, which writes down what was answered, is not worth a heap of its own.
        "MALLOC_ARENA_MAX": "1",
        "PYTHONUNBUFFERED": "1",
        "DJANGO_SETTINGS_MODULE": "saas.settings",
        "ASSORT_PART": "worker",
        "ASSORT_DATA": str(settings.ASSORT_DATA),
        "ASSORT_MODE": settings.ASSORT_MODE,
        "ASSORT_LOGS": settings.ASSORT_LOGS,
        "ASSORT_ENCODER": "on" if settings.ASSORT_ENCODER else "off",
        "DATABASE_URL": f"postgresql://{database['HOST']}:{database['PORT']}/{database['NAME']}{tls and '?'}{tls}",
        "REDIS_URL": servers.without_login(settings.REDIS_URL),
    }
