"""The fleet: one supervisor a host, which starts and stops the organisations' workers.

It learns from one list that something waits, asks the broker how much, lets scaling.py decide, and has the fork server
do it. It never sees a message: its broker user may only count.
"""

import logging
import os
import signal
import time
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import redis
from django.conf import settings
from django.db import DatabaseError, connection

from classifier import confinement, landlock, scaling
from classifier.forkserver import Exit, ForkServer, ForkServerDied
from classifier.queues import BATCH, INFER, LATER, TRAIN, WAKE
from classifier.scaling import Running, Start, Stop, Waiting
from classifier.worker import Secret
from tenants import boot, broker, isolation, notify
from tenants.heartbeats import Heart
from tenants.models import Organisation, Plan
from tenants.secrets import derive

log = logging.getLogger(__name__)

USES = (INFER, LATER, BATCH, TRAIN)
READ_BY = {LATER: INFER}
WAIT_SECONDS = 0.5
SWEEP_SECONDS = 5.0
# A worker told to stop finishes what it has in hand; then it is killed.
GRACE_SECONDS = 10.0
# After a worker that failed at once, the next one waits, twice as long each time.
LOG_BYTES = 10 * 1024 * 1024
FIRST_DELAY, LAST_DELAY, SHORT_LIFE = 0.5, 30.0, 5.0


@dataclass
class Failures:
    """When a worker that keeps failing may be tried again."""

    count: int = 0
    not_before: float = 0.0


@dataclass
class Fleet:
    client: redis.Redis
    server: ForkServer
    workers: dict[int, Running] = field(default_factory=dict)
    born: dict[int, float] = field(default_factory=dict)
    stopping: dict[int, float] = field(default_factory=dict)
    failures: dict[tuple[str, str], Failures] = field(default_factory=dict)
    plans: dict[str, Plan] = field(default_factory=dict)
    served_at: dict[str, float] = field(default_factory=dict)
    strangers: set[str] = field(default_factory=set)
    looked_up: float = -SWEEP_SECONDS
    heart: Heart = field(default_factory=lambda: Heart("fleet"))

    def run(self) -> None:
        """Serve until the process is told to stop; then stop the workers."""
        told: list[int] = []
        signal.signal(signal.SIGTERM, lambda number, frame: told.append(number))
        notify.ready()
        while not told:
            awake = self._woken()
            # Somebody who is not known was founded a moment ago, or may not run.
            self.strangers |= awake - self.plans.keys()
            since = time.monotonic() - self.looked_up
            if since > SWEEP_SECONDS or (self.strangers and since > WAIT_SECONDS):
                self._look_up_plans()
                # Everybody, because a call may have been lost with the broker.
                awake |= self.plans.keys()
            self._bury(self.server.exits())
            self._act(self._waiting(awake | self._served_tenants()))
        self._stop_all()

    def _woken(self) -> set[str]:
        """Wait for a call, and return the tenants of all the calls that have come."""
        try:
            first = self.client.brpop([WAKE], timeout=WAIT_SECONDS)
            if first is None:
                return set()
            rest = self.client.rpop(WAKE, 1000)
            return {str(call).partition(" ")[0] for call in (first[1], *(rest if isinstance(rest, list) else ()))}
        except redis.ConnectionError:
            # The broker is away. Nothing is lost: the sweep finds what waits when it is back.
            time.sleep(WAIT_SECONDS)
            return set()

    def _look_up_plans(self) -> None:
        """Learn anew which organisations may run, and what their plans give them."""
        self.looked_up = time.monotonic()
        self.strangers.clear()
        try:
            active = Organisation.objects.filter(status=Organisation.Status.ACTIVE).select_related("plan")
            self.plans = {organisation.tenant: organisation.plan for organisation in active}
            with connection.cursor() as cursor:
                self.heart.beat(cursor.execute, workers=len(self.workers))
        except DatabaseError:
            log.warning("the database does not answer; going on with what was known", exc_info=True)
            connection.close()

    def _waiting(self, tenants: Iterable[str]) -> list[Waiting]:
        asked = [(tenant, use) for tenant in sorted(tenants) for use in USES]
        pipeline = self.client.pipeline(transaction=False)
        for tenant, use in asked:
            pipeline.llen(isolation.queue(tenant, use))
        try:
            lengths = pipeline.execute() if asked else []
        except redis.ConnectionError:
            return []
        sums: Counter[tuple[str, str]] = Counter()
        for (tenant, use), length in zip(asked, lengths, strict=True):
            sums[tenant, READ_BY.get(use, use)] += length
        waiting = [Waiting(*key, length) for key, length in sums.items() if length]
        self._note_activity(waiting)
        return waiting

    def _note_activity(self, waiting: Iterable[Waiting]) -> None:
        now = time.monotonic()
        busy = {(queue.tenant, queue.use) for queue in waiting}
        for pid, worker in self.workers.items():
            if (worker.tenant, worker.use) in busy:
                self.workers[pid] = replace(worker, active_at=now)

    def _served_tenants(self) -> set[str]:
        return {worker.tenant for worker in self.workers.values()}

    def _act(self, waiting: list[Waiting]) -> None:
        now = time.monotonic()
        allowed = {tenant: plan.workers for tenant, plan in self.plans.items()}
        for action in scaling.decide(
            waiting, self.workers.values(), allowed=allowed, now=now, served_at=self.served_at
        ):
            match action:
                case Start(tenant, use) if self._may_try(tenant, use, now):
                    self._start(tenant, use)
                case Stop(pid) if pid not in self.stopping:
                    self.server.signal(pid, signal.SIGTERM)
                    self.stopping[pid] = now
        for pid, since in self.stopping.items():
            if now - since > GRACE_SECONDS:
                self.server.signal(pid, signal.SIGKILL)

    def _start(self, tenant: str, use: str) -> None:
        secret = Secret(
            tenant=tenant,
            use=use,
            database_password=derive(settings.FLEET_SECRET, tenant, "postgres"),
            broker_password=derive(settings.FLEET_SECRET, tenant, "broker"),
            dataset_rows=self.plans[tenant].dataset_rows,
            training_seconds=self.plans[tenant].training_seconds,
        )
        logs = Path(settings.ASSORT_DATA) / "logs" / "workers"
        logs.mkdir(mode=0o700, parents=True, exist_ok=True)
        pid = self.server.fork(secret.to_bytes(), log=_rotated(logs / f"{tenant}.log"), title=f"{use} {tenant}")
        now = time.monotonic()
        self.workers[pid] = Running(pid, tenant, use, active_at=now)
        self.born[pid] = now
        if use in scaling.JOB_USES:
            self.served_at[tenant] = now
        log.info("started %s for %s, pid %d", use, tenant, pid)

    def _bury(self, exits: Iterable[Exit]) -> None:
        now = time.monotonic()
        for ended in exits:
            worker = self.workers.pop(ended.pid)
            age = now - self.born.pop(ended.pid)
            self.stopping.pop(ended.pid, None)
            log.info("%s of %s, pid %d, ended after %.1f s: %s", worker.use, worker.tenant, ended.pid, age, ended)
            key = (worker.tenant, worker.use)
            if ended.code == 0 or age > SHORT_LIFE:
                self.failures.pop(key, None)
            else:
                failures = self.failures.setdefault(key, Failures())
                failures.not_before = now + min(LAST_DELAY, FIRST_DELAY * 2**failures.count)
                failures.count += 1

    def _may_try(self, tenant: str, use: str, now: float) -> bool:
        failures = self.failures.get((tenant, use))
        return failures is None or now >= failures.not_before

    def _stop_all(self) -> None:
        for pid in self.workers:
            self.server.signal(pid, signal.SIGTERM)
        deadline = time.monotonic() + GRACE_SECONDS
        while self.workers and time.monotonic() < deadline:
            self._bury(self.server.exits())
            time.sleep(0.05)
        self.server.stop()


def _rotated(log_file: Path) -> Path:
    """Keep the previous log beside the new one when it has grown large."""
    if log_file.exists() and log_file.stat().st_size > LOG_BYTES:
        log_file.replace(log_file.with_name(f"{log_file.name}.1"))
    return log_file


def run() -> None:
    """Run the fleet; a fork server that died ends it, and whoever started it starts it again."""
    client = broker.connect()
    decoy = isolation.queue(boot.NOBODY, INFER)
    boot.check_process(client, decoys=[("RPOP", decoy), ("LPUSH", decoy, "decoy")])
    abi = landlock.abi()
    if abi == 0:
        log.warning("this kernel has no Landlock: workers are kept apart by their logins only, not in the file system")
    else:
        log.info("workers are confined by Landlock, ABI %d", abi)
    server = ForkServer.start(
        entry="classifier.worker:main", preload=settings.FLEET_PRELOAD, environment=worker_environment()
    )
    try:
        Fleet(client, server).run()
    except ForkServerDied:
        log.exception("the fork server died, and its workers with it")
        raise SystemExit(1) from None
    finally:
        server.stop()


def worker_environment() -> dict[str, str]:
    """Return the environment of fork server and workers: where the servers are, and no password."""
    database: Any = connection.settings_dict
    at = urlsplit(settings.REDIS_URL)
    kept = {name: os.environ[name] for name in ("PATH", "LANG", "HOME", "PYTHONPATH") if name in os.environ}
    single = {f"{library}_NUM_THREADS": "1" for library in ("OMP", "OPENBLAS", "MKL")}
    return {
        **kept,
        **confinement.environment(),
        **single,
        "PYTHONUNBUFFERED": "1",
        "DJANGO_SETTINGS_MODULE": "saas.settings",
        "ASSORT_PART": "worker",
        "ASSORT_DATA": str(settings.ASSORT_DATA),
        "ASSORT_MODE": settings.ASSORT_MODE,
        "DATABASE_URL": f"postgresql://{database['HOST']}:{database['PORT']}/{database['NAME']}",
        "REDIS_URL": f"redis://{at.hostname}:{at.port or 6379}",
    }
