"""What an attack may need of the machine: a wall that is not there cannot refuse anything."""

import os
from collections.abc import Callable, Iterable
from pathlib import Path

from classifier import landlock

CAN_TRACE = 1 << 19  # CAP_SYS_PTRACE


def _root() -> str:
    return "" if os.geteuid() == 0 else f"it needs root, and this run is user {os.geteuid()}"


def _landlock() -> str:
    return "" if landlock.abi() else "this kernel has no Landlock"


def _tracing() -> str:
    capabilities = Path("/proc/self/status").read_text().partition("CapEff:\t")[2].split()[0]
    return "" if int(capabilities, 16) & CAN_TRACE else "this run may not look into other processes' memory"


WALLS: dict[str, Callable[[], str]] = {"root": _root, "landlock": _landlock, "tracing": _tracing}


def lacking(names: Iterable[str]) -> str:
    """Return which of these this machine lacks, in words; nothing where it has them all."""
    return "; ".join(filter(None, (WALLS[name]() for name in names)))
