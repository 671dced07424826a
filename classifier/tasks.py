"""What Celery delivers: ids in, one call each. The worker that runs it has one organisation by construction."""

import time
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
import redis
from celery import shared_task
from celery.worker import state
from django.db import close_old_connections
from django.db.backends.base.base import BaseDatabaseWrapper

from classifier import adopter, follower, inference, queues, reader, stored, tidying, trainer
from classifier.kinds import ADOPT, ANSWER, ANSWER_STORED, FOLLOW, TIDY, TRAIN, VALIDATE
from classifier.leases import Bounds
from classifier.loaded import LoadedModels
from classifier.reply_line import ReplyLine
from classifier.scribe import Scribe
from tenants import isolation, logs


class Worker:
    """What the tasks of this process work with; `worker.main` fills it once, after the fork."""

    tenant: str
    # By it a gateway counts how many there are.
    name: str
    broker: redis.Redis
    replies: ReplyLine
    models: LoadedModels
    bounds: Bounds
    scribe: Scribe
    # The connection of the thread that answers; Django takes longer to look for it than to look after it.
    database: BaseDatabaseWrapper


@shared_task(name=ANSWER, ignore_result=True)
def answer(batch: Mapping[str, Any]) -> None:
    """Answer requests of the gateway on its reply list; what is too late already is not worth computing."""
    now = time.time()
    requests = [request for request in batch["requests"] if request["deadline"] > now]
    if not requests:
        return
    Worker.database.close_if_unusable_or_obsolete()
    model, version = batch["model"], batch["version"]
    models, reading = Worker.models, batch.get("reading", "")
    replies = inference.answer_together(requests, model=model, version=version, models=models, reading=reading)
    message = {"batch": batch["batch"], "worker": Worker.name, "replies": replies}
    Worker.replies.send(batch["reply"], msgspec.json.encode(message))
    for request, reply in zip(requests, replies, strict=True):
        Worker.scribe.note({**request, "model": model}, reply)


@shared_task(name=ANSWER_STORED, ignore_result=True)
def answer_stored(ids: Sequence[str]) -> None:
    """Answer requests that were accepted for later, until somebody waits at a connection or this process is to end."""
    close_old_connections()
    left = stored.answer(ids, models=Worker.models, is_wanted_elsewhere=_is_wanted_elsewhere)
    if left:
        # At the end that is read next. Should this message be lost, the relay finds that it is missing.
        queue = isolation.queue(Worker.tenant, queues.LATER)
        Worker.broker.rpush(queue, queues.envelope(queue, ANSWER_STORED, [left]))


def _is_wanted_elsewhere() -> bool:
    waiting = Worker.broker.llen(isolation.queue(Worker.tenant, queues.INFER))
    return bool(waiting) or state.should_stop is not None


@shared_task(name=TRAIN, ignore_result=True)
def train(job_id: str) -> None:
    _end_after(job_id)
    trainer.train(job_id, tenant=Worker.tenant, bounds=Worker.bounds)


@shared_task(name=VALIDATE, ignore_result=True)
def validate(dataset_id: str) -> None:
    _end_after(dataset_id)
    reader.validate(dataset_id, tenant=Worker.tenant, bounds=Worker.bounds)


@shared_task(name=FOLLOW, ignore_result=True)
def follow(job_id: str) -> None:
    _end_after(job_id)
    follower.follow(job_id, tenant=Worker.tenant)


@shared_task(name=ADOPT, ignore_result=True)
def adopt(job_id: str) -> None:
    _end_after(job_id)
    adopter.adopt(job_id, tenant=Worker.tenant)


@shared_task(name=TIDY, ignore_result=True)
def tidy(job_id: str) -> None:
    _end_after(job_id)
    tidying.tidy(job_id, tenant=Worker.tenant)


def _end_after(job_id: str) -> None:
    """Let this process take no further message: a job has a process of its own. All that it still says is about it."""
    state.should_stop = 0
    logs.note(job=job_id)
