"""Looks at other processes from outside."""

import time
from collections.abc import Callable
from pathlib import Path


def wait_until(happened: Callable[[], object], seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.005)


def is_gone(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return True
    # Where nobody reaps orphans, as in some containers, a dead process stays in the list.
    return state == "Z"


def memory_contains(pid: int, needle: bytes) -> bool:
    """Search all readable memory of a process."""
    lines = Path(f"/proc/{pid}/maps").read_text().splitlines()
    ranges = [line.split()[0].split("-") for line in lines if line.split()[1][0] == "r" and "[v" not in line]
    with open(f"/proc/{pid}/mem", "rb", buffering=0) as memory:
        for start, end in ranges:
            memory.seek(int(start, 16))
            if needle in memory.read(int(end, 16) - int(start, 16)):
                return True
    return False
