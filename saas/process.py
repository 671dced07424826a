"""Processes that do not outlive whoever started them, and the finding and ending of those that did.

Linux only: `prctl(2)` for the leash, `/proc` to find processes again after everybody who knew them is dead.
"""

import ctypes
import os
import signal
import subprocess
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import nullcontext, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from saas import directory

_LOG_LIMIT = 10 * 1024 * 1024
_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36
_libc = ctypes.CDLL(None, use_errno=True)


@dataclass(frozen=True)
class Part:
    """One program of an instance.

    It is ready when it says so through sd_notify, or, where it cannot, when `probe` returns true. A part that
    is `once` is ready when it has ended with status 0.
    """

    name: str
    command: tuple[str, ...]
    environment: Mapping[str, str] = field(default_factory=dict)
    probe: Callable[[], bool] | None = None
    once: bool = False
    is_forked: bool = False  # A command behind MANAGE that has nothing to load first; see nursery.py.
    nice: int = 0  # How much less it weighs than the others, 19 being the least, where processors are short.
    address: str = ""  # Where people find it, if they are to be told.
    stop_signal: signal.Signals = signal.SIGTERM
    grace: float = 10.0

    @property
    def notifies(self) -> bool:
        return self.probe is None and not self.once


class Running(Protocol):
    """A process that was started, as subprocess.Popen is one."""

    @property
    def pid(self) -> int: ...
    def poll(self) -> int | None: ...
    def wait(self, timeout: float | None = None) -> int: ...
    def send_signal(self, signum: int, /) -> None: ...


@dataclass(frozen=True)
class Found:
    """A process by its id and start time, since ids are used again."""

    pid: int
    started: str

    @property
    def is_alive(self) -> bool:
        status = _status(self.pid)
        return status is not None and status.started == self.started and status.state not in "ZX"


@dataclass(frozen=True)
class Status:
    state: str
    parent: int
    session: int
    started: str


def start(
    part: Part, *, cwd: Path, log: Path | None = None, extra: Mapping[str, str] | None = None
) -> subprocess.Popen[bytes]:
    """Start `part` in a session of its own; it ends when this process ends.

    Its output is appended to `log`, or goes where this process's own goes.

    Call it from the main thread: the kernel's death signal follows the thread that forked.
    """
    parent = os.getpid()

    def leash() -> None:
        _libc.prctl(_PR_SET_PDEATHSIG, int(part.stop_signal), 0, 0, 0)
        if os.getppid() != parent:  # The parent died between the fork and the line above.
            os.kill(os.getpid(), signal.SIGKILL)
        if part.nice:
            _weigh(part.nice)

    with log.open("ab") if log else nullcontext() as output:
        return subprocess.Popen(
            part.command,
            cwd=cwd,
            env={**part.environment, **(extra or {})},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            preexec_fn=leash,  # noqa: PLW1509 (the keeper has one thread, and the leash must come before exec)
        )


def _weigh(nice: int) -> None:
    """Set the weight of this process's session, see sched(7). Not every kernel groups processes by session."""
    with suppress(OSError):
        Path("/proc/self/autogroup").write_text(str(nice))


def adopt_orphans() -> None:
    """Become the parent of every descendant whose own parent dies, so that none gets lost."""
    if _libc.prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "the kernel refused PR_SET_CHILD_SUBREAPER")


def reap_adopted(known: Collection[int]) -> None:
    """Bury the dead children that nobody else waits for: all but `known`."""
    try:
        while (dead := os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)) and dead.si_pid not in known:
            os.waitpid(dead.si_pid, 0)
    except ChildProcessError:  # No children at all.
        return


def descendants(pid: int) -> list[Found]:
    """Return every living process below `pid`, whatever its session."""
    statuses = dict(processes())
    below, fresh = {pid}, {pid}
    while fresh:
        fresh = {child for child, status in statuses.items() if status.parent in fresh} - below
        below |= fresh
    return [Found(child, statuses[child].started) for child in below - {pid} if child in statuses]


def session_of(pid: int) -> list[Found]:
    """Return the processes of the session that `pid` leads or led."""
    return [Found(member, status.started) for member, status in processes() if status.session == pid]


def working_in(directory: Path) -> list[Found]:
    """Return the processes whose current directory is `directory`, as it is for a database server's own."""
    found = []
    for pid, status in processes():
        try:
            if os.readlink(f"/proc/{pid}/cwd") == str(directory):
                found.append(Found(pid, status.started))
        except OSError:  # Ended meanwhile, or another user's: not ours either way.
            continue
    return found


def end(processes: Iterable[Found], *, how: signal.Signals = signal.SIGTERM, grace: float = 10.0) -> None:
    """Signal the processes, wait up to `grace` seconds, and kill those that are left."""
    processes = list(processes)
    send(processes, how)
    if not wait_for(lambda: not any(process.is_alive for process in processes), grace):
        send(processes, signal.SIGKILL)
        wait_for(lambda: not any(process.is_alive for process in processes), 5.0)


def send(processes: Iterable[Found], signum: signal.Signals) -> None:
    for process in processes:
        try:
            handle = os.pidfd_open(process.pid)
        except ProcessLookupError:
            continue
        try:
            # The handle holds the process, so what is checked is what is signalled.
            if process.is_alive:
                signal.pidfd_send_signal(handle, signum)
        except ProcessLookupError:
            continue
        finally:
            os.close(handle)


def record(path: Path, pid: int) -> None:
    """Write down which process runs, in a form that a later boot or a reused id cannot be mistaken for."""
    status = _status(pid)
    directory.put(path, f"{pid} {status.started if status else ''} {_boot_id()}\n")


def recorded(path: Path) -> list[Found]:
    """Return what still lives of the session whose leader was recorded at `path`."""
    words = path.read_text().split()
    if len(words) != 3 or words[2] != _boot_id():
        return []
    leader = _status(int(words[0]))
    # Linux gives no new process an id that a living session still carries, so a leader with another start
    # time means that the whole session is gone.
    return session_of(int(words[0])) if leader is None or leader.started == words[1] else []


def wait_for(condition: Callable[[], bool], seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def rotate(log: Path) -> None:
    """Keep the previous log beside the new one when it has grown beyond 10 MB."""
    if log.exists() and log.stat().st_size > _LOG_LIMIT:
        log.replace(log.with_name(log.name + ".1"))


def last_lines(log: Path, count: int = 15) -> list[str]:
    if not log.exists():
        return []
    with log.open("rb") as stream:
        stream.seek(max(0, log.stat().st_size - 16_384))
        return stream.read().decode(errors="replace").splitlines()[-count:]


def processes() -> Iterator[tuple[int, Status]]:
    for entry in os.listdir("/proc"):
        if entry.isdigit() and (status := _status(int(entry))):
            yield int(entry), status


def _status(pid: int) -> Status | None:
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return None
    # proc(5): the name in parentheses may itself hold spaces and parentheses; the fields follow the last one.
    fields = text.rpartition(")")[2].split()
    return Status(state=fields[0], parent=int(fields[1]), session=int(fields[3]), started=fields[19])


def _boot_id() -> str:
    return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
