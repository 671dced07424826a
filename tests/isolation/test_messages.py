"""Every task, told about another organisation's jobs and objects in a message of one's own queue.

The tasks come from Celery's registry, so a new one is covered from its first day. The messages are read by the real
workers of whoever sent them. The relay stands still meanwhile: what is open then waits for whoever may take it.
"""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2 as httpx
import pytest
import redis
from django.db import connection

import classifier.tasks  # noqa: F401 - It makes the tasks.
from classifier import kinds, queues
from classifier.queues import BATCH, INFER, LATER, TRAIN
from saas import process
from saas.celery import app
from tenants import ids, isolation, jobs
from tests.isolation import neighbours
from tests.isolation.neighbours import Neighbour
from tests.service import Service

PATIENCE = 60
TASKS = sorted(name for name in app.tasks if not name.startswith("celery."))
# In which queue messages of each task lie, and the kind of its jobs: one of those that answer at once has none.
PLACES = {
    kinds.ANSWER: (INFER, ""),
    kinds.ANSWER_STORED: (LATER, kinds.CLASSIFICATION),
    kinds.TRAIN: (TRAIN, kinds.TRAINING),
    kinds.VALIDATE: (BATCH, kinds.VALIDATION),
    kinds.FOLLOW: (BATCH, kinds.FOLLOWING),
    kinds.ADOPT: (BATCH, kinds.ADOPTION),
    kinds.TIDY: (BATCH, kinds.TIDYING),
}


@pytest.fixture(scope="module")
def broker(service: Service) -> Iterator[redis.Redis]:
    with redis.Redis.from_url(service.instance.owner_redis_url()) as client:
        yield client


@pytest.fixture(scope="module")
def open_jobs(service: Service, ours: Neighbour, theirs: Neighbour) -> Iterator[dict[str, str]]:
    """A job of ours for each task, which nobody has been told of."""
    with neighbours.relay_stands_still(service):
        found = {task: ids.new("job") for task, (_, kind) in PLACES.items() if kind}
        with isolation.entered(ours.organisation):
            for task, id in found.items():
                queue, kind = PLACES[task]
                jobs.submit(id, kind=kind, queue=queue)
        yield found


@pytest.fixture(scope="module")
def before(service: Service, ours: Neighbour, open_jobs: dict[str, str]) -> dict[str, str]:
    return neighbours.fingerprint(service, ours)


def send(broker: redis.Redis, to: Neighbour, task: str, about: str) -> None:
    queue, _ = PLACES[task]
    queues.send(broker, to.tenant, queue, task, [about] if task == kinds.ANSWER_STORED else about)


def state_of(job: str) -> tuple[Any, ...]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT state, attempt FROM job WHERE id = %s", [job])
        return tuple(cursor.fetchone())


def until_read(service: Service, broker: redis.Redis, reader: Neighbour, *uses: str) -> None:
    """Return when the organisation's workers have taken all messages, and those that end with a job have ended."""
    deadline = time.monotonic() + PATIENCE
    waiting = True
    while waiting:
        assert time.monotonic() < deadline, f"messages of {reader.organisation} were not read"
        time.sleep(0.1)
        below = process.descendants(service.pid_of("fleet"))
        titles = [_title(found.pid) for found in below]
        at_work = [title for title in titles if reader.tenant in title and title.startswith((TRAIN, BATCH))]
        waiting = bool(at_work) or any(broker.llen(isolation.queue(reader.tenant, use)) for use in uses)


def _title(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_text()
    except OSError:  # It has ended meanwhile.
        return ""


@pytest.mark.control
def test_every_task_is_tried() -> None:
    assert sorted(PLACES) == TASKS


@pytest.mark.proves("jobs", "PostgreSQL", "Messages of every task that name another organisation's open jobs")
def test_a_job_of_another_is_nobodys(
    service: Service, broker: redis.Redis, ours: Neighbour, theirs: Neighbour, open_jobs: dict[str, str], before: object
) -> None:
    for task, job in open_jobs.items():
        send(broker, theirs, task, job)
    until_read(service, broker, theirs, LATER, TRAIN, BATCH)
    assert {state_of(job) for job in open_jobs.values()} == {("queued", 0)}


@pytest.mark.proves("jobs", "PostgreSQL", "Messages of every task that name another organisation's objects")
def test_an_object_of_another_is_nobodys(
    service: Service, broker: redis.Redis, ours: Neighbour, theirs: Neighbour, open_jobs: object
) -> None:
    for task, name in {kinds.ANSWER_STORED: "classification_id", kinds.VALIDATE: "dataset_id"}.items():
        send(broker, theirs, task, ours.names[name])
    for task in (kinds.TRAIN, kinds.FOLLOW, kinds.ADOPT, kinds.TIDY):
        send(broker, theirs, task, ours.names["job_id"])
    until_read(service, broker, theirs, LATER, TRAIN, BATCH)


@pytest.mark.proves("jobs", "Valkey", "A request for another's model, to be answered to another's gateway")
def test_a_request_about_anothers_model_is_not_answered_to_them(
    service: Service, broker: redis.Redis, ours: Neighbour, theirs: Neighbour, open_jobs: object
) -> None:
    request = {"id": "cls_forged", "deadline": time.time() + 60, "inputs": ["the invoice"], "top_k": 1}
    request |= {"explain": False, "api_key": ours.names["key_id"], "keeping": None}
    reply = isolation.reply_list(ours.tenant, "forged")
    batch = {"batch": "forged", "model": ours.names["model"], "version": 1, "requests": [request], "reply": reply}
    queues.send(broker, theirs.tenant, INFER, kinds.ANSWER, batch)
    until_read(service, broker, theirs, INFER)
    # Whoever reads the queue has read that message before this one.
    assert classified(service, theirs) == 200
    assert not broker.exists(reply)


@pytest.mark.proves("jobs", "PostgreSQL", "All of the above: did any of it change anything of the other organisation?")
def test_nothing_of_it_has_changed_anything(service: Service, ours: Neighbour, before: dict[str, str]) -> None:
    assert neighbours.fingerprint(service, ours) == before


@pytest.mark.control
def test_the_same_messages_in_the_right_queue_are_taken_up(
    service: Service, broker: redis.Redis, ours: Neighbour, open_jobs: dict[str, str]
) -> None:
    for task, job in open_jobs.items():
        send(broker, ours, task, job)
    until_read(service, broker, ours, LATER, TRAIN, BATCH)
    assert not [task for task, job in open_jobs.items() if state_of(job) == ("queued", 0)]


def classified(service: Service, caller: Neighbour) -> int:
    address = f"{service.url}/api/v1/models/{caller.names['model']}/classify"
    headers = {"Authorization": f"Bearer {caller.key}"}
    return httpx.post(address, json={"inputs": ["the invoice"]}, headers=headers, timeout=30).status_code
