"""The fleet's loop: look around, decide, act, tell."""

import logging
import signal
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field

import redis
from django.db import DatabaseError, connection

from classifier import scaling
from classifier.fleet import leases, passwords, record
from classifier.fleet.crew import Crew
from classifier.fleet.demand import Demand
from classifier.fleet.outlook import outlook
from classifier.fleet.quarantine import SharedQuarantine
from classifier.fleet.territory import Territory
from classifier.scaling import Action, Claim, Pass, Pressure, Release, Room, Situation, Start, Stop, Waiting
from classifier.secret import Secret
from tenants import notify
from tenants.heartbeats import Heart

log = logging.getLogger(__name__)

AWAY = (redis.ConnectionError, redis.TimeoutError)
WAIT_SECONDS = 0.5
# However many call, a round begins so long after the one before, and leaves the processors to those who are called for.
APART_SECONDS = 0.05
# Where all who call are served, what they call for is done already, and a round only looks whether more should help.
SERVED_APART_SECONDS = 0.25
# With no worker to look after, only a call matters, and that ends the wait.
QUIET_WAIT_SECONDS = 1.0
# A call may have been lost with the broker, so everybody is looked at now and then.
SWEEP_SECONDS = 5.0
# What changes while no worker begins or ends is told so often at most.
TELL_SECONDS = 1.0


@dataclass
class Foreman:
    territory: Territory
    demand: Demand
    crew: Crew
    quarantine: SharedQuarantine
    room: Room
    heart: Heart
    pressure: dict[str, Pressure] = field(default_factory=dict)
    served_at: dict[str, float] = field(default_factory=dict)
    answered_at: dict[str, float] = field(default_factory=dict)
    waiting: tuple[Waiting, ...] = ()
    strangers: set[str] = field(default_factory=set)
    # How many hosts like this one all work is enough for, as it was at the last look.
    wanted_hosts: int = 1
    _looked_at: float = 0.0
    _counted_at: float = 0.0
    _swept_at: float = 0.0
    _told_at: float = 0.0

    def run(self) -> None:
        """Serve until the process is told to stop; then stop the workers, and let others have the organisations."""
        told: list[int] = []
        signal.signal(signal.SIGTERM, lambda number, frame: told.append(number))
        self._reach_database(self.territory.adopt)
        notify.ready()
        called: set[str] = set()
        rounded_at = 0.0
        while not told:
            began = time.monotonic()
            called |= self._called()
            if is_due(called, self.crew.served(), waited=time.monotonic() - rounded_at):
                self._round(called)
                called, rounded_at = set(), time.monotonic()
            time.sleep(max(0.0, began + APART_SECONDS - time.monotonic()))
        self.crew.stop_all()
        self._reach_database(self._leave)

    def _round(self, called: set[str]) -> None:
        """Look around, decide, act, tell."""
        now = time.monotonic()
        # Somebody who is not known was founded a moment ago, or may not run.
        self.strangers |= called - self.territory.allowed.keys()
        if now - self._looked_at > (WAIT_SECONDS if self.strangers else leases.RENEWED_EVERY):
            self._reach_database(self._look)
        has_changed = self.crew.tend()
        self.crew.end_still()
        if self.crew.lost:
            self._reach_database(self._give_back)
        before = self.waiting
        self._count(called)
        self._claim(scaling.decide(self._situation()))
        seen = self._situation()
        actions = scaling.decide(seen)
        for action in actions:
            self._act(action)
        self.crew.kill(self.territory.overdue(now))
        self.crew.weigh()
        has_changed = has_changed or any(isinstance(action, Start | Stop) for action in actions)
        if has_changed or (before != self.waiting and now - self._told_at > TELL_SECONDS):
            self._reach_database(self._tell)

    def _called(self) -> set[str]:
        try:
            is_quiet = not (self.crew.workers or self.waiting or self.strangers or self.crew.failures)
            return self.demand.called(QUIET_WAIT_SECONDS if is_quiet else WAIT_SECONDS)
        except AWAY:  # Nothing is lost: a look at everybody finds what waits when it is back.
            time.sleep(WAIT_SECONDS)
            return set()

    def _look(self) -> None:
        """Learn anew who may run and who is whose, renew the leases, and tell how it is."""
        self._looked_at = time.monotonic()
        self.territory.look()
        self.quarantine.share(self.crew.failures)
        with connection.cursor() as cursor:
            self.heart.beat(cursor.execute, workers=len(self.crew.workers))
        self.crew.measure()
        self._tell()
        waiting, running = record.everywhere(self.territory.only)
        self.wanted_hosts = scaling.wanted_hosts(waiting, running, allowed=self.territory.allowed, room=self.room)

    def _tell(self) -> None:
        self._told_at = time.monotonic()
        seen = self._situation()
        record.write(self.territory.host, only=self.territory.only, seen=seen, crew=self.crew, prospects=outlook(seen))

    def _give_back(self) -> None:
        for job in leases.give_back(self.crew.lost):
            log.info("%s has lost its worker, and is given to another", job)
        self.crew.lost.clear()

    def _leave(self) -> None:
        self.territory.release(list(self.territory.tokens))
        record.forget(self.territory.host)

    def _count(self, called: set[str]) -> None:
        """Count what waits for those who were called or waited a moment ago; now and then for those who are served, and
        more seldom for everybody.
        """
        now = time.monotonic()
        asked = called | {queue.tenant for queue in self.waiting}
        if now - self._counted_at >= WAIT_SECONDS:
            asked |= {worker.tenant for worker in self.crew.workers.values()}
            self._counted_at = now
        # Those that were strangers a moment ago may be known by now.
        asked |= self.strangers & self.territory.allowed.keys()
        self.strangers -= self.territory.allowed.keys()
        if now - self._swept_at > SWEEP_SECONDS:
            asked |= self.territory.allowed.keys()
            self.strangers.clear()
            self._swept_at = now
        try:
            self.waiting = tuple(self.demand.waiting(asked, now=now))
        except AWAY:
            self.waiting = ()
        self.crew.note_work(self.waiting, called)
        self.territory.note_work({queue.tenant for queue in self.waiting} | called, now)

    def _situation(self) -> Situation:
        now = time.monotonic()
        territory = self.territory
        seen = Situation(
            now=now,
            waiting=self.waiting,
            running=tuple(self.crew.workers.values()),
            allowed=territory.allowed,
            only=territory.only,
            held=territory.held(now),
            elsewhere=territory.elsewhere,
            neighbours=territory.neighbours,
            room=self.room,
            barred={key: failed.until for key, failed in self.crew.failures.items()},
            pressure=self.pressure,
            served_at=self.served_at,
            answered_at=self.answered_at,
        )
        self.pressure = scaling.press(seen)
        return seen

    def _claim(self, actions: Iterable[Action]) -> None:
        if wanted := [action.tenant for action in actions if isinstance(action, Claim)]:
            self._reach_database(lambda: self.territory.claim(wanted))

    def _act(self, action: Action) -> None:
        match action:
            case Start(tenant, use):
                self.crew.start(self._secret(tenant, use))
                (self.served_at if use in scaling.JOB_USES else self.answered_at)[tenant] = time.monotonic()
            case Stop(pid):
                self.crew.stop(pid)
            case Release(tenant):
                self._reach_database(lambda: self.territory.release([tenant]))
            case Pass(tenant, host):
                with suppress(*AWAY):
                    self.demand.pass_on(tenant, host)
                self.waiting = tuple(queue for queue in self.waiting if queue.tenant != tenant)

    def _secret(self, tenant: str, use: str) -> Secret:
        plan = self.territory.plans[tenant]
        return Secret(
            tenant=tenant,
            use=use,
            database_password=passwords.of_worker(tenant, "postgres"),
            broker_password=passwords.of_worker(tenant, "broker"),
            dataset_rows=plan.dataset_rows,
            training_seconds=plan.training_seconds,
            training_bytes=plan.training_bytes,
            token=self.territory.tokens[tenant],
        )

    def _reach_database(self, do: Callable[[], None]) -> None:
        try:
            do()
        except DatabaseError:
            log.warning("the database does not answer; going on with what was known", exc_info=True)
            connection.close()


def is_due(called: set[str], served: set[str], *, waited: float) -> bool:
    """Whether a round is wanted, `waited` seconds after the last: at once for whoever has no worker that answers."""
    return waited >= SERVED_APART_SECONDS or not called <= served
