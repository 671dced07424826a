"""A part is killed in the middle of a training: the job ends once, and the service is whole again by itself."""

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import httpx2 as httpx
import pytest

from saas import process
from tests.end_to_end.stranger import Api
from tests.service import Service

TERMINAL = ("succeeded", "failed", "canceled")


@pytest.fixture(scope="module")
def victim(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A service of its own, since these tests break it."""
    service = Service(tmp_path_factory.mktemp("victim") / "data")
    service.start()
    yield service
    service.stop()


@pytest.fixture(scope="module")
def api(victim: Service) -> Iterator[Api]:
    api = Api(victim.url, victim.create_organisation("Victim", "victim@example.test")["key"])
    with api.client:
        yield api


@pytest.fixture(scope="module")
def dataset(api: Api, tmp_path_factory: pytest.TempPathFactory) -> str:
    """Rows on which a training takes some seconds, so that there is a middle of it."""
    path = tmp_path_factory.mktemp("rows") / "rows.csv"
    lines = (f"words number {n} and {n * 7919 % 1000} of {n % 40},label{n % 40}" for n in range(6_000))
    path.write_text("text,label\n" + "\n".join(lines) + "\n")
    return str(api.upload(path)["id"])


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
        return httpx.get(f"{victim.url}/readyz", timeout=5).status_code == 200
    except httpx.TransportError:
        return False


def begin_training(api: Api, dataset: str, model: str) -> str:
    job = api.start_training(dataset, model)
    api.until(f"training_jobs/{job}", lambda found: found["progress"]["percent"] > 2)
    return job


def ends_once(api: Api, job: str) -> dict[str, object]:
    ended = api.until(f"training_jobs/{job}", lambda found: found["status"] in TERMINAL, seconds=120)
    versions = api.get(f"models/{ended['model']}/versions")["data"]
    assert len(versions) == (ended["status"] == "succeeded")
    return ended


@pytest.mark.parametrize("part", ["web", "fleet", "valkey", "relay"])
def test_a_training_survives_the_death_of(victim: Service, api: Api, dataset: str, part: str) -> None:
    job = begin_training(api, dataset, f"without-{part}")
    kill(victim, part)
    assert ends_once(api, job)["status"] == "succeeded"


def test_a_training_survives_the_death_of_its_worker(victim: Service, api: Api, dataset: str) -> None:
    job = begin_training(api, dataset, "without-worker")
    kill_worker(victim, "train")
    assert ends_once(api, job)["status"] == "succeeded"
    assert any("Starting again" in event["message"] for event in api.get(f"training_jobs/{job}/events")["data"])


def test_a_training_survives_the_death_of_the_database(victim: Service, api: Api, dataset: str) -> None:
    job = begin_training(api, dataset, "without-postgres")
    kill(victim, "postgres")
    assert ends_once(api, job)["status"] == "succeeded"


def test_afterwards_it_still_answers(victim: Service, api: Api, csv_file: Path) -> None:
    api.train(api.upload(csv_file)["id"], "support")
    assert api.classify("support", ["my password"]).json()["results"][0]["label"] == "account"
    kill_worker(victim, "infer")
    # A message that the broker handed to the dying worker is lost with it; then the answer is 503 with Retry-After.
    answer = api.classify("support", ["the invoice"])
    if answer.status_code == 503:
        time.sleep(int(answer.headers["Retry-After"]))
        answer = api.classify("support", ["the invoice"])
    assert answer.json()["results"][0]["label"] == "billing"
