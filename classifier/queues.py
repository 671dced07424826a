"""Puts messages into the organisations' queues, in the form that Celery's workers read.

Celery's own publisher needs more of the broker than the web process may do, and hides the length of the queue that
the broker returns. So the envelope is Celery's and kombu's, and the push is one command of the broker: kombu's Redis
transport reads exactly this (message protocol 2, virtual transport).
"""

import base64
from collections.abc import Sequence
from typing import Any

import msgspec
import redis
import redis.asyncio

from tenants import ids, isolation

Command = tuple[str | bytes, ...]

# The fleet waits at this list, so that nobody polls a thousand idle organisations.
WAKE = "fleet:wake"

INFER, TRAIN, BATCH = "infer", "train", "batch"
# Whoever reads `infer` reads this one, too, whenever that is empty: nobody waits at a connection for its answers.
LATER = "later"

# What all messages have in common. Neither the arguments nor a picture of them belong into headers, which are logged.
_NOTHING_MORE = dict.fromkeys(("callbacks", "errbacks", "chain", "chord"))
_HEADERS = {
    "lang": "py",
    **dict.fromkeys(("shadow", "eta", "expires", "group", "group_index", "parent_id", "stamped_headers")),
    **{"retries": 0, "timelimit": [None, None], "argsrepr": "-", "kwargsrepr": "-"},
    **{"origin": "assort", "ignore_result": False},
    **{"replaced_task_nesting": 0, "stamps": {}},
}
_PROPERTIES = {"reply_to": "", "body_encoding": "base64", "delivery_mode": 1, "priority": 0}


def send(client: redis.Redis, tenant: str, use: str, task: str, *args: Any, is_next: bool = False) -> int:
    """Push a message, wake the fleet, and return how many messages now wait in the queue.

    One that `is_next` is taken before those that wait.
    """
    pipeline = client.pipeline(transaction=False)
    for command in (push(tenant, use, task, *args, is_next=is_next), *call([tenant])):
        pipeline.execute_command(*command)
    return int(pipeline.execute()[0])


def push(tenant: str, use: str, task: str, *args: Any, is_next: bool = False) -> Command:
    """Return the command that pushes a message. The broker replies how many messages then wait in the queue."""
    queue = isolation.queue(tenant, use)
    return "RPUSH" if is_next else "LPUSH", queue, envelope(queue, task, args)


def call(tenants: Sequence[str]) -> list[Command]:
    """Return the command that wakes the fleet for these organisations, or none when there are none."""
    return [("LPUSH", WAKE, *tenants)] if tenants else []


async def call_fleet(client: redis.asyncio.Redis, late: Sequence[tuple[str, int]]) -> None:
    """Tell the fleet of tenants whose answers are late, and of how much waits for them."""
    await client.lpush(WAKE, *(f"{tenant} {waiting}" for tenant, waiting in late))


def envelope(queue: str, task: str, args: Sequence[Any]) -> bytes:
    """Return the message as it lies in the broker's list."""
    name = ids.random_text(20)
    message = {
        "body": base64.b64encode(msgspec.json.encode([args, {}, _NOTHING_MORE])).decode(),
        "content-type": "application/json",
        "content-encoding": "utf-8",
        "headers": {**_HEADERS, "task": task, "id": name, "root_id": name},
        "properties": {
            **_PROPERTIES,
            "correlation_id": name,
            "delivery_info": {"exchange": "", "routing_key": queue},
            "delivery_tag": name,
        },
    }
    return msgspec.json.encode(message)
