"""What a process has in mind, as root sees it."""

from contextlib import suppress
from pathlib import Path

from saas import process


def of(pid: int) -> bytes:
    """Return the writable memory of this process, which is where it keeps what it was told."""
    parts = []
    with Path(f"/proc/{pid}/mem").open("rb", buffering=0) as memory:
        for line in Path(f"/proc/{pid}/maps").read_text().splitlines():
            place, rights, *_ = line.split()
            start, end = (int(each, 16) for each in place.split("-"))
            if rights.startswith("rw"):
                memory.seek(start)
                parts.append(memory.read(end - start))
    return b"\n".join(parts)


def below(pid: int) -> dict[str, bytes]:
    """Return the memory of all processes below this one by their titles; those that end meanwhile are left out."""
    found = {}
    for each in process.descendants(pid):
        with suppress(FileNotFoundError, ProcessLookupError):
            found[title(each.pid)] = of(each.pid)
    return found


def title(pid: int) -> str:
    return Path(f"/proc/{pid}/cmdline").read_text(errors="replace")
