"""A worker: one process of one organisation, forked by the fork server, confined, and fed by its own queue."""

import logging
import os
import socket
import sys
import warnings
from dataclasses import replace
from importlib import import_module
from types import ModuleType
from typing import Any, cast
from urllib.parse import urlsplit

import redis
from celery import Celery, current_app
from celery.platforms import SecurityWarning
from django.conf import settings
from django.db import connections
from kombu.entity import Queue

from classifier import confinement, tasks, walls
from classifier.leases import Bounds
from classifier.loaded import LoadedModels
from classifier.queues import INFER, LATER, TRAIN
from classifier.reply_line import ReplyLine
from classifier.scribe import Scribe
from classifier.secret import Secret
from tenants import boot, isolation, logs, servers

log = logging.getLogger(__name__)

GIGABYTE = 1024**3
# Of a training, memory and time are what the plan allows. The others of a process for one job end of themselves, and
# long before; a worker that answers stays.
LIMITS = {
    "infer": confinement.Limits(data=4 * GIGABYTE, open_files=256),
    "train": confinement.Limits(file_size=4 * GIGABYTE, open_files=256),
    "batch": confinement.Limits(data=4 * GIGABYTE, file_size=4 * GIGABYTE, open_files=256, cpu_seconds=7200),
}
# Threads count as well, and all workers of the organisation together. None has more than ten.
PROCESSES = 256
# How long the broker may take to answer.
ANSWER_SECONDS = 5
# A worker waits long for its next message, so the kernel asks whether the broker is still there.
KEEPALIVE = {socket.TCP_KEEPIDLE: 10, socket.TCP_KEEPINTVL: 5, socket.TCP_KEEPCNT: 3}
# How long another thread of this process may keep the one that answers from its turn: Python's own 5 ms are longer than
# an answer takes.
TURN_SECONDS = 0.0005


def main(secret: bytes) -> None:
    """Serve one organisation until there is no more to do. Runs in a child of the fork server."""
    given = Secret.from_bytes(secret)
    if given.use == TRAIN:
        load_training()
    become(given)
    if given.use != INFER:
        os.nice(10)  # A tenant's training must not delay anybody's answers.
    try:
        serve(configured(current_app._get_current_object(), given))
    finally:
        tasks.Worker.scribe.stop()
        tasks.Worker.replies.close()


def load_training() -> None:
    """Load what trains, scikit-learn with it: 60 MB that no other worker needs, and files that a confined one cannot
    look for.
    """
    # It loads pandas where there is one, which is here for MLflow alone: 45 MB that no worker uses. Python takes None
    # for a module that is not installed.
    sys.modules["pandas"] = cast("ModuleType", None)
    import_module("classifier.ml.train")
    del sys.modules["pandas"]


def become(given: Secret) -> None:
    """Make this process the organisation's for good: its logins, its folder, and nothing else within reach."""
    isolation.log_in_as_worker(given.tenant, password=given.database_password, token=given.token, name=given.name)
    logs.always(tenant=given.tenant)
    in_force = _confine(given)
    log.info("worker of %s for %s, pid %d, %s", given.tenant, given.use, os.getpid(), in_force)
    tasks.Worker.tenant = given.tenant
    tasks.Worker.name = given.name
    # A network that swallows everything must not hold up a worker for ever.
    tasks.Worker.broker = redis.Redis.from_url(broker_url(given), socket_timeout=ANSWER_SECONDS)
    tasks.Worker.replies = ReplyLine(tasks.Worker.broker)
    tasks.Worker.bounds = Bounds(given.dataset_rows, given.training_seconds)
    tasks.Worker.models = LoadedModels(given.tenant)
    tasks.Worker.scribe = Scribe(given.tenant)
    tasks.Worker.database = connections["default"]
    boot.check_worker(tasks.Worker.broker, given.tenant)


def configured(app: Celery, given: Secret) -> Celery:
    """Point the app, which has no connection yet, at the queues that this worker may read."""
    uses = (INFER, LATER) if given.use == INFER else (given.use,)
    names = [isolation.queue(given.tenant, use) for use in uses]
    app.conf.update(
        broker_url=broker_url(given),
        broker_transport="classifier.transport:Transport",
        broker_connection_retry_on_startup=True,
        broker_transport_options={
            "priority_steps": [0],
            # In the order of their names: what is answered later comes after everything that is answered now.
            "queue_order_strategy": "sorted",
            "socket_keepalive": True,
            "socket_keepalive_options": KEEPALIVE,
            "health_check_interval": 10,
        },
        # The anonymous exchange and no declaration: no binding tables, which would need rights of their own.
        task_queues=[Queue(name, exchange="", routing_key=name, no_declare=True) for name in names],
        task_default_queue=names[0],
    )
    return app


def serve(app: Celery) -> None:
    sys.setswitchinterval(TURN_SECONDS)
    # Celery warns of root; this process has given up root's rights already.
    warnings.simplefilter("ignore", SecurityWarning)
    # A line or two for each message would fill the disk and say nothing.
    for name in ("celery.app.trace", "celery.worker.strategy"):
        logging.getLogger(name).setLevel(logging.WARNING)
    worker = app.Worker(
        pool="solo",
        concurrency=1,
        loglevel="INFO",
        without_gossip=True,
        without_mingle=True,
        without_heartbeat=True,
        optimization="fair",
        quiet=True,
    )
    worker.start()


def broker_url(given: Secret) -> str:
    return servers.with_login(settings.REDIS_URL, f"t_{given.tenant}", given.broker_password)


def limits_of(given: Secret) -> confinement.Limits:
    limits = LIMITS[given.use]
    if given.use == TRAIN:
        # The keeper of the job ends it by the clock, and this does where somebody has put the keeper out of action.
        cores = len(os.sched_getaffinity(0))
        limits = replace(limits, data=given.training_bytes, cpu_seconds=given.training_seconds * cores + 60)
    return limits


def _confine(given: Secret) -> confinement.Confinement:
    directory, owner, limits = isolation.directory(given.tenant), walls.owner(given.tenant), limits_of(given)
    passes = False
    if owner != os.geteuid():
        # Of a user that is shared, the limit would count everybody's.
        limits, passes = replace(limits, processes=PROCESSES), bool(walls.closed())
        confinement.become(owner, passes=passes)
    tmp = directory / "tmp"
    tmp.mkdir(mode=0o700, exist_ok=True)
    database: Any = connections["default"].settings_dict
    return confinement.confine(
        directory=directory,
        tmp=tmp,
        read_only=walls.read_only(),
        connect_ports=[int(database["PORT"]), urlsplit(settings.REDIS_URL).port or 6379],
        limits=limits,
        passes=passes,
    )
