"""Decides which workers there should be: state in, actions out. No process, socket or clock in here."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

# A worker that has had nothing to do for so long is stopped; starting one takes less than a second.
IDLE_SECONDS = 300.0
# Job processes on this host at the same time, of all organisations together. Trainings leave one place free, because
# they take minutes and a file is read in seconds.
MAX_JOBS = 3
MAX_TRAININGS = 2
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
    waiting: Iterable[Waiting],
    running: Iterable[Running],
    *,
    allowed: Mapping[str, int],
    now: float,
    served_at: Mapping[str, float] | None = None,
) -> list[Action]:
    """Return what to do now.

    `allowed` holds the organisations that may run at all, with the number of job processes that their plan gives them
    beside the worker that answers; the others' workers are stopped. `served_at` says when each last had a job started:
    whoever has waited longest since then comes first, however long the queues are.
    """
    running, served_at = list(running), served_at or {}
    actions: list[Action] = [Stop(worker.pid) for worker in running if _is_to_stop(worker, allowed, now)]
    there = {(worker.tenant, worker.use) for worker in running}
    jobs = [(worker.tenant, worker.use) for worker in running if worker.use in JOB_USES]
    # Answers first, then reading of files, then trainings.
    for queue in sorted(waiting, key=lambda w: (w.use != "infer", w.use, served_at.get(w.tenant, 0.0), w.tenant)):
        wanted = (queue.tenant, queue.use)
        if queue.messages == 0 or wanted in there or queue.tenant not in allowed:
            continue
        if queue.use in JOB_USES:
            if not _has_place(wanted, jobs, allowed):
                continue
            jobs.append(wanted)
        actions.append(Start(*wanted))
        there.add(wanted)
    return actions


def _has_place(wanted: tuple[str, str], jobs: list[tuple[str, str]], allowed: Mapping[str, int]) -> bool:
    tenant, use = wanted
    of_tenant = sum(owner == tenant for owner, _ in jobs)
    trainings = sum(running == "train" for _, running in jobs)
    return len(jobs) < MAX_JOBS and of_tenant < allowed[tenant] and not (use == "train" and trainings >= MAX_TRAININGS)


def _is_to_stop(worker: Running, allowed: Mapping[str, int], now: float) -> bool:
    if worker.tenant not in allowed:
        return True
    return worker.use == "infer" and now - worker.active_at > IDLE_SECONDS
