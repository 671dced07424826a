"""Puts messages into the organisations' queues, in the form that Celery's workers read.

Celery's own publisher needs more of the broker than the web process may do, and hides the length of the queue that
the broker returns. So the envelope is Celery's and kombu's, and the push is one command of the broker: kombu's Redis
transport reads exactly this (message protocol 2, virtual transport).
"""

import base64
import uuid
from collections.abc import Sequence
from typing import Any

import redis
import redis.asyncio
from celery import current_app
from kombu.serialization import dumps as serialize
from kombu.utils.json import dumps

from tenants import isolation

# The fleet waits at this list, so that nobody polls a thousand idle organisations.
WAKE = "fleet:wake"

INFER, TRAIN, BATCH = "infer", "train", "batch"
# Whoever reads `infer` reads this one, too, whenever that is empty: nobody waits at a connection for its answers.
LATER = "later"


def send(client: redis.Redis, tenant: str, use: str, task: str, *args: Any) -> int:
    """Push a message, wake the fleet, and return how many messages now wait in the queue."""
    queue = isolation.queue(tenant, use)
    pipeline = client.pipeline(transaction=False)
    pipeline.lpush(queue, envelope(queue, task, args))
    pipeline.lpush(WAKE, tenant)
    return int(pipeline.execute()[0])


async def send_async(
    client: redis.asyncio.Redis, tenant: str, use: str, task: str, *args: Any, call: bool = True
) -> int:
    """Do what `send` does; without `call` the fleet is left in peace."""
    queue = isolation.queue(tenant, use)
    message = envelope(queue, task, args)
    if not call:
        return int(await client.lpush(queue, message))
    pipeline = client.pipeline(transaction=False)
    pipeline.lpush(queue, message)
    pipeline.lpush(WAKE, tenant)
    return int((await pipeline.execute())[0])


async def call_fleet(client: redis.asyncio.Redis, late: Sequence[tuple[str, int]]) -> None:
    """Tell the fleet of tenants whose answers are late, and of how much waits for them."""
    if late:
        await client.lpush(WAKE, *(f"{tenant} {waiting}" for tenant, waiting in late))


def envelope(queue: str, task: str, args: Sequence[Any]) -> str:
    """Return the message as it lies in the broker's list."""
    # Neither the arguments nor a picture of them belong into headers, which are logged.
    message = current_app.amqp.as_task_v2(str(uuid.uuid4()), task, args, {}, argsrepr="-", kwargsrepr="-")
    content_type, encoding, body = serialize(message.body, serializer="json")
    text: str = dumps(
        {
            "body": base64.b64encode(body.encode()).decode(),
            "content-type": content_type,
            "content-encoding": encoding,
            "headers": message.headers,
            "properties": {
                **message.properties,
                "body_encoding": "base64",
                "delivery_info": {"exchange": "", "routing_key": queue},
                "delivery_mode": 1,
                "delivery_tag": str(uuid.uuid4()),
                "priority": 0,
            },
        }
    )
    return text
