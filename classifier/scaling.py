"""Decides which workers there should be: state in, actions out. No process, socket or clock in here."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

# A worker that has had nothing to do for so long is stopped; starting one takes less than a second.
IDLE_SECONDS = 300.0
# Job processes on this host at the same time, of all organisations together.
MAX_JOBS = 2
JOB_USES = ("batch", "train")


@dataclass(frozen=True)
class Waiting:
    """An organisation's queue with something in it."""

    tenant: str
    use: str
    messages: int


@dataclass(frozen=True)
class Running:
    """A worker process. `active_at` is when its queue last had something, in the clock of `now`."""

    pid: int
    tenant: str
    use: str
    active_at: float


@dataclass(frozen=True)
class Start:
    tenant: str
    use: str


@dataclass(frozen=True)
class Stop:
    pid: int


Action = Start | Stop


def decide(
    waiting: Iterable[Waiting], running: Iterable[Running], *, allowed: Mapping[str, int], now: float
) -> list[Action]:
    """Return what to do now.

    `allowed` holds the organisations that may run at all, with the number of workers that their plan gives them. The
    others' workers are stopped. An organisation has one process a use; how many jobs run at once is the host's bound.
    """
    running = list(running)
    actions: list[Action] = [Stop(worker.pid) for worker in running if _is_to_stop(worker, allowed, now)]
    there = {(worker.tenant, worker.use) for worker in running}
    of_tenant = Counter(worker.tenant for worker in running)
    jobs = sum(worker.use in JOB_USES for worker in running)
    # Answers first, then reading of files, then trainings; within a use, the longest queue.
    for queue in sorted(waiting, key=lambda w: (w.use != "infer", w.use, -w.messages, w.tenant)):
        if queue.messages == 0 or (queue.tenant, queue.use) in there or queue.tenant not in allowed:
            continue
        is_job = queue.use in JOB_USES
        if is_job and (jobs >= MAX_JOBS or of_tenant[queue.tenant] > allowed[queue.tenant]):
            continue
        actions.append(Start(queue.tenant, queue.use))
        there.add((queue.tenant, queue.use))
        of_tenant[queue.tenant] += 1
        jobs += is_job
    return actions


def _is_to_stop(worker: Running, allowed: Mapping[str, int], now: float) -> bool:
    if worker.tenant not in allowed:
        return True
    return worker.use == "infer" and now - worker.active_at > IDLE_SECONDS
