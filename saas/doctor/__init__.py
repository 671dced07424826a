"""Looks at an installation and says what is well, what to think about, and what is missing, with the way to mend it.

It changes nothing but a user of the broker, which it makes and takes away again to see that it may. It looks at
PostgreSQL (`database`), Valkey or Redis (`queues`), this machine (`machine`), and what is outside (`surroundings`).
"""

from collections.abc import Iterator

from saas.doctor import database, machine, queues, surroundings
from saas.doctor.finding import Finding, State
from saas.instance import Instance
from saas.place import PROGRAM

__all__ = ["Finding", "State", "examine"]


def examine(instance: Instance) -> Iterator[Finding]:
    """Yield what is found, in the order in which it is best mended."""
    yield from machine.examine(instance)
    if instance.database_url or instance.is_running:
        yield from database.examine(instance.owner_database_url(), web_processes=instance.web_processes)
    else:
        yield _not_there("PostgreSQL")
    if instance.redis_url or instance.is_running:
        yield from queues.examine(instance.owner_redis_url())
    else:
        yield _not_there("Valkey")
    yield from surroundings.examine(instance)


def _not_there(server: str) -> Finding:
    what = f"{server} was not looked at: it is this installation's own, which does not run"
    return Finding(State.WARNING, "running", what, f"{PROGRAM} up, and {PROGRAM} doctor beside it.")
