"""Decides which workers there should be on a host, and for whom: state in, actions out.

No process, socket or clock in here. A fleet looks around, describes what it sees as a `Situation`, and does what
`decide` says; a claim that was granted lets the next decision start the worker.
"""

import math
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from classifier.queues import BATCH, INFER, TRAIN

JOB_USES = (BATCH, TRAIN)
# A worker that has had nothing to do for so long is stopped; starting one takes less than a second.
IDLE_SECONDS = 300.0
# A further one of the same organisation goes sooner, and one that was at work a moment ago makes no room for others.
SPARE_IDLE_SECONDS = 30.0
AT_WORK_SECONDS = 5.0
# Where everybody is at work, whoever has had its place for so long makes room: nobody waits for ever.
TENURE_SECONDS = 10.0
# More than this waiting for each worker, for so long, calls for one more.
WAITING_PER_WORKER = 16
PRESSED_SECONDS = 1.0
# An organisation that has had nothing to do for so long may as well be served by another host the next time.
LET_GO_SECONDS = 60.0


@dataclass(frozen=True)
class Waiting:
    """What is to be done for an organisation: messages in its queue, and requests that its gateways worry about.

    `later` says of how many messages nobody waits for the answer.
    """

    tenant: str
    use: str
    messages: int
    backlog: int = 0
    later: int = 0

    @property
    def is_work(self) -> bool:
        return self.messages + self.backlog > 0


@dataclass(frozen=True)
class Running:
    """A worker process. In the clock of `now`: there was last work for it at `active_at`, and it began at `since`."""

    pid: int
    tenant: str
    use: str
    active_at: float
    since: float = 0.0
    is_stopping: bool = False


@dataclass(frozen=True)
class Allowance:
    """What a plan gives: processes for jobs, and workers that answer."""

    jobs: int = 2
    infer: int = 2


@dataclass(frozen=True)
class Room:
    """What a host has room for: workers that answer, those of them at work, job processes, trainings among these.

    Trainings leave one place free, because they take minutes and a file is read in seconds.
    """

    infer: int = 64
    at_work: int = 2
    jobs: int = 3
    trainings: int = 2


@dataclass(frozen=True)
class Pressure:
    """Since when too much waits for so many workers."""

    workers: int
    since: float


@dataclass(frozen=True)
class Situation:
    """All that a decision rests on."""

    now: float
    waiting: tuple[Waiting, ...] = ()
    running: tuple[Running, ...] = ()
    # The organisations that this host may serve at all.
    allowed: Mapping[str, Allowance] = field(default_factory=dict)
    # Those that have this host for themselves, if it is such a host.
    only: Collection[str] = ()
    # Those that it holds the lease of, with the time of their last work, and those that another host holds.
    held: Mapping[str, float] = field(default_factory=dict)
    elsewhere: Mapping[str, str] = field(default_factory=dict)
    # The other hosts, with the free places of each.
    neighbours: Mapping[str, int] = field(default_factory=dict)
    room: Room = Room()
    # Not to be tried again before this time, by organisation and use.
    barred: Mapping[tuple[str, str], float] = field(default_factory=dict)
    pressure: Mapping[str, Pressure] = field(default_factory=dict)
    # When each organisation last had a job started, and a first worker that answers.
    served_at: Mapping[str, float] = field(default_factory=dict)
    answered_at: Mapping[str, float] = field(default_factory=dict)

    @property
    def free_places(self) -> int:
        return max(0, self.room.infer - sum(worker.use == INFER for worker in self.running))

    def answering(self, tenant: str) -> list[Running]:
        """Return the workers that answer for the organisation and are to stay, the oldest first."""
        return self._answering.get(tenant, [])

    def has_work(self, tenant: str, use: str) -> bool:
        return (tenant, use) in self._at_work

    def may_run(self, tenant: str) -> bool:
        return tenant in self.allowed and tenant in self.held

    # A decision asks for each organisation, so both are looked up and not searched for.
    @cached_property
    def _answering(self) -> dict[str, list[Running]]:
        found: dict[str, list[Running]] = {}
        for worker in sorted(self.running, key=lambda worker: (worker.since, worker.pid)):
            if worker.use == INFER and not worker.is_stopping:
                found.setdefault(worker.tenant, []).append(worker)
        return found

    @cached_property
    def _at_work(self) -> set[tuple[str, str]]:
        return {(queue.tenant, queue.use) for queue in self.waiting if queue.is_work}


@dataclass(frozen=True)
class Claim:
    """Take the organisation's lease, if nobody holds it."""

    tenant: str


@dataclass(frozen=True)
class Release:
    tenant: str


@dataclass(frozen=True)
class Pass:
    """Tell the host that holds the organisation, or has room for it, that something waits."""

    tenant: str
    host: str


@dataclass(frozen=True)
class Start:
    tenant: str
    use: str


@dataclass(frozen=True)
class Stop:
    pid: int


Action = Claim | Release | Pass | Start | Stop


def may_serve(tenant: str, *, only: Collection[str], dedicated: Collection[str]) -> bool:
    """Whether a host may serve the organisation: one for `only` some serves these, the others serve who is in no such
    host's care (`dedicated`).
    """
    return tenant in only if only else tenant not in dedicated


def decide(seen: Situation) -> list[Action]:
    """Return what to do now: whom to serve on this host, whom to stop, and whom to start."""
    return [*_territory(seen), *_stops(seen), *_answers(seen), *_jobs(seen)]


def press(seen: Situation) -> dict[str, Pressure]:
    """Return for whom too much waits, and since when; the next situation holds it."""
    pressed = {}
    for queue in seen.waiting:
        workers = len(seen.answering(queue.tenant))
        if queue.use == INFER and workers and _is_too_much(queue.messages + queue.backlog, workers):
            known = seen.pressure.get(queue.tenant)
            pressed[queue.tenant] = known if known and known.workers == workers else Pressure(workers, seen.now)
    return pressed


def wanted_hosts(
    waiting: Iterable[Waiting], running: Iterable[Running], *, allowed: Mapping[str, Allowance], room: Room
) -> int:
    """Return how many hosts with so much room are wanted for what waits and runs on all of them: one at least.

    A place is taken by each worker that answers, idle or not. A processor is wanted where callers wait for more than
    their workers can do, and a plan allows one more; never for what is answered later.
    """
    staying = [worker for worker in running if not worker.is_stopping and worker.tenant in allowed]
    waiting = [queue for queue in waiting if queue.is_work and queue.tenant in allowed]
    answering = Counter(worker.tenant for worker in staying if worker.use == INFER)
    jobs = {(worker.tenant, worker.use) for worker in staying if worker.use in JOB_USES}
    jobs |= {(queue.tenant, queue.use) for queue in waiting if queue.use in JOB_USES and queue.messages}
    pressed = 0
    for queue in waiting:
        if queue.use == INFER:
            workers = answering[queue.tenant] = max(1, answering[queue.tenant])
            is_pressed = _is_too_much(queue.messages - queue.later + queue.backlog, workers)
            pressed += min(workers + 1, allowed[queue.tenant].infer) if is_pressed else 0
    of_tenant = Counter(tenant for tenant, _ in jobs)
    wanted = (
        (answering.total(), room.infer),
        (pressed, room.at_work),
        (sum(min(count, allowed[tenant].jobs) for tenant, count in of_tenant.items()), room.jobs),
        (sum(use == TRAIN for _, use in jobs), room.trainings),
    )
    return max(1, *(math.ceil(count / places) for count, places in wanted))


def _territory(seen: Situation) -> list[Action]:
    actions: list[Action] = []
    at_work = {queue.tenant for queue in seen.waiting if queue.is_work}
    freest = max(seen.neighbours, key=lambda host: (seen.neighbours[host], host), default="")
    # A host of their own holds its organisations always: so whoever hears that something waits knows where to say so.
    own = {tenant for tenant in seen.only if tenant in seen.allowed and tenant not in seen.elsewhere}
    for tenant in sorted((at_work | own) - seen.held.keys()):
        if tenant in seen.elsewhere:
            actions.append(Pass(tenant, seen.elsewhere[tenant]))
        elif tenant in seen.allowed:
            # Nobody else may serve whom a host has for itself.
            is_full = not seen.only and seen.free_places == 0 and seen.neighbours.get(freest, 0) > 0
            actions.append(Pass(tenant, freest) if is_full else Claim(tenant))
    served = {worker.tenant for worker in seen.running}
    for tenant in sorted(seen.held.keys() - served):
        is_idle = tenant not in at_work | own and seen.now - seen.held[tenant] > LET_GO_SECONDS
        # Whoever may not be served here any more waits for another host, the more so if something waits.
        if is_idle or tenant not in seen.allowed:
            actions.append(Release(tenant))
    return actions


def _stops(seen: Situation) -> list[Action]:
    stays = {worker.pid for tenant in {w.tenant for w in seen.running} for worker in seen.answering(tenant)[:1]}
    return [
        Stop(w.pid) for w in seen.running if not w.is_stopping and _is_to_stop(w, seen, is_spare=w.pid not in stays)
    ]


def _is_to_stop(worker: Running, seen: Situation, *, is_spare: bool) -> bool:
    if not seen.may_run(worker.tenant):
        return True
    if worker.use != INFER or seen.has_work(worker.tenant, INFER):
        return False
    return seen.now - worker.active_at > (SPARE_IDLE_SECONDS if is_spare else IDLE_SECONDS)


def _answers(seen: Situation) -> list[Action]:
    """Give everybody who waits a first worker, by making room if need be; further ones take what is left."""
    wanting = [q for q in seen.waiting if q.use == INFER and q.is_work and _may_try(q, seen)]
    first = sorted(
        {queue.tenant for queue in wanting if not seen.answering(queue.tenant)},
        key=lambda tenant: (seen.answered_at.get(tenant, 0.0), tenant),
    )
    places = seen.free_places
    actions: list[Action] = [Start(tenant, INFER) for tenant in first[:places]]
    if first[places:]:
        leaving = sum(worker.use == INFER and worker.is_stopping for worker in seen.running)
        leaving += sum(isinstance(action, Stop) for action in _stops(seen))
        # Whose worker is just ending gets the place that it leaves, at the latest.
        ending = {worker.tenant for worker in seen.running if worker.use == INFER}
        return actions + _evictions(seen, len(set(first[places:]) - ending) - leaving)
    busy = len(first) + sum(_is_at_work(worker, seen) for worker in seen.running if worker.use == INFER)
    for queue in sorted((q for q in wanting if q.tenant not in first), key=lambda q: q.tenant):
        # Where nobody waits for the answers, one place stays free for whoever comes and does.
        room = seen.room.at_work - (0 if _is_waited_for(queue, seen) else 1)
        if busy < room and len(actions) < places and _is_pressed(queue.tenant, seen):
            actions.append(Start(queue.tenant, INFER))
            busy += 1
    return actions


def _evictions(seen: Situation, wanted: int) -> list[Action]:
    """Choose who makes room: further workers first, then whoever is idle, then whoever has had its place longest."""
    going = {action.pid for action in _stops(seen) if isinstance(action, Stop)}
    candidates = []
    for tenant in {worker.tenant for worker in seen.running}:
        for place, worker in enumerate(seen.answering(tenant)):
            if worker.pid in going:
                continue
            if place > 0:
                candidates.append((0, worker.active_at, worker.pid))
            elif not _is_at_work(worker, seen):
                candidates.append((1, worker.active_at, worker.pid))
            elif seen.now - worker.since > TENURE_SECONDS:
                candidates.append((2, worker.since, worker.pid))
    return [Stop(pid) for _, _, pid in sorted(candidates)[: max(wanted, 0)]]


def _jobs(seen: Situation) -> list[Action]:
    """Start job processes: reading before training; first who was served longest ago, however long the queues."""
    actions: list[Action] = []
    there = [(worker.tenant, worker.use) for worker in seen.running if worker.use in JOB_USES]
    for queue in sorted(seen.waiting, key=lambda w: (w.use, seen.served_at.get(w.tenant, 0.0), w.tenant)):
        wanted = (queue.tenant, queue.use)
        if queue.use in JOB_USES and queue.messages and wanted not in there and _may_try(queue, seen):
            if not _has_place(wanted, there, seen):
                continue
            actions.append(Start(*wanted))
            there.append(wanted)
    return actions


def _has_place(wanted: tuple[str, str], jobs: list[tuple[str, str]], seen: Situation) -> bool:
    tenant, use = wanted
    of_tenant = Counter(owner for owner, _ in jobs)[tenant]
    trainings = Counter(running for _, running in jobs)[TRAIN]
    fits = len(jobs) < seen.room.jobs and of_tenant < seen.allowed[tenant].jobs
    return fits and not (use == TRAIN and trainings >= seen.room.trainings)


def _may_try(queue: Waiting, seen: Situation) -> bool:
    return seen.may_run(queue.tenant) and seen.now >= seen.barred.get((queue.tenant, queue.use), 0.0)


def _is_pressed(tenant: str, seen: Situation) -> bool:
    workers, pressure = len(seen.answering(tenant)), seen.pressure.get(tenant)
    is_lasting = pressure is not None and pressure.workers == workers and seen.now - pressure.since >= PRESSED_SECONDS
    return is_lasting and workers < seen.allowed[tenant].infer


def _is_waited_for(queue: Waiting, seen: Situation) -> bool:
    """Whether what is wanted now would call for one more worker, without what is answered later."""
    return _is_too_much(queue.messages - queue.later + queue.backlog, len(seen.answering(queue.tenant)))


def _is_too_much(waiting: int, workers: int) -> bool:
    return waiting > WAITING_PER_WORKER * workers


def _is_at_work(worker: Running, seen: Situation) -> bool:
    return seen.now - worker.active_at <= AT_WORK_SECONDS
