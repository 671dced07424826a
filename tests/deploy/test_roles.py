"""Each role is a process for itself, told by its environment alone, and together they are the service."""

import json
import os
import signal
import time
from collections.abc import Iterator

import httpx2 as httpx
import pytest

from saas import process
from tests.deploy.cluster import STAY, Cluster
from tests.end_to_end.stranger import Api

MODEL = "assort.support"


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    cluster = Cluster(tmp_path_factory.mktemp("cluster"))
    try:
        cluster.begin(*STAY)
        cluster.run("furnish")
        yield cluster
    finally:
        cluster.close()


@pytest.fixture(scope="module")
def api(cluster: Cluster) -> Iterator[Api]:
    made = json.loads(cluster.manage("organisation", "create", "Acme", "--owner", "anna@acme.test"))
    with (api := Api(cluster.url, made["key"])).client:
        yield api


def test_roles_that_know_only_their_own_secrets_answer_together(api: Api) -> None:
    answer = api.classify(MODEL, ["I was charged twice this month"])
    assert answer.status_code == 200, answer.text
    assert answer.json()["results"][0]["label"] == "billing"


def test_the_page_comes_from_a_web_process_behind_the_gateway(cluster: Cluster) -> None:
    page = httpx.get(f"{cluster.url}/accounts/login/", timeout=30)
    assert (page.status_code, "Sign in" in page.text) == (200, True)


@pytest.mark.parametrize("role", STAY)
def test_a_role_says_that_it_lives_and_serves(cluster: Cluster, role: str) -> None:
    assert [cluster.health(role, path) for path in ("/livez", "/readyz", "/elsewhere")] == [200, 200, 404]


def test_a_version_is_recorded_in_mlflow_by_the_registrar_alone(cluster: Cluster) -> None:
    deadline = time.monotonic() + 90
    while not list((cluster.folder / "files" / "mlflow").glob("*/*/*")):
        assert time.monotonic() < deadline, cluster.log("registrar")
        time.sleep(0.3)


def test_a_role_of_which_a_part_dies_ends_so_that_it_is_started_again(cluster: Cluster) -> None:
    scheduler = cluster.running.pop("scheduler")
    victim = next(found for found in process.descendants(scheduler.pid) if b"postman" in _title(found.pid))
    os.kill(victim.pid, signal.SIGKILL)
    assert scheduler.wait(20) == 128 + signal.SIGKILL
    assert cluster.health("scheduler", "/livez") == 0
    cluster.start("scheduler")


def test_every_role_that_is_told_to_end_does_so_well_and_leaves_nobody_behind(cluster: Cluster) -> None:
    below = [found for running in cluster.running.values() for found in process.descendants(running.pid)]
    assert cluster.stop() == dict.fromkeys(STAY, 0)
    assert not [found for found in below if found.is_alive]


def _title(pid: int) -> bytes:
    with open(f"/proc/{pid}/cmdline", "rb") as title:
        return title.read()
