"""A worker of Acme that has gone bad, among the other processes of the machine: the kernel refuses."""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2 as httpx
import pytest

from classifier.forkserver import ForkServer
from saas import process
from tenants import isolation
from tenants.secrets import derive
from tests.isolation import intruder, memory
from tests.isolation.neighbours import Neighbour
from tests.service import Service

PATIENCE = 20
# What the other processes are to whoever attacks them.
VICTIMS = ("their worker", "the web process", "the gateway", "the fleet", "the registrar", "its fork server")

ON_PROCESSES = [f"{what} of {name}" for name in VICTIMS for what in intruder.on_process(0)]
ON_FILES = list(intruder.on_files(Path("/nowhere")))
ON_THE_MACHINE = list(intruder.on_the_machine())
# The kernel's own words for "no", and for a system call that it does not have.
REFUSALS = ("PermissionError", "OSError: [Errno 38]", "ValueError: not allowed to raise maximum limit")


@pytest.fixture(scope="module")
def victims(service: Service, ours: Neighbour) -> dict[str, int]:
    """The other processes, a worker of the organisation that is attacked among them."""
    address = f"{service.url}/api/v1/models/{ours.names['model']}/classify"
    headers = {"Authorization": f"Bearer {ours.key}"}
    httpx.post(address, json={"inputs": ["the invoice"]}, headers=headers, timeout=30).raise_for_status()
    below = process.descendants(service.pid_of("fleet"))
    worker = next(found.pid for found in below if f"infer {ours.tenant}" in memory.title(found.pid))
    parts = {"the web process": "web", "the gateway": "gateway", "the fleet": "fleet", "the registrar": "registrar"}
    return {"their worker": worker, **{name: service.pid_of(part) for name, part in parts.items()}}


@pytest.fixture(scope="module")
def report(service: Service, theirs: Neighbour, victims: dict[str, int]) -> dict[str, str]:
    """What came of each attack, made by a process that was forked as the fleet forks a worker."""
    with forkserver(service) as server:
        victims["its fork server"] = server.pid
        given = {"tenant": theirs.tenant, "use": "infer", "victims": victims}
        fleet_secret = service.instance.secrets["fleet_secret"]
        for name, use in (("database_password", "postgres"), ("broker_password", "broker")):
            given[name] = derive(fleet_secret, theirs.tenant, use)
        server.fork(json.dumps(given).encode(), log=service.instance.log("intruder"), title="intruder")
        found = isolation.directory(theirs.tenant) / "intruder.json"
        deadline = time.monotonic() + PATIENCE
        while not found.exists():
            assert time.monotonic() < deadline, service.log("intruder")
            time.sleep(0.05)
        time.sleep(0.1)
        return dict(json.loads(found.read_text()))


@contextmanager
def forkserver(service: Service) -> Iterator[ForkServer]:
    entry, preload = "tests.isolation.intruder:main", ["saas.celery", "tests.isolation.intruder"]
    server = ForkServer.start(entry=entry, preload=preload, environment=service.worker_environment())
    try:
        yield server
    finally:
        server.stop()


@pytest.mark.control
@pytest.mark.parametrize("step", ["own folder", "own memory"])
def test_what_is_its_own_it_reaches(report: dict[str, str], step: str) -> None:
    assert report[step] == "done"


@pytest.mark.needs("landlock")
@pytest.mark.proves(
    "memory", "kernel", "A bad worker reads, traces or ends other processes: workers, web, gateway, fleet"
)
@pytest.mark.parametrize("step", ON_PROCESSES)
def test_other_processes_are_out_of_its_reach(report: dict[str, str], step: str) -> None:
    assert report[step].startswith(REFUSALS)


@pytest.mark.needs("landlock")
@pytest.mark.proves(
    "files", "kernel", "A bad worker opens MLflow's, the database's and the broker's files, logs and code"
)
@pytest.mark.parametrize("step", ON_FILES)
def test_other_files_are_out_of_its_reach(report: dict[str, str], step: str) -> None:
    assert report[step].startswith((*REFUSALS, "OSError: [Errno 18]"))


@pytest.mark.needs("landlock")
@pytest.mark.proves("processes", "kernel", "A bad worker takes hold of the machine: mounts, packets, users, limits")
@pytest.mark.parametrize("step", ON_THE_MACHINE)
def test_the_machine_is_out_of_its_reach(report: dict[str, str], step: str) -> None:
    assert report[step].startswith(REFUSALS)


@pytest.mark.control
@pytest.mark.needs("tracing")
def test_the_same_attacks_work_for_whoever_may(victims: dict[str, int], service: Service) -> None:
    attacks = intruder.on_process(victims["their worker"])
    for what in ("memory", "map", "environment", "open files", "root", "folder", "end"):
        assert intruder.outcome(attacks[what]) == "done", what
    for what in ("MLflow's folder", "the logs", "the broker's password", "who else is here"):
        assert intruder.outcome(intruder.on_files(service.instance.data)[what]) == "done", what
