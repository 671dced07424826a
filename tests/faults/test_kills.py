"""A part is killed in the middle of a training: the job ends once, and the service is whole again by itself."""

from pathlib import Path

import pytest

from tests.end_to_end.stranger import Api
from tests.faults.blows import kill, kill_worker
from tests.service import Service

pytestmark = pytest.mark.proves("jobs", "code", "a part is killed in the middle of a training")

TERMINAL = ("succeeded", "failed", "canceled")


@pytest.fixture(scope="module")
def dataset(api: Api, tmp_path_factory: pytest.TempPathFactory) -> str:
    """Rows on which a training takes some seconds, so that there is a middle of it."""
    path = tmp_path_factory.mktemp("rows") / "rows.csv"
    lines = (f"words number {n} and {n * 7919 % 1000} of {n % 40},label{n % 40}" for n in range(6_000))
    path.write_text("text,label\n" + "\n".join(lines) + "\n")
    return str(api.upload(path)["id"])


def begin_training(api: Api, dataset: str, model: str) -> str:
    job = api.start_training(dataset, model)
    api.until(f"training_jobs/{job}", lambda found: found["progress"]["percent"] > 2)
    return job


def ends_once(api: Api, job: str) -> dict[str, object]:
    ended = api.until(f"training_jobs/{job}", lambda found: found["status"] in TERMINAL, seconds=120)
    versions = api.get(f"models/{ended['model']}/versions")["data"]
    assert len(versions) == (ended["status"] == "succeeded")
    return ended


@pytest.mark.proves(
    "jobs", "PostgreSQL, code", "Gateway, web process, fleet, broker and relay are killed in the middle of a training"
)
@pytest.mark.parametrize("part", ["gateway", "web", "fleet", "valkey", "relay"])
def test_a_training_survives_the_death_of(victim: Service, api: Api, dataset: str, part: str) -> None:
    job = begin_training(api, dataset, f"without-{part}")
    kill(victim, part)
    assert ends_once(api, job)["status"] == "succeeded"


@pytest.mark.proves("jobs", "PostgreSQL, code", "The worker is killed in the middle of a training")
def test_a_training_survives_the_death_of_its_worker(victim: Service, api: Api, dataset: str) -> None:
    job = begin_training(api, dataset, "without-worker")
    kill_worker(victim, "train")
    assert ends_once(api, job)["status"] == "succeeded"
    assert any("Starting again" in event["message"] for event in api.get(f"training_jobs/{job}/events")["data"])


@pytest.mark.proves("jobs", "PostgreSQL, code", "The database is killed in the middle of a training")
def test_a_training_survives_the_death_of_the_database(victim: Service, api: Api, dataset: str) -> None:
    job = begin_training(api, dataset, "without-postgres")
    kill(victim, "postgres")
    assert ends_once(api, job)["status"] == "succeeded"


@pytest.mark.proves("processes", "code", "Every part was killed in turn: is the service whole again?")
def test_afterwards_it_still_answers(victim: Service, api: Api, csv_file: Path) -> None:
    api.train(api.upload(csv_file)["id"], "support")
    assert api.classify("support", ["my password"]).json()["results"][0]["label"] == "account"
    kill_worker(victim, "infer")
    assert api.classify("support", ["the invoice"]).json()["results"][0]["label"] == "billing"
