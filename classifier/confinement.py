"""What a process gives up, for good, before it touches a tenant's data.

The walls are the kernel's: a Landlock domain (files, TCP ports, signals), resource limits, a memory that
nobody may read, and no capabilities. They need no root, cannot be undone, and bind the children as well.
"""

import os
import resource
import sysconfig
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from classifier import landlock, linux
from classifier.landlock import File
from classifier.linux import Prctl

_READ = File.READ_FILE | File.READ_DIR
# Files and folders, and nothing else, even in the tenant's own directory: no program, no device, and no link or pipe,
# which would lead whoever looks in astray or hold them up.
_DEVICES = File.MAKE_CHAR | File.MAKE_BLOCK | File.IOCTL_DEV
_OWN = ~(File.EXECUTE | _DEVICES | File.MAKE_SYM | File.MAKE_FIFO | File.MAKE_SOCK)

# What the C library, OpenBLAS, joblib and libpq read after start-up. A path that a system lacks is left out.
_SYSTEM_READ = (
    "/lib",
    "/lib64",
    "/usr/lib",
    "/usr/lib64",
    "/usr/share/zoneinfo",
    "/etc/ld.so.cache",
    "/etc/localtime",
    "/etc/hosts",
    "/etc/resolv.conf",
    "/etc/nsswitch.conf",
    "/etc/host.conf",
    "/etc/gai.conf",
    # Whom the system believes: for servers whose certificates are of those.
    "/etc/ssl/certs",
    "/etc/ssl/openssl.cnf",
    "/usr/share/ca-certificates",
    "/usr/local/share/ca-certificates",
    "/dev/urandom",
    "/dev/random",
    "/proc/cpuinfo",
    "/proc/meminfo",
    "/sys/devices/system/cpu",
    "/sys/fs/cgroup/cpu.max",
    "/sys/fs/cgroup/cpu/cpu.cfs_quota_us",
    "/sys/fs/cgroup/cpu/cpu.cfs_period_us",
)
_SYSTEM_WRITE = ("/dev/null",)


class ConfinementError(Exception):
    """The process cannot be confined as asked; it must not go on to serve a tenant."""


@dataclass(frozen=True)
class Limits:
    """What a process may use; None leaves a limit as it is. A core file is never written.

    `data` counts the private memory that is mapped, which is nearer to what a process uses than
    `address_space`: a preloaded process has gigabytes of the latter. Beyond either, Python raises
    MemoryError. `cpu_seconds` counts from the start of the process and ends it with SIGXCPU. `processes`
    counts all of the user's, threads among them, and does not bind uid 0.
    """

    address_space: int | None = None  # bytes
    data: int | None = None  # bytes
    file_size: int | None = None  # bytes, of any one file
    open_files: int | None = None
    processes: int | None = None
    cpu_seconds: int | None = None


@dataclass(frozen=True)
class Confinement:
    """What is in force after `confine`."""

    landlock_abi: int
    undumpable: bool
    uid: int

    @property
    def gaps(self) -> tuple[str, ...]:
        """The walls that the running kernel does not have, in words."""
        return landlock.gaps(self.landlock_abi)


def confine(
    *,
    directory: Path,
    tmp: Path,
    read_only: Sequence[Path],
    connect_ports: Sequence[int],
    limits: Limits,
    passes: bool = False,
) -> Confinement:
    """Confine this process to one tenant and return what is in force.

    From then on it may read and write `directory` and `tmp` (which becomes its TMPDIR), read `read_only` and
    a few files of the system, and connect to `connect_ports`; it can start no program. What is open already
    stays usable, so close before what is not needed. What is imported later must lie below `read_only`. A process that
    `passes` keeps what `become` let it keep.

    Raises ConfinementError where the arguments or the process's threads would leave a hole, and OSError
    where the kernel refuses a step. A kernel without Landlock is no error: see `Confinement.gaps`.
    """
    parent = os.getppid()
    _require_single_thread()
    _require_apart([directory, tmp], read_only)
    level = landlock.abi()
    linux.drop_capabilities(but=linux.DAC_READ_SEARCH if passes else None)
    if not linux.is_profiled():
        linux.prctl(Prctl.SET_DUMPABLE, 0)
    linux.prctl(Prctl.SET_NO_NEW_PRIVS, 1)
    linux.die_with_parent(parent)
    if level:
        rules = landlock.Ruleset(level)
        rules.allow(_OWN, [directory, tmp])
        rules.allow(_READ, [*read_only, *_present(_SYSTEM_READ)])
        rules.allow(_READ | File.WRITE_FILE, _present(_SYSTEM_WRITE))
        rules.allow_connect(connect_ports)
        rules.enter()
    _apply(limits)
    os.environ["TMPDIR"] = tempfile.tempdir = str(tmp)
    undumpable = linux.prctl(Prctl.GET_DUMPABLE) == 0
    return Confinement(landlock_abi=level, undumpable=undumpable, uid=os.getuid())


def become(uid: int, *, passes: bool = False) -> None:
    """Become the user and the group `uid`, without further groups; needs root, and comes before `confine`.

    All capabilities go, but for one where the process `passes`: it can then enter what lies below folders that let no
    stranger pass, as a home of root's, and read whatever Landlock does not keep from it.
    """
    parent = os.getppid()
    linux.prctl(Prctl.SET_KEEPCAPS, passes)
    os.setgroups([])
    os.setresgid(uid, uid, uid)
    os.setresuid(uid, uid, uid)
    linux.drop_capabilities(but=linux.DAC_READ_SEARCH if passes else None)
    if not linux.is_profiled():
        linux.prctl(Prctl.SET_DUMPABLE, 0)
    linux.die_with_parent(parent)


def interpreter() -> tuple[Path, ...]:
    """Return the folders of the standard library and of the installed packages, for `read_only`.

    The project's root is not among them, since tenants' directories may lie below it.
    """
    paths = {Path(sysconfig.get_path(name)) for name in ("stdlib", "platstdlib", "purelib", "platlib")}
    return tuple(sorted(path for path in paths if path.is_dir()))


def environment() -> dict[str, str]:
    """Return what must stand in the environment before joblib and scikit-learn are imported.

    joblib would otherwise make semaphores in /dev/shm, which all processes share, and would start `lscpu`
    to count the cores.
    """
    return {"JOBLIB_MULTIPROCESSING": "0", "OMP_NUM_THREADS": str(len(os.sched_getaffinity(0)))}


def _require_single_thread() -> None:
    # Landlock and no_new_privs bind the calling thread and what it starts, not the threads beside it.
    threads = len(os.listdir("/proc/self/task"))
    if threads > 1:
        raise ConfinementError(
            f"this process has {threads} threads, and only one would be confined: "
            "call confine() after the fork and before any thread starts"
        )


def _require_apart(own: Sequence[Path], read_only: Sequence[Path]) -> None:
    for shared in read_only:
        for path in own:
            if path.resolve().is_relative_to(shared.resolve()):
                raise ConfinementError(
                    f"{path} lies in {shared}, which is to be read-only, and its neighbours would "
                    "be readable: name the folders to be read one by one"
                )


def _present(paths: Sequence[str]) -> list[Path]:
    return [Path(path) for path in paths if os.path.exists(path)]


def _apply(limits: Limits) -> None:
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    for kind, value in (
        (resource.RLIMIT_AS, limits.address_space),
        (resource.RLIMIT_DATA, limits.data),
        (resource.RLIMIT_FSIZE, limits.file_size),
        (resource.RLIMIT_NOFILE, limits.open_files),
        (resource.RLIMIT_NPROC, limits.processes),
    ):
        if value is not None:
            resource.setrlimit(kind, (value, value))
    if limits.cpu_seconds is not None:
        # SIGXCPU names the reason; SIGKILL follows where it is ignored.
        resource.setrlimit(resource.RLIMIT_CPU, (limits.cpu_seconds, limits.cpu_seconds + 1))
