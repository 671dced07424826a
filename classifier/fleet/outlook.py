"""What the fleet would do next if nothing else happened, for people."""

from dataclasses import dataclass

from classifier.queues import INFER
from classifier.scaling import IDLE_SECONDS, SPARE_IDLE_SECONDS, Situation


@dataclass(frozen=True)
class Prospect:
    what: str
    tenant: str
    use: str
    seconds: int


def outlook(seen: Situation) -> list[Prospect]:
    """Return what comes, the soonest first."""
    return sorted([*_stops(seen), *_starts(seen)], key=lambda prospect: prospect.seconds)


def _stops(seen: Situation) -> list[Prospect]:
    found = []
    for tenant in {worker.tenant for worker in seen.running}:
        for place, worker in enumerate(seen.answering(tenant)):
            left = (SPARE_IDLE_SECONDS if place else IDLE_SECONDS) - (seen.now - worker.active_at)
            found.append(Prospect("stop", tenant, INFER, max(0, round(left))))
    return found


def _starts(seen: Situation) -> list[Prospect]:
    there = {(worker.tenant, worker.use) for worker in seen.running if not worker.is_stopping}
    found = []
    for queue in seen.waiting:
        key = (queue.tenant, queue.use)
        if key not in there and seen.may_run(queue.tenant):
            left = seen.barred.get(key, seen.now) - seen.now
            found.append(Prospect("try again" if left > 0 else "start", *key, max(0, round(left))))
    return found
