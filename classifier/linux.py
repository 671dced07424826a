"""The Linux system calls that Python's standard library does not offer, with their errors raised."""

import ctypes
import os
import signal
import struct
from enum import IntEnum
from pathlib import Path

_libc = ctypes.CDLL(None, use_errno=True)

_CAPABILITY_VERSION_3 = 0x20080522
_AMBIENT_CLEAR_ALL = 4


# Where a container finds its own limits; the machine's own group has none.
CGROUP = Path("/sys/fs/cgroup")

# Passes every folder and reads every file, as far as Landlock allows; writes nothing.
DAC_READ_SEARCH = 2


class Prctl(IntEnum):
    """The operations of prctl(2) that are used here."""

    SET_PDEATHSIG = 1
    GET_DUMPABLE = 3
    SET_DUMPABLE = 4
    SET_KEEPCAPS = 8
    SET_NAME = 15
    SET_NO_NEW_PRIVS = 38
    CAP_AMBIENT = 47


def prctl(operation: Prctl, value: int | bytes = 0) -> int:
    """Call prctl(2) with one argument and return its result; raises OSError."""
    argument = ctypes.c_char_p(value) if isinstance(value, bytes) else ctypes.c_ulong(value)
    zero = ctypes.c_ulong(0)
    result: int = _libc.prctl(ctypes.c_int(operation), argument, zero, zero, zero)
    return _checked(result, f"prctl {operation.name}")


def memory(group: Path = CGROUP) -> int:
    """Return how many bytes there are for this process and its like: the machine's, or its container's, if fewer."""
    machine = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    limit = _words(group / "memory.max")
    return min(machine, int(limit[0])) if limit and limit[0].isdigit() else machine


def processors(group: Path = CGROUP) -> int:
    """Return how many processors there are for it, a part of one as one."""
    machine = len(os.sched_getaffinity(0))
    quota = _words(group / "cpu.max")
    return min(machine, -(-int(quota[0]) // int(quota[1]))) if quota and quota[0].isdigit() else machine


def _words(path: Path) -> list[str]:
    return path.read_text().split() if path.exists() else []


def give_back_memory() -> None:
    """Return to the kernel what was taken for a while, as by loading; the C library keeps it otherwise."""
    _libc.malloc_trim(ctypes.c_size_t(0))


def is_profiled() -> bool:
    """Whether processes are to stay open to profilers of the same user, as nobody but a developer wants."""
    return os.environ.get("ASSORT_PROFILE") == "on"


def syscall(number: int, *arguments: int | bytes | None) -> int:
    """Make a system call by its number and return its result; raises OSError."""
    # The kernel reads whole registers, so every integer goes as a C long.
    converted = [ctypes.c_long(value) if isinstance(value, int) else value for value in arguments]
    result: int = _libc.syscall(ctypes.c_long(number), *converted)
    return _checked(result, f"system call {number}")


def drop_capabilities(*, but: int | None = None) -> None:
    """Give up every capability, or all but one; uid 0 gets them back at its next exec unless no_new_privs is set."""
    prctl(Prctl.CAP_AMBIENT, _AMBIENT_CLEAR_ALL)
    header = struct.pack("=Ii", _CAPABILITY_VERSION_3, 0)
    kept = 0 if but is None else 1 << but
    # Effective, permitted and inheritable; the numbers above 31 follow.
    _checked(_libc.capset(header, struct.pack("=6I", kept, kept, 0, 0, 0, 0)), "capset")


def die_with_parent(parent: int) -> None:
    """Let the kernel kill this process when its parent, whose pid is `parent`, ends.

    The kernel forgets this when the process changes its user.
    """
    prctl(Prctl.SET_PDEATHSIG, signal.SIGKILL)
    # A parent that ended before the call above sends nothing any more.
    if os.getppid() != parent:
        os.kill(os.getpid(), signal.SIGKILL)


def set_title(title: str) -> None:
    """Name this process in process lists: the first 15 bytes as its name, all of it as its command line."""
    text = title.encode()
    prctl(Prctl.SET_NAME, text[:15])
    # Fields 48 and 49 of stat(5), counted from the third, are where the kernel reads the command line.
    fields = Path("/proc/self/stat").read_text().rpartition(")")[2].split()
    start, end = int(fields[45]), int(fields[46])
    if end > start:
        ctypes.memmove(start, text[: end - start - 1].ljust(end - start, b"\0"), end - start)


def _checked(result: int, what: str) -> int:
    if result < 0:
        code = ctypes.get_errno()
        raise OSError(code, f"{what}: {os.strerror(code)}")
    return result
