"""What is put into a queue is what Celery would put there, whose workers read it."""

import base64
import json
from typing import Any

import redis
from celery import Celery
from kombu.connection import Connection
from kombu.entity import Queue

from classifier import queues
from tenants import isolation
from tests.isolation.logins import broker_of
from tests.service import Service

# Different in each message, or in each process.
OWN = {"id", "root_id", "origin", "correlation_id", "delivery_tag"}


def flat(message: dict[str, Any]) -> dict[str, Any]:
    body = json.loads(base64.b64decode(message["body"]))
    parts = {**message["headers"], **message["properties"]}
    rest = {name: message[name] for name in ("content-type", "content-encoding")}
    return {"body": body, **rest, **{name: value for name, value in parts.items() if name not in OWN}}


def of_celery(queue: str, task: str, args: list[Any]) -> dict[str, Any]:
    """Return what Celery publishes, read from a transport that keeps it in memory."""
    app = Celery(set_as_current=False, broker_url="memory://")
    with Connection("memory://") as connection, connection.channel() as channel:
        bound = Queue(queue, exchange="", routing_key=queue)(channel)
        bound.declare()
        with app.amqp.Producer(channel) as producer:
            message = app.amqp.as_task_v2("id", task, args, {}, argsrepr="-", kwargsrepr="-")
            app.amqp.send_task_message(
                producer, task, message, queue=bound, exchange="", routing_key=queue, delivery_mode=1, declare=[]
            )
        return dict(channel._get(queue))


def test_a_message_is_what_celery_would_have_written() -> None:
    args = [{"inputs": ["grüße"], "top_k": 1}]
    ours = json.loads(queues.envelope("t:x:infer", "classifier.answer", args))
    assert flat(ours) == flat(of_celery("t:x:infer", "classifier.answer", args))


def test_every_message_has_a_name_of_its_own() -> None:
    one, other = (json.loads(queues.envelope("t:x:infer", "classifier.answer", [])) for _ in range(2))
    assert one["headers"]["id"] != other["headers"]["id"]
    assert one["properties"]["delivery_tag"] != other["properties"]["delivery_tag"]


def test_what_was_taken_up_before_is_next(service: Service) -> None:
    nobody = "0" * 16
    with broker_of(service, "relay") as relay:
        for job, is_next in (("first", False), ("second", False), ("again", True)):
            queues.send(relay, nobody, "train", "classifier.train", job, is_next=is_next)
    with redis.Redis.from_url(service.instance.owner_redis_url()) as owner:
        taken = [json.loads(owner.rpop(isolation.queue(nobody, "train"))) for _ in range(3)]
    assert [flat(message)["body"][0] for message in taken] == [["again"], ["first"], ["second"]]
