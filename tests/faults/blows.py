"""What the tests do to a service that is their own."""

import os
import signal
import time
from pathlib import Path

import httpx2 as httpx

from saas import process
from tests.service import Service


def kill_worker(victim: Service, use: str) -> None:
    """Kill the worker of this service that does `use`, found by the title that the fork server gives it."""
    below = process.descendants(victim.pid_of("fleet"))
    workers = [found for found in below if Path(f"/proc/{found.pid}/comm").read_text().startswith(use)]
    assert workers, f"no worker does {use}"
    process.send(workers, signal.SIGKILL)


def kill(victim: Service, part: str) -> None:
    """Kill a part, and wait until another has taken its place and the service says that it is ready."""
    before = victim.pid_of(part)
    assert before, f"{part} does not run"
    os.kill(before, signal.SIGKILL)
    deadline = time.monotonic() + 60
    # It must be another process, and answer three times in a row: one that is dying may answer once more.
    answers = 0
    while answers < 3:
        assert time.monotonic() < deadline, f"{part} did not come back"
        answers = answers + 1 if victim.pid_of(part) not in (0, before) and is_ready(victim) else 0
        time.sleep(0.2)


def is_ready(victim: Service) -> bool:
    try:
        answer = httpx.get(f"{victim.url}/readyz", timeout=5)
    except httpx.TransportError:
        return False
    return answer.status_code == 200 and bool(answer.json()["web"])
