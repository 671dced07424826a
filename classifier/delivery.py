"""How a worker runs a task that somebody waits for: straight from what the broker has answered.

kombu makes an object of each message and looks for who consumes it; Celery builds a request of that, which can be
revoked, retried, traced and put off, and tells half a dozen signals of it. None of that is wanted of an answer that is
wanted now. It takes as long as the answer, and three times as long in a process that is one of a hundred, since then it
is in no cache of the processor.
"""

import base64
import logging
from collections.abc import Callable
from functools import cache
from typing import Any

import msgspec
from celery import current_app

from classifier.kinds import ANSWER

log = logging.getLogger(__name__)


class _Headers(msgspec.Struct):
    task: str


class _Message(msgspec.Struct):
    headers: _Headers
    body: str


_message_of = msgspec.json.Decoder(_Message).decode


def run(message: bytes) -> bool:
    """Run the task of a message whose sender waits, and say whether it is one. An error of the task is logged."""
    try:
        found = _message_of(message)
    except msgspec.DecodeError:  # Celery says what is wrong with it.
        return False
    if found.headers.task != ANSWER:
        return False
    try:
        args, kwargs, _embedded = msgspec.json.decode(base64.b64decode(found.body))
        _task()(*args, **kwargs)
    except Exception:  # Whoever sent it sends it again when no reply comes.
        log.exception("a message to %s came to nothing", ANSWER)
    return True


@cache
def _task() -> Callable[..., Any]:
    task: Callable[..., Any] = current_app.tasks[ANSWER].run
    return task
