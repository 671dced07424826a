"""Whoever asks is answered, whatever happens to the processes behind the gateway."""

import time

import pytest
import redis

from classifier import kinds, queues
from tests.conftest import messages
from tests.end_to_end.crowd import Crowd
from tests.end_to_end.stranger import Api
from tests.faults.blows import kill, kill_worker
from tests.service import Service

pytestmark = pytest.mark.proves("API", "code", "a worker or the fleet is killed while customers wait for answers")


@pytest.fixture(scope="module")
def model(api: Api, tmp_path_factory: pytest.TempPathFactory) -> str:
    """A model as customers get it, whose answers take some time."""
    api.train(api.upload(messages(tmp_path_factory.mktemp("rows")))["id"], "questions", quality="auto")
    return "questions"


@pytest.fixture
def crowd(victim: Service, api: Api, model: str) -> Crowd:
    key = api.client.headers["Authorization"].removeprefix("Bearer ")
    return Crowd(victim.url, key, model, ["my password"])


@pytest.mark.proves("gateway", "code", "A worker is killed, again and again, while requests wait for its answers")
def test_no_request_fails_when_its_worker_is_killed(victim: Service, crowd: Crowd) -> None:
    with crowd.asking():
        for _ in range(3):
            time.sleep(1.5)
            kill_worker(victim, "infer")
        time.sleep(3)
    assert crowd.statuses() == {200}
    assert len(crowd.heard) > 100


@pytest.mark.proves("broker", "code", "A message that makes no sense stands in a queue")
def test_a_message_that_makes_no_sense_ends_no_worker(victim: Service, crowd: Crowd, founded: dict[str, str]) -> None:
    tenant = founded["organisation"].removeprefix("org_")
    with redis.Redis.from_url(victim.instance.owner_redis_url()) as broker, crowd.asking():
        for nonsense in ({}, {"requests": 1}, "no batch"):
            queues.send(broker, tenant, queues.INFER, kinds.ANSWER, nonsense)
        time.sleep(1)
    assert crowd.statuses() == {200}


@pytest.mark.proves("gateway", "code", "The fleet is killed while requests wait for answers")
def test_no_request_fails_when_the_fleet_is_killed(victim: Service, crowd: Crowd) -> None:
    with crowd.asking():
        time.sleep(0.5)
        kill(victim, "fleet")
        time.sleep(1)
    assert crowd.statuses() == {200}


@pytest.mark.proves("jobs", "PostgreSQL, code", "A worker is killed while accepted requests wait to be answered later")
def test_what_is_answered_later_outlives_its_worker(victim: Service, crowd: Crowd, api: Api) -> None:
    body = {"inputs": ["my password"] * 64, "explain": True}
    later = {"Prefer": "respond-async"}
    accepted = [api.client.post("models/questions/classify", json=body, headers=later) for _ in range(60)]
    kill_worker(victim, "infer")
    for answer in accepted:
        id = answer.json()["id"]
        assert len(api.until(f"classifications/{id}", lambda found: found["status"] == "succeeded")["results"]) == 64
