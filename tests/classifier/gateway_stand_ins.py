"""Organisations, keys, routes and a worker for the tests of the gateway, on real servers."""

import asyncio
import base64
import json
import secrets
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, TypeVar
from urllib.parse import urlsplit

import redis
from django.db import connection, connections

from tenants import accounts, isolation, keys
from tenants.models import Organisation
from tenants.permissions import Scope
from tenants.secrets import derive
from tests.service import SERVICE

# A list of the organisation that no real worker reads.
QUEUE = "stand_in"

T = TypeVar("T")
Answer = Callable[[dict[str, Any]], dict[str, Any]]


def found(name: str, plan: str = "unmetered") -> Organisation:
    owner = accounts.register(email=f"{secrets.token_hex(6)}@example.com", password=secrets.token_hex(12))
    return accounts.found(name=name, owner=owner, slug=f"{name}-{secrets.token_hex(4)}", plan=plan)


def issue(organisation: Organisation, *scopes: str) -> str:
    _, key = keys.issue(organisation=organisation, name="test", scopes=scopes or Scope.values, by="test")
    return key


def set_route(organisation: Organisation, model: str, *, version: int = 3, kind: str = "text") -> None:
    """Let `model`, which has four labels, be served."""
    with isolation.entered(organisation), connection.cursor() as cursor:
        cursor.execute("SELECT door.set_route(%s, %s, %s, %s, %s)", [model, version, kind, 4, "0" * 64])


def drop_route(organisation: Organisation, model: str) -> None:
    with isolation.entered(organisation), connection.cursor() as cursor:
        cursor.execute("SELECT door.drop_route(%s)", [model])


def worker_client(organisation: Organisation) -> redis.Redis:
    """Return a connection to the broker with the login of the organisation's own workers."""
    at = urlsplit(SERVICE.instance.owner_redis_url())
    return redis.Redis(
        host=at.hostname or "127.0.0.1",
        port=at.port or 6379,
        username=f"t_{organisation.tenant}",
        password=derive(SERVICE.instance.secrets["fleet_secret"], organisation.tenant, "broker"),
        socket_timeout=None,
    )


async def aside(function: Callable[..., T], *arguments: Any, **named: Any) -> T:
    """Run what uses the database in a thread, beside the event loop, and close that thread's connection."""

    def run() -> T:
        try:
            return function(*arguments, **named)
        finally:
            connections.close_all()

    return await asyncio.to_thread(run)


def billing(request: dict[str, Any]) -> dict[str, Any]:
    """Answer as a model that knows one label."""
    scores = [{"label": "billing", "score": 0.94}]
    result = {"label": "billing", "confidence": 0.94, "scores": scores}
    results = [{"index": index, **result} for index in range(len(request["inputs"]))]
    return {"id": request["id"], "version": request["version"], "results": results, "warnings": []}


@dataclass
class Worker:
    """Answers what comes into an organisation's queue, as its real worker would, in a thread."""

    organisation: Organisation
    answer: Answer = billing
    seen: list[dict[str, Any]] = field(default_factory=list)
    # How many requests came in each message.
    batches: list[int] = field(default_factory=list)

    @contextmanager
    def running(self) -> Iterator["Worker"]:
        stopped = threading.Event()
        thread = threading.Thread(target=self._serve, args=(stopped,))
        thread.start()
        try:
            yield self
        finally:
            stopped.set()
            thread.join()

    def _serve(self, stopped: threading.Event) -> None:
        with worker_client(self.organisation) as client:
            while not stopped.is_set():
                found = client.brpop([isolation.queue(self.organisation.tenant, QUEUE)], timeout=0.1)
                if found:
                    self._reply(client, message(found[1]))

    def waiting(self) -> int:
        """Return how many messages lie in the queue."""
        with worker_client(self.organisation) as client:
            return int(client.llen(isolation.queue(self.organisation.tenant, QUEUE)))

    def _reply(self, client: redis.Redis, batch: dict[str, Any]) -> None:
        requests = [{**request, "model": batch["model"], "version": batch["version"]} for request in batch["requests"]]
        self.seen += requests
        self.batches.append(len(requests))
        client.rpush(batch["reply"], replied(batch, [self.answer(request) for request in requests]))


def replied(batch: dict[str, Any], replies: list[dict[str, Any]], worker: str = "stand-in") -> str:
    """Return what a worker says to a batch."""
    return json.dumps({"batch": batch["batch"], "worker": worker, "replies": replies})


def message(envelope: bytes | str) -> dict[str, Any]:
    """Return the argument of the task in a message of Celery's."""
    body = json.loads(base64.b64decode(json.loads(envelope)["body"]))
    return dict(body[0][0])
