"""A worker of Acme that has gone bad: what it asks of Globex is refused by database, broker and kernel."""

import json
import time

import pytest

from classifier.forkserver import ForkServer
from tenants import isolation
from tenants.models import Organisation
from tenants.secrets import derive
from tests import universe
from tests.isolation.workers import worker_of
from tests.service import Service

OWN = [
    *("own schema", "own queue", "own folder", "shared models", "an appointment", "a letter"),
    *("own file's mode", "own file's times", "own limits", "a child"),
]
BY_DATABASE = [
    *("their schema", "their role", "public", "everybody's letters", "a letter to them", "their appointments"),
    *("a new table", "a server's file", "a server's program"),
]
BY_BROKER = ["their queue", "their messages", "a message for them", "their replies", "all keys"]
BY_KERNEL = [
    *("their folder", "a file of theirs", "a link to a file of theirs", "the installation's secrets"),
    "a shared model's file",
    *("a system's file", "another process's memory", "another process's environment", "a program"),
    *("a link", "a pipe", "their worker's memory", "their worker's environment", "a signal to their worker"),
]
BY_ITS_USER = ["their file's mode", "their file's times", "their worker's limits"]


@pytest.fixture(scope="module")
def report(service: Service, django_db_setup: None, django_db_blocker: object) -> dict[str, str]:
    with django_db_blocker.unblock():  # type: ignore[attr-defined]  # pytest-django's
        acme, _ = universe.organisation("Acme", universe.person("alice"))
        globex, key = universe.organisation("Globex", universe.person("carol"))
        neighbour = worker_of(service, globex, key)
    (isolation.directory(globex.tenant) / "secret.txt").write_text("what only Globex may read")
    return run_probe(service, acme, globex, neighbour)


def run_probe(service: Service, acme: Organisation, globex: Organisation, neighbour: int) -> dict[str, str]:
    """Fork the probe as the fleet forks a worker, and return what came of each attack."""
    fleet_secret = service.instance.secrets["fleet_secret"]
    secret = {
        "tenant": acme.tenant,
        "use": "infer",
        "database_password": derive(fleet_secret, acme.tenant, "postgres"),
        "broker_password": derive(fleet_secret, acme.tenant, "broker"),
        "stranger": globex.tenant,
        "neighbour": neighbour,
        "web_pid": service.pid_of("web"),
        "pages": f"http://127.0.0.1:{service.instance.ports['pages']}",
    }
    environment = service.worker_environment()
    server = ForkServer.start(
        entry="tests.isolation.probe:main", preload=["saas.celery", "tests.isolation.probe"], environment=environment
    )
    try:
        server.fork(json.dumps(secret).encode(), log=service.instance.log("probe"), title="probe")
        found = isolation.directory(acme.tenant) / "probe.json"
        deadline = time.monotonic() + 20
        while not found.exists() and time.monotonic() < deadline:
            time.sleep(0.05)
        time.sleep(0.1)
        return dict(json.loads(found.read_text()))
    finally:
        server.stop()


@pytest.mark.control
@pytest.mark.parametrize("step", OWN)
def test_what_is_its_own_it_reaches(report: dict[str, str], step: str) -> None:
    assert report[step] == "done"


@pytest.mark.proves(
    "database",
    "PostgreSQL",
    "A bad worker asks for another's schema, role, letters and appointments, and for the server's files and programs",
)
@pytest.mark.parametrize("step", BY_DATABASE)
def test_the_database_denies_it(report: dict[str, str], step: str) -> None:
    assert "permission denied" in report[step]


@pytest.mark.proves("database", "PostgreSQL", "A worker logs in as another organisation's worker")
def test_its_password_opens_no_other_login(report: dict[str, str]) -> None:
    assert "password authentication failed" in report["their login"]


@pytest.mark.proves(
    "broker",
    "Valkey",
    "A bad worker reads, takes and forges another's messages and answers, and lists keys",
)
@pytest.mark.parametrize("step", BY_BROKER)
def test_the_broker_denies_it(report: dict[str, str], step: str) -> None:
    assert report[step].startswith("NoPermissionError")


@pytest.mark.needs("landlock")
@pytest.mark.proves(
    "files",
    "kernel",
    "A bad worker opens another's files, the installation's secrets and others' memory, and starts a program",
)
@pytest.mark.parametrize("step", BY_KERNEL)
def test_the_kernel_denies_it(report: dict[str, str], step: str) -> None:
    assert report[step].startswith("PermissionError")


@pytest.mark.needs("landlock")
@pytest.mark.proves(
    "network", "kernel", "A bad worker signals a neighbour, and connects to servers other than database and broker"
)
def test_it_signals_no_neighbour_and_connects_nowhere_else(report: dict[str, str]) -> None:
    assert report["a signal"].startswith("PermissionError")
    assert report["another port"].startswith("PermissionError")
    assert report["the web processes' port"].startswith("PermissionError")


@pytest.mark.needs("root")
@pytest.mark.proves("processes", "kernel", "touch what needs no access: modes, times, limits of a neighbour")
@pytest.mark.parametrize("step", BY_ITS_USER)
def test_another_user_is_denied_it(report: dict[str, str], step: str) -> None:
    assert report[step].startswith("PermissionError")


@pytest.mark.needs("root")
@pytest.mark.proves("processes", "kernel", "start processes without end")
def test_it_cannot_start_processes_without_end(report: dict[str, str]) -> None:
    assert report["processes without end"].startswith("BlockingIOError")
