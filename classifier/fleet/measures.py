"""What a fleet's host counts, and what is so on it; see tenants/metrics.py."""

from __future__ import annotations

from collections import Counter as Count
from typing import TYPE_CHECKING

from tenants.metrics import Counter, Gauge

if TYPE_CHECKING:
    from classifier.fleet.foreman import Foreman

STARTS = Counter("assort_fleet_starts", "Workers that were started, by use.", ("use",))
CRASHES = Counter("assort_fleet_crashes", "Workers that ended otherwise than they should, by use.", ("use",))


def watch(foreman: Foreman) -> None:
    """Have told how it is with this foreman's host; another thread looks."""
    crew, territory = foreman.crew, foreman.territory

    def workers() -> dict[tuple[str, ...], float]:
        states = ((w.use, "stopping" if w.is_stopping else "running") for w in list(crew.workers.values()))
        return dict(Count(states))

    def quarantined() -> dict[tuple[str, ...], float]:
        return {(): sum(failed.is_quarantine for failed in list(crew.failures.values()))}

    Gauge("assort_fleet_workers", "Workers on this host, by use and state.", workers, ("use", "state"))
    Gauge("assort_fleet_quarantined", "Organisations' uses that this host does not start for now.", quarantined)
    Gauge("assort_fleet_leases", "Organisations that this host serves.", lambda: {(): len(territory.tokens)})
    Gauge("assort_fleet_wanted_hosts", "Hosts that are wanted for all the work.", lambda: {(): foreman.wanted_hosts})
