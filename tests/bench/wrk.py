"""Load from wrk: so many connections, each of which asks again as soon as it has its answer."""

import json
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

PROGRAM = "wrk"
SCRIPT = Path(__file__).with_name("requests.lua")
# Before wrk calls a request failed: longer than the service lets anybody wait.
TIMEOUT_SECONDS = 15
MARK = "measured "


class Missing(Exception):
    """The machine has no wrk; the message says how it gets one."""


class LoadFailed(Exception):
    """Requests failed that had to succeed."""


@dataclass(frozen=True)
class Call:
    """A request that is sent again and again."""

    path: str
    body: object
    key: str = ""


@dataclass(frozen=True)
class Load:
    """What came of it. Times are milliseconds; `failed` counts answers of 400 and above and broken connections."""

    connections: int
    requests: int
    seconds: float
    failed: int
    p50: float
    p95: float
    p99: float

    @property
    def per_second(self) -> float:
        return self.requests / self.seconds

    def checked(self) -> "Load":
        """Return this. Raises LoadFailed if a request failed."""
        if self.failed or not self.requests:
            raise LoadFailed(f"{self.failed} of {self.requests} requests at {self.connections} connections failed")
        return self


def require() -> None:
    if shutil.which(PROGRAM) is None:
        raise Missing("this needs wrk, which makes the load. Install it (on Debian: apt-get install wrk), then repeat.")


def put_load(url: str, calls: Sequence[Call], *, connections: int, seconds: int, pause_ms: int = 0) -> Load:
    """Send these calls in turn for so long. With `pause_ms` a connection rests before it asks again, for so long
    on average.
    """
    with started(url, calls, connections=connections, seconds=seconds, pause_ms=pause_ms) as running:
        output, _ = running.communicate(timeout=seconds + 2 * TIMEOUT_SECONDS)
    if running.returncode:
        raise LoadFailed(f"wrk ended with {running.returncode}:\n{output}")
    return read(output, connections)


@contextmanager
def started(
    url: str, calls: Sequence[Call], *, connections: int, seconds: int, pause_ms: int = 0
) -> Iterator[subprocess.Popen[str]]:
    """Put load on a service beside what is measured, and end it with the block."""
    with tempfile.NamedTemporaryFile("w", prefix="assort-bench-", suffix=".tsv") as file:
        file.writelines(f"{call.path}\t{call.key}\t{json.dumps(call.body)}\n" for call in calls)
        file.flush()
        command = [PROGRAM, "-t1", f"-c{connections}", f"-d{seconds}s", f"--timeout={TIMEOUT_SECONDS}s"]
        command += ["--script", str(SCRIPT), url, "--", file.name, str(pause_ms)]
        running = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        try:
            yield running
        finally:
            running.kill()
            running.wait()


def read(output: str, connections: int) -> Load:
    """Return what the script says when it is done: numbers in a line of their own."""
    lines = [line.removeprefix(MARK) for line in output.splitlines() if line.startswith(MARK)]
    if len(lines) != 1:
        raise LoadFailed(f"wrk measured nothing:\n{output}")
    requests, microseconds, failed, p50, p95, p99 = (float(number) for number in lines[0].split())
    milliseconds = (time / 1000 for time in (p50, p95, p99))
    return Load(connections, int(requests), microseconds / 1e6, int(failed), *milliseconds)
