"""A fleet hangs, or workers cannot live: others take over, nothing is done twice, and somebody is told."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from saas import process, roles
from saas.instance import ROOT
from tests.end_to_end.stranger import Api
from tests.service import Service

MODEL = "assort.support"

pytestmark = pytest.mark.proves("processes", "PostgreSQL", "a fleet hangs, or workers cannot live")


@pytest.fixture(scope="module")
def victim(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A service of its own, since these tests break it."""
    service = Service(tmp_path_factory.mktemp("fleets") / "data")
    service.start()
    yield service
    service.stop()


@contextmanager
def founded(victim: Service, name: str) -> Iterator[tuple[Api, dict[str, str]]]:
    made = victim.create_organisation(name, f"{name.lower()}@example.test")
    api = Api(victim.url, made["key"])
    with api.client:
        yield api, made


@contextmanager
def another_fleet(victim: Service, *options: str, told: Mapping[str, str] | None = None) -> Iterator[None]:
    """Run one more fleet on this machine, as if it were another host's, told what that host is told."""
    command = [sys.executable, "manage.py", "fleet", "run", *options]
    with victim.instance.log("fleet-west").open("ab") as log:
        fleet = subprocess.Popen(
            command, cwd=ROOT, env=told or victim.instance.environment("fleet"), stdout=log, stderr=subprocess.STDOUT
        )
    try:
        until(lambda: "west" in {host["host"] for host in status(victim)["hosts"]})
        yield
    finally:
        fleet.terminate()
        fleet.wait(30)


def status(victim: Service) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(victim.manage("fleet", "status", "--json").stdout)
    return found


def until(happened: Callable[[], object], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.3)


def answers(api: Api) -> bool:
    return bool(api.classify(MODEL, ["the invoice"]).status_code == 200)


def hosts_of(victim: Service, slug: str) -> set[str]:
    return {worker["host"] for worker in status(victim)["workers"] if worker["tenant"] == slug}


def lease_of(victim: Service, slug: str) -> dict[str, Any]:
    found = [lease for lease in status(victim)["leases"] if lease["tenant"] == slug]
    return found[0] if found else {"host": "", "token": 0}


@pytest.mark.proves(
    "processes", "PostgreSQL, code", "A fleet is stopped, another takes over its customers, and the first wakes"
)
def test_a_fleet_that_hangs_is_relieved_and_stops_its_workers_when_it_wakes(victim: Service) -> None:
    with founded(victim, "Hanging") as (api, made):
        assert answers(api)
        here = lease_of(victim, made["slug"])
        with another_fleet(victim, "--host", "west"):
            os.kill(victim.pid_of("fleet"), signal.SIGSTOP)
            try:
                # Its worker answers all the time, so nobody notices but the other fleet.
                until(lambda: answers(api) and lease_of(victim, made["slug"])["host"] == "west")
            finally:
                os.kill(victim.pid_of("fleet"), signal.SIGCONT)
            until(lambda: answers(api) and hosts_of(victim, made["slug"]) == {"west"})
            assert lease_of(victim, made["slug"])["token"] == here["token"] + 1
        # It has left its lease, and the first takes it back at once.
        assert answers(api)


@pytest.mark.proves("processes", "code", "A host of one organisation's own is asked to serve another")
def test_a_dedicated_host_serves_its_organisation_and_nobody_else(victim: Service) -> None:
    with (
        founded(victim, "Dedicated") as (api, made),
        founded(victim, "Common") as (other, of_other),
        another_fleet(victim, "--host", "west", "--only", made["slug"]),
    ):

        def hosts_after_asking() -> set[str]:
            assert answers(api)
            assert answers(other)
            return hosts_of(victim, made["slug"])

        # The first may not have looked at the hosts yet: then it serves both, until it has.
        until(lambda: hosts_after_asking() == {"west"})
        assert "west" not in hosts_of(victim, of_other["slug"])


@pytest.mark.proves("processes", "code", "A host of one organisation's own is taken over, and with it what it was told")
def test_a_dedicated_host_serves_by_a_secret_from_which_no_other_login_follows(victim: Service) -> None:
    with founded(victim, "Guarded") as (api, made):
        secret = roles.dedicated(victim.instance, made["organisation"].removeprefix("org_"))
        told = {**victim.instance.environment("fleet"), **secret}
        del told["ASSORT_FLEET_SECRET"]
        assert victim.instance.secrets["fleet_secret"] not in "".join(told.values())
        with another_fleet(victim, "--host", "west", "--only", made["slug"], told=told):
            until(lambda: lease_of(victim, made["slug"])["host"] == "west")
            assert answers(api)
            assert hosts_of(victim, made["slug"]) == {"west"}


@pytest.mark.proves("gateway", "code", "Workers are told to stop while requests wait for their answers")
def test_workers_that_are_told_to_stop_lose_no_request(victim: Service) -> None:
    with founded(victim, "Draining") as (api, made), ThreadPoolExecutor(4) as callers:
        assert answers(api)
        asked = [callers.submit(answers, api) for _ in range(400)]
        for _ in range(3):
            time.sleep(0.5)
            process.send(workers_of(victim, made), signal.SIGTERM)
        assert all(answered.result() for answered in asked)


def workers_of(victim: Service, made: dict[str, str]) -> list[process.Found]:
    """Return the organisation's processes, found by the titles that the fork server gives them."""
    below = process.descendants(victim.pid_of("fleet"))
    tenant = made["organisation"].removeprefix("org_")
    return [found for found in below if tenant in Path(f"/proc/{found.pid}/cmdline").read_text()]


@pytest.mark.proves("processes", "code", "An organisation's workers cannot live")
def test_workers_that_cannot_live_are_put_in_quarantine_until_somebody_releases_them(victim: Service) -> None:
    with founded(victim, "Broken") as (api, made):
        tenant = made["organisation"].removeprefix("org_")
        obstacle = victim.instance.data / "tenants" / tenant / "tmp"
        obstacle.write_text("a file where a worker wants a folder")
        refused = api.classify(MODEL, ["the invoice"])
        assert refused.status_code == 503
        assert int(refused.headers["Retry-After"]) >= 1
        until(lambda: api.classify(MODEL, ["the invoice"]).status_code == 503 and status(victim)["quarantine"])
        [held] = status(victim)["quarantine"]
        assert (held["tenant"], held["use"]) == (made["slug"], "infer")
        assert held["log"].endswith(f"{tenant}.log")
        obstacle.unlink()
        assert victim.manage("fleet", "release", made["slug"]).returncode == 0
        until(lambda: answers(api))
        assert status(victim)["quarantine"] == []
