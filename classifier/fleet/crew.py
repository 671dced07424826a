"""The worker processes of this host: started and stopped through the fork server, counted and measured."""

import logging
import os
import signal
import time
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path

from classifier.fleet import failures, measures
from classifier.fleet.failures import Failures
from classifier.forkserver import ForkServer
from classifier.forkserver.handles import Memory
from classifier.queues import BATCH, INFER, TRAIN
from classifier.scaling import Running, Waiting
from classifier.secret import Secret
from tenants import logs

log = logging.getLogger(__name__)

# A worker told to stop finishes what it has in hand; then it is killed.
GRACE_SECONDS = 10.0
LOG_BYTES = 10 * 1024 * 1024
# A worker that was stopped (SIGSTOP) does nothing and says nothing, however long, so it makes room for another.
STILL_SECONDS = 4.0
LOOKED_EVERY = 1.0
# Measuring walks through a worker's pages, so few are measured at a time, and none that did nothing meanwhile.
MEASURED_AT_ONCE = 8
# A training weighs a tenth of what answers, and the reading of a file a third: they yield, and still come to an end
# where answers keep every processor busy.
NICE = {BATCH: 5, TRAIN: 10}
# Of several workers that answer for one organisation each weighs less, so that together they weigh about as much as
# one: nice 3 is half of nice 0, nice 5 a third, and so on.
SHARED_NICE = (0, 0, 3, 5, 6, 7, 8, 9, 9)
# Whoever has work waiting that is answered later yields to those whose callers wait, as a training does.
LATER_NICE = 10


@dataclass(frozen=True)
class Measure:
    memory: Memory | None = None
    cpu_seconds: float = 0.0


@dataclass
class Crew:
    server: ForkServer
    logs: Path
    workers: dict[int, Running] = field(default_factory=dict)
    measures: dict[int, Measure] = field(default_factory=dict)
    failures: dict[tuple[str, str], Failures] = field(default_factory=dict)
    # Who has died with something in hand, perhaps, that nobody was told of yet; by the names at their jobs.
    lost: set[str] = field(default_factory=set)
    _names: dict[int, str] = field(default_factory=dict)
    _kill_at: dict[int, float] = field(default_factory=dict)
    _still_since: dict[int, float] = field(default_factory=dict)
    _looked_at: float = 0.0
    _measured_at: dict[int, float] = field(default_factory=dict)
    _nice: dict[int, int] = field(default_factory=dict)
    _yielding: frozenset[str] = frozenset()

    def start(self, secret: Secret) -> None:
        with logs.about(tenant=secret.tenant):
            self._start(secret)

    def _start(self, secret: Secret) -> None:
        now = time.monotonic()
        self.logs.mkdir(mode=0o700, parents=True, exist_ok=True)
        path = _rotated(self.log_of(secret.tenant))
        try:
            pid = self.server.fork(secret.to_bytes(), log=path, title=f"{secret.use} {secret.tenant}")
        except OSError as error:  # No room for a process, say: it is tried again a little later.
            log.error("%s of %s cannot be started: %s", secret.use, secret.tenant, error)
            self._note_end(Running(0, secret.tenant, secret.use, now), lived=0.0, is_clean=False, now=now)
            return
        self.workers[pid] = Running(pid, secret.tenant, secret.use, active_at=now, since=now)
        measures.STARTS.add(secret.use)
        self._names[pid] = secret.name
        log.info("started %s for %s, pid %d", secret.use, secret.tenant, pid)

    def stop(self, pid: int) -> None:
        """Have a worker finish what it has in hand; it is killed where it does not."""
        self.server.signal(pid, signal.SIGTERM)
        self.workers[pid] = replace(self.workers[pid], is_stopping=True)
        self._kill_at[pid] = time.monotonic() + GRACE_SECONDS

    def kill(self, tenants: Iterable[str]) -> None:
        """Kill the workers of these organisations now."""
        for pid, worker in self.workers.items():
            if worker.tenant in tenants:
                self.workers[pid] = replace(worker, is_stopping=True)
                self.server.signal(pid, signal.SIGKILL)

    def tend(self) -> bool:
        """Bury who has ended, kill who does not end, and say whether the crew has changed."""
        now = time.monotonic()
        for pid, at in self._kill_at.items():
            if now > at:
                self.server.signal(pid, signal.SIGKILL)
        for worker in self.workers.values():
            if now - worker.since > failures.SHORT_LIFE:
                self.failures.pop((worker.tenant, worker.use), None)
        ended = self.server.exits()
        for exited in ended:
            worker = self.workers.pop(exited.pid)
            for known in (self._kill_at, self._still_since, self._measured_at, self._nice, self.measures):
                known.pop(exited.pid, None)
            name = self._names.pop(exited.pid)
            if exited.code != 0:
                self.lost.add(name)
            lived = now - worker.since
            is_clean = exited.code == 0 or worker.is_stopping
            with logs.about(tenant=worker.tenant):
                log.info(
                    "%s of %s, pid %d, ended after %.1f s: %s", worker.use, worker.tenant, exited.pid, lived, exited
                )
                self._note_end(worker, lived=lived, is_clean=is_clean, now=now)
        return bool(ended)

    def end_still(self) -> None:
        """Kill who has been stopped for some seconds; nobody else is, however long a computation or a wait takes."""
        now = time.monotonic()
        if now - self._looked_at < LOOKED_EVERY:
            return
        self._looked_at = now
        still = {pid for pid in self.workers if _is_stopped(pid)}
        self._still_since = {pid: self._still_since.get(pid, now) for pid in still}
        for pid, since in self._still_since.items():
            if now - since >= STILL_SECONDS:
                log.warning("pid %d stands still and is killed", pid)
                self.server.signal(pid, signal.SIGKILL)

    def served(self) -> set[str]:
        """Return the organisations that have a worker which answers and goes on doing so."""
        return {worker.tenant for worker in self.workers.values() if worker.use == INFER and not worker.is_stopping}

    def note_work(self, waiting: Iterable[Waiting], called: Iterable[str]) -> None:
        """Note who has had work just now, so that nobody is taken for idle between two messages."""
        now = time.monotonic()
        waiting = list(waiting)
        self._yielding = frozenset(queue.tenant for queue in waiting if queue.later)
        busy = {(queue.tenant, queue.use) for queue in waiting} | {(tenant, INFER) for tenant in called}
        for pid, worker in self.workers.items():
            if (worker.tenant, worker.use) in busy:
                self.workers[pid] = replace(worker, active_at=now)

    def weigh(self) -> None:
        """Let an organisation's workers that answer weigh together what one weighs, and what nobody waits for less."""
        answering = Counter(worker.tenant for worker in self.workers.values() if worker.use == INFER)
        for pid, worker in self.workers.items():
            shared = SHARED_NICE[min(answering[worker.tenant], len(SHARED_NICE) - 1)]
            wanted = NICE.get(worker.use, LATER_NICE if worker.tenant in self._yielding else shared)
            if self._nice.get(pid, 0) != wanted and self.server.weigh(pid, wanted):
                self._nice[pid] = wanted

    def measure(self) -> None:
        """Look at memory and processor time of those that worked since they were measured."""
        stale = [pid for pid, w in self.workers.items() if w.active_at >= self._measured_at.get(pid, 0.0)]
        for pid in sorted(stale, key=lambda pid: self._measured_at.get(pid, 0.0))[:MEASURED_AT_ONCE]:
            self._measured_at[pid] = time.monotonic()
            self.measures[pid] = Measure(self.server.memory(pid), _cpu_seconds(pid))

    def stop_all(self) -> None:
        for pid in [pid for pid, worker in self.workers.items() if not worker.is_stopping]:
            self.stop(pid)
        deadline = time.monotonic() + GRACE_SECONDS
        while self.workers and time.monotonic() < deadline:
            self.tend()
            time.sleep(0.02)
        self.server.stop()

    def log_of(self, tenant: str) -> Path:
        return self.logs / f"{tenant}.log"

    def _note_end(self, worker: Running, *, lived: float, is_clean: bool, now: float) -> None:
        if not is_clean:
            measures.CRASHES.add(worker.use)
        key = (worker.tenant, worker.use)
        found = failures.after(self.failures.get(key), lived=lived, is_clean=is_clean, now=now)
        if found is None:
            self.failures.pop(key, None)
            return
        self.failures[key] = found
        if found.is_quarantine:
            path = self.log_of(worker.tenant)
            log.error(
                "%s of %s is in quarantine after %d short lives; see %s", worker.use, worker.tenant, found.count, path
            )


def _cpu_seconds(pid: int) -> float:
    fields = _status(pid)
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK") if fields else 0.0


def _is_stopped(pid: int) -> bool:
    return _status(pid)[:1] == ["T"]


def _status(pid: int) -> list[str]:
    """Return the fields of proc_pid_stat(5) from the state on; none for a process that has ended."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []


def _rotated(log_file: Path) -> Path:
    """Keep the previous log beside the new one when it has grown large."""
    if log_file.exists() and log_file.stat().st_size > LOG_BYTES:
        log_file.replace(log_file.with_name(f"{log_file.name}.1"))
    return log_file
