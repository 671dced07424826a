"""Runs the parts of an instance in the foreground: starts them, restarts those that die, ends them all.

It has one thread and looks after everything several times a second. Parts say that they are ready as services of
systemd do, see sd_notify(3), each on a socket of its own.
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from types import FrameType

from saas import embedded, process
from saas.instance import ROOT, Instance, InstanceError
from saas.notice import Notice
from saas.nursery import Nursery
from saas.place import PROGRAM
from saas.ports import HOST, is_free
from saas.process import Part, Running

# While parts start, and when all are there.
_TICK, _QUIET_TICK = 0.1, 0.5
_FIRST_DELAY, _LONGEST_DELAY = 0.2, 5.0
# A part that has run this long was well, and the next restart is a first one.
_WELL_AFTER = 10.0
_START_ATTEMPTS = 3
_READY_SECONDS = 90.0


class StartError(Exception):
    """A part does not become ready; the message says which, and where its log is."""


def say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


@dataclass
class _Member:
    """A part and how it is doing."""

    part: Part
    instance: Instance
    nursery: Nursery
    is_ready: bool = False
    running: Running | None = None
    failures: int = 0
    started: float = 0.0
    start_after: float = 0.0
    _notice: Notice = field(default_factory=Notice, repr=False)

    @property
    def is_done(self) -> bool:
        return self.part.once and self.is_ready

    def tend(self) -> str | None:
        """Start the part when it is due, notice what became of it, and return how it ended, if it did."""
        if self.is_done:
            return None
        if self.running is None:
            return self._start() if time.monotonic() >= self.start_after else None
        code = self.running.poll()
        if code is None:
            self.is_ready = self.is_ready or self._says_ready()
            return None
        return self._ended(code)

    def ask_to_stop(self) -> None:
        if self.running is not None and self.running.poll() is None:
            self.running.send_signal(self.part.stop_signal)

    def finish(self, grace: float) -> None:
        """Wait `grace` seconds for the part to end, then kill whatever its session still holds."""
        if self.running is None:
            return
        try:
            self.running.wait(timeout=grace)
        except subprocess.TimeoutExpired:
            say(f"{self.part.name} does not stop and is killed")
        self._clear_session(self.running)
        self.running.wait()
        self.running = None

    def _start(self) -> str | None:
        """Start the part, or return why it could not be: that is no reason to end the others."""
        extra = {}
        if self.part.notifies:
            extra["NOTIFY_SOCKET"] = self._notice.listen(self.part.name)
        log = self.instance.log(self.part.name)
        self.started = time.monotonic()
        try:
            if self.part.is_forked:
                self.running = self.nursery.start(self.part, log=log, extra=extra)
            else:
                self.running = process.start(self.part, cwd=ROOT, log=log, extra=extra)
        except OSError as error:
            self._put_off()
            return f"before it had begun ({error})"
        process.record(self.instance.run / f"{self.part.name}.pid", self.running.pid)
        return None

    def _says_ready(self) -> bool:
        return self.part.probe() if self.part.probe is not None else self._notice.has_come()

    def _ended(self, code: int) -> str:
        if self.running is not None:
            self._clear_session(self.running)
        self.running = None
        if self.part.once and code == 0:
            self.is_ready = True
            return ""
        self._put_off()
        return f"by {signal.Signals(-code).name}" if code < 0 else f"with status {code}"

    def _put_off(self) -> None:
        """Have the part started again: soon, and the later the more often it has failed in a row."""
        now = time.monotonic()
        self.failures = 1 if now - self.started > _WELL_AFTER else self.failures + 1
        self.start_after = now + min(_LONGEST_DELAY, _FIRST_DELAY * 2 ** (self.failures - 1))
        self.is_ready = False

    def _clear_session(self, running: Running) -> None:
        # What a dead part leaves behind may hold its port or do its work a second time.
        process.send(process.session_of(running.pid), signal.SIGKILL)
        (self.instance.run / f"{self.part.name}.pid").unlink(missing_ok=True)


class Supervisor:
    """Keeps the parts that `stages` names running for as long as `run` runs."""

    def __init__(self, instance: Instance, stages: Callable[[Instance], list[list[Part]]]) -> None:
        self._instance = instance
        self._stages = stages
        self._members: list[list[_Member]] = []
        self._nursery = Nursery(instance.passed_on())
        self._signals = 0

    def run(self) -> None:
        """Run until SIGINT, SIGTERM or SIGHUP; then end everything.

        Raises InstanceError if the instance or its port is in use, StartError if a part does not get ready.
        """
        self._instance.claim()
        process.adopt_orphans()
        for signum in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(signum, self._on_signal)
        end_leftovers(self._instance)
        if not is_free(port := self._instance.ports["web"]):
            raise InstanceError(f"Port {port} is taken. Choose another one: {PROGRAM} up --port {port + 1}")
        self._instance.move_taken_ports()
        try:
            if self._start_all():
                self._say_where()
            while not self._signals:
                self._tend(starting=[])
        finally:
            self._stop_all()

    def _say_where(self) -> None:
        say(f"logs are in {self._instance.data / 'logs'}")
        for part in (member.part for stage in self._members for member in stage):
            if part.address:
                say(f"{part.name} {part.address}")
        say(f"ready http://{HOST}:{self._instance.ports['web']}")

    def _on_signal(self, _signum: int, _frame: FrameType | None) -> None:
        self._signals += 1

    def _start_all(self) -> bool:
        """Start stage after stage; return false if a signal came in between."""
        for parts in self._stages(self._instance):
            say(f"waiting for {', '.join(part.name for part in parts)}")
            for part in parts:
                process.rotate(self._instance.log(part.name))
            stage = [_Member(part, self._instance, self._nursery) for part in parts]
            self._members.append(stage)
            deadline = time.monotonic() + _READY_SECONDS
            while waiting := [member for member in stage if not member.is_ready]:
                if self._signals:
                    return False
                # What runs once may have years of rows to migrate.
                if time.monotonic() > deadline and not all(member.part.once for member in waiting):
                    raise self._start_error(waiting[0], f"is not ready after {_READY_SECONDS:.0f} s")
                self._tend(starting=waiting)
        return True

    def _tend(self, *, starting: list[_Member]) -> None:
        for member in (member for stage in self._members for member in stage):
            was_ready = member.is_ready
            how = member.tend()
            if how:
                if member in starting and (member.part.once or member.failures >= _START_ATTEMPTS):
                    raise self._start_error(member, f"ended {how}")
                say(f"{member.part.name} ended {how} and is started again")
            elif member.is_ready and not was_ready and member not in starting:
                say(f"{member.part.name} is back")
        self._reap()
        is_quiet = all(member.is_ready for stage in self._members for member in stage)
        time.sleep(_QUIET_TICK if is_quiet else _TICK)

    def _reap(self) -> None:
        known = {member.running.pid for stage in self._members for member in stage if member.running}
        process.reap_adopted(known | {self._nursery.pid or 0})

    def _start_error(self, member: _Member, what: str) -> StartError:
        log = self._instance.log(member.part.name)
        for line in process.last_lines(log):
            say(f"  {line}")
        return StartError(f"{member.part.name} {what}. The end of its log is above; the whole of it is {log}")

    def _stop_all(self) -> None:
        """End the last stage first, the servers last, and at the end whatever a part has left behind."""
        for stage in reversed(self._members):
            for member in stage:
                member.ask_to_stop()
            asked = time.monotonic()
            for member in stage:
                # A second Ctrl-C means now.
                grace = 0.0 if self._signals > 1 else member.part.grace - (time.monotonic() - asked)
                member.finish(max(grace, 0.0))
        self._nursery.stop()
        process.end(process.descendants(os.getpid()), how=signal.SIGKILL)
        self._reap()
        self._instance.release()


def end_leftovers(instance: Instance) -> None:
    """End what an earlier run left alive because it was killed itself."""
    left = []
    for path in instance.run.glob("*.pid"):
        if path.stem in embedded.NAMES:  # They stop by another signal, after everybody else.
            continue
        if found := process.recorded(path):
            say(f"ending {path.stem}, left over from a run that was killed")
            left += found
        path.unlink()
    process.end(left)
    embedded.end_leftovers(instance)
