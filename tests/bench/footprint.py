"""What the service's processes take: memory, shared pages divided among those that share them, and processor time."""

import math
import time
from collections.abc import Iterable

import psutil

from tests.service import Service

SETTLING_SECONDS, LOOK_SECONDS, IDLE_SHARE = 60.0, 1.5, 0.1


def processes(service: Service) -> list[psutil.Process]:
    """Return every process of the instance, the servers that it embeds included."""
    if service.process is None:
        return []
    supervisor = psutil.Process(service.process.pid)
    return [supervisor, *supervisor.children(recursive=True)]


def workers(service: Service, tenant: str = "", use: str = "infer") -> list[psutil.Process]:
    """Return the workers of a use, of everybody or of one organisation; a worker is named after both."""
    wanted = f"{use} {tenant}"
    return [process for process in processes(service) if title(process).startswith(wanted)]


def gateways(service: Service) -> list[psutil.Process]:
    """Return the processes that answer classify requests, without the one that keeps them."""
    children: list[psutil.Process] = psutil.Process(service.pid_of("gateway")).children()
    return children


def megabytes(of: Iterable[psutil.Process]) -> float:
    """Return the memory of these processes; not a number where this user may not look, as at workers if not root."""
    try:
        return sum(_pss(process) for process in of) / 1e6
    except psutil.AccessDenied:
        return math.nan


def cpu_seconds(of: Iterable[psutil.Process]) -> dict[tuple[int, float], float]:
    """Return the processor time that each process, known by id and birth, has used so far."""
    used = {}
    for process in of:
        try:
            times = process.cpu_times()
            used[process.pid, process.create_time()] = times.user + times.system
        except psutil.NoSuchProcess:
            continue
    return used


def until_idle(service: Service) -> None:
    """Wait until what was done before has left nothing to do, such as a version to record; or long enough."""
    deadline = time.monotonic() + SETTLING_SECONDS
    while time.monotonic() < deadline and share_of_a_core(service, LOOK_SECONDS) > IDLE_SHARE:
        pass


def share_of_a_core(service: Service, seconds: float) -> float:
    """Look at the instance for so long, and return how much of a core it has used."""
    before, started = cpu_seconds(processes(service)), time.monotonic()
    time.sleep(seconds)
    after = cpu_seconds(processes(service))
    used = sum(now - before.get(process, 0.0) for process, now in after.items())
    return used / (time.monotonic() - started)


def _pss(process: psutil.Process) -> float:
    try:
        return float(process.memory_full_info().pss)
    except psutil.NoSuchProcess:
        return 0.0


def title(process: psutil.Process) -> str:
    try:
        return " ".join(process.cmdline()).strip()
    except psutil.NoSuchProcess:
        return ""
