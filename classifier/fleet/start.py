"""How a fleet begins: it makes sure of its logins, starts its fork server, and hands it to the foreman."""

import logging
import socket
from collections.abc import Sequence
from pathlib import Path

from django.conf import settings
from django.db import connection
from redis.backoff import NoBackoff
from redis.retry import Retry

from classifier import linux, walls
from classifier.fleet import measures, passwords
from classifier.fleet.crew import Crew
from classifier.fleet.demand import Demand
from classifier.fleet.environment import worker_environment
from classifier.fleet.foreman import Foreman
from classifier.fleet.quarantine import SharedQuarantine
from classifier.fleet.territory import Territory
from classifier.forkserver import ForkServer, ForkServerDied
from classifier.queues import INFER
from classifier.scaling import Room
from tenants import boot, broker, isolation, metrics
from tenants.errors import InvalidInput
from tenants.heartbeats import Heart
from tenants.models import Organisation

log = logging.getLogger(__name__)

# What a worker that answers takes, with its models, when places are counted.
WORKER_BYTES = 96 * 1024 * 1024
# How long the broker may take to answer; more than a wait for calls lasts.
BROKER_SECONDS = 2.0


def run(*, host: str = "", only: Sequence[str] = ()) -> None:
    """Run the fleet; a fork server that died ends it, and whoever started it starts it again.

    `host` names it among the others, and `only` are the slugs of the organisations that have this host for themselves.
    """
    # A broker that swallows everything must not keep the fleet from its leases.
    client = broker.connect(socket_timeout=BROKER_SECONDS, retry=Retry(NoBackoff(), 0))
    decoy = isolation.queue(boot.NOBODY, INFER)
    boot.check_process(client, decoys=[("RPOP", decoy), ("LPUSH", decoy, "decoy")])
    _say_how_workers_are_kept()
    # A connection that hangs must not keep the fleet from stopping its workers in time.
    connection.settings_dict["OPTIONS"] |= {"connect_timeout": 3, "tcp_user_timeout": 4000}
    host = host or socket.gethostname()[:64]
    territory = Territory(host, only=frozenset(map(_tenant_of, only)))
    passwords.check(territory.only)
    server = ForkServer.start(
        entry="classifier.worker:main", preload=settings.FLEET_PRELOAD, environment=worker_environment()
    )
    heart = Heart("fleet")
    heart.host = host
    crew = Crew(server, Path(settings.ASSORT_DATA) / "logs" / "workers")
    foreman = Foreman(territory, Demand(client, host), crew, SharedQuarantine(host, crew.log_of), room(), heart)
    measures.watch(foreman)
    # What scales the hosts asks for their number here.
    metrics.serve({"/hosts": lambda: {"hosts": foreman.wanted_hosts}})
    try:
        foreman.run()
    except ForkServerDied:
        log.exception("the fork server died, and its workers with it")
        raise SystemExit(1) from None
    finally:
        server.stop()


def room() -> Room:
    """Return what this host has room for, by its memory and its processors."""
    return Room(infer=max(2, linux.memory() // 2 // WORKER_BYTES), at_work=max(2, linux.processors()))


def _tenant_of(slug: str) -> str:
    found = Organisation.objects.filter(slug=slug).values_list("tenant", flat=True).first()
    if found is None:
        raise InvalidInput(f"There is no organisation {slug!r}. `organisation list` shows them.")
    return str(found)


def _say_how_workers_are_kept() -> None:
    found = walls.here()
    level = logging.INFO if found.have_owners and found.landlock_abi else logging.WARNING
    log.log(level, "walls between workers: %s; left open: %s", found, "; ".join(found.gaps) or "nothing")
    if linux.is_profiled():
        log.warning("workers are open to profilers of this user, and so to each other's: never so with customers' data")
