"""What waits: learned from calls, counted in the broker. One list is listened to, so that nobody polls a thousand."""

import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import redis

from classifier.queues import BATCH, INFER, LATER, TRAIN, WAKE
from classifier.scaling import Waiting
from tenants import isolation

USES = (INFER, LATER, BATCH, TRAIN)
CALLS_AT_ONCE = 1000
# What a gateway said of its backlog counts for so long.
REPORT_SECONDS = 1.0


@dataclass
class Demand:
    """The fleet's side of the broker: calls in, counts out, and never a message."""

    client: redis.Redis
    host: str
    # By organisation: how much its gateways hold back or have had no answer to for long, and when they said so.
    reports: dict[str, tuple[int, float]] = field(default_factory=dict)

    def called(self, seconds: float) -> set[str]:
        """Wait at most so long for a call, and return whom all the calls that have come are about.

        Raises redis.ConnectionError while the broker is away. Nothing is lost: a look at everybody finds what waits.
        """
        first: Any = self.client.brpop([self.own_list(self.host), WAKE], timeout=seconds)
        if first is None:
            return set()
        name, call = first
        rest = self.client.rpop(name, CALLS_AT_ONCE)
        return self.read([call, *(rest if isinstance(rest, list) else ())], now=time.monotonic())

    def read(self, calls: Iterable[str], *, now: float) -> set[str]:
        """Return whom the calls are about. A call is `<tenant>`, or `<tenant> <what waits in that gateway>`."""
        tenants, backlogs = set(), dict[str, int]()
        for call in calls:
            tenant, _, backlog = call.partition(" ")
            if isolation.TENANT_PATTERN.fullmatch(tenant):
                tenants.add(tenant)
                # A call alone says that a message has just been sent, though a worker may have it by now.
                backlogs[tenant] = max(int(backlog) if backlog.isdecimal() else 1, backlogs.get(tenant, 0))
        self.reports |= {tenant: (backlog, now) for tenant, backlog in backlogs.items()}
        return tenants

    def pass_on(self, tenant: str, host: str) -> None:
        """Tell another host's fleet of a call."""
        self.client.lpush(self.own_list(host), tenant)

    def waiting(self, tenants: Iterable[str], *, now: float) -> list[Waiting]:
        """Return what is to be done for these organisations. Raises redis.ConnectionError."""
        self.reports = {tenant: said for tenant, said in self.reports.items() if now - said[1] <= REPORT_SECONDS}
        asked = sorted(tenants)
        pipeline = self.client.pipeline(transaction=False)
        for tenant in asked:
            for use in USES:
                pipeline.llen(isolation.queue(tenant, use))
        counts = iter(pipeline.execute() if asked else ())
        found = []
        for tenant in asked:
            now_wanted, later, batch, train = (int(next(counts)) for _ in USES)
            backlog, _ = self.reports.get(tenant, (0, 0.0))
            found.append(Waiting(tenant, INFER, now_wanted + later, backlog, later))
            found += [Waiting(tenant, BATCH, batch), Waiting(tenant, TRAIN, train)]
        return [queue for queue in found if queue.is_work]

    @staticmethod
    def own_list(host: str) -> str:
        """Return the list of calls that other hosts' fleets have passed on."""
        return f"{WAKE}:{host}"
