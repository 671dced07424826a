"""How a worker runs a task that somebody waits for: straight from the message.

Celery builds a request for each message, which can be revoked, retried, traced and put off, and tells half a dozen
signals of it. None of that is wanted of an answer that is wanted now, and it takes longer than the answer. This is
Celery's own place for another way (`Task.Strategy`).
"""

import logging
from collections.abc import Callable

import msgspec
from celery import Celery, Task
from kombu.message import Message

log = logging.getLogger(__name__)


def straight(task: Task, app: Celery, consumer: object) -> Callable[..., None]:
    """Return what Celery's consumer calls with each message of `task`. An error of the task is logged."""

    def handle(message: Message, *_: object) -> None:
        # Whoever sent it sends it again when no reply comes.
        message.ack()
        try:
            args, kwargs, _embedded = msgspec.json.decode(message.body)
            task.run(*args, **kwargs)
        except Exception:
            log.exception("a message to %s came to nothing", task.name)

    return handle
