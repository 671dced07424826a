"""What a child opens of itself before it is closed to everybody, and hands to the fleet: its memory and its weight.

A worker is undumpable, so that no process of the same user can look into it, and cannot read /proc once it is
confined. A descriptor that it opened before stays usable, by whoever holds it.
"""

import os
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

_FILES = {"memory": ("/proc/self/smaps_rollup", os.O_RDONLY), "weight": ("/proc/self/autogroup", os.O_WRONLY)}


@dataclass(frozen=True)
class Memory:
    """Bytes of a process: what it shares with nobody, and that together with its part of what it shares."""

    own: int
    pss: int


class Handles:
    """The fleet's hold on one child."""

    def __init__(self, names: Sequence[str], descriptors: Sequence[int]) -> None:
        self._open = dict(zip(names, descriptors, strict=True))

    def memory(self) -> Memory | None:
        """Return what the child uses; None for one that has ended, and where the kernel does not tell."""
        try:
            lines = os.pread(self._open["memory"], 8192, 0).decode().splitlines()[1:]
        except (KeyError, OSError):
            return None
        sizes = {name: int(size.split()[0]) * 1024 for name, _, size in (line.partition(":") for line in lines)}
        return Memory(sizes["Private_Clean"] + sizes["Private_Dirty"], sizes["Pss"])

    def weigh(self, nice: int) -> bool:
        """Set how much the child's session weighs against others, and say whether the kernel did it."""
        try:
            os.write(self._open["weight"], str(nice).encode())
        except (KeyError, OSError):
            return False
        return True

    def close(self) -> None:
        for descriptor in self._open.values():
            os.close(descriptor)
        self._open = {}


def opened() -> dict[str, int]:
    """Open this process's own; what the kernel does not have, or does not allow, is left out."""
    found = {}
    for name, (path, flags) in _FILES.items():
        with suppress(OSError):
            found[name] = os.open(path, flags)
    return found
