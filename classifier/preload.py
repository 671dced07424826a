"""What the fork server has loaded and done before the first worker is wanted, so that no worker does it again.

Celery loads most of itself by name when a worker starts: half of a worker's first second, and memory of its own.
"""

import encodings.idna  # noqa: F401 - Looking up a host's name loads it.
import logging
from importlib import import_module

from celery import current_app
from django.conf import settings

from classifier.encoders import shelf
from classifier.ml.errors import MlError

log = logging.getLogger(__name__)

BY_NAME = (
    "classifier.worker",
    "billiard.pool",
    *(f"celery.app.{name}" for name in ("amqp", "control", "events", "log", "routes")),
    *("celery.apps.worker", "celery.backends.base", "celery.concurrency.solo", "celery.events.receiver"),
    *(f"celery.worker.{name}" for name in ("autoscale", "components", "loops", "strategy")),
    *(
        f"celery.worker.consumer.{name}"
        for name in (
            *("agent", "connection", "control", "delayed_delivery", "events", "gossip", "heart", "mingle", "tasks"),
        )
    ),
    *("kombu.matcher", "kombu.mixins", "kombu.pidbox"),
    *("classifier.delivery", "classifier.transport", "django_tenants.routers"),
)

for name in BY_NAME:
    import_module(name)
# Every task is made here, once.
current_app.finalize(auto=True)


def load_encoder() -> None:
    """Load the encoder that trainings use: its weights are then in memory once, for all workers together."""
    sha256 = shelf.default() if settings.ASSORT_ENCODER else None
    if sha256 is None:
        log.info("there is no sentence encoder for trainings: they try linear models only")
        return
    try:
        # One that computes once has done what it does only the first time.
        shelf.library().get(sha256).embed(["ready"])
    except MlError as error:
        log.error("workers start without the sentence encoder, and load it when they need it: %s", error)


load_encoder()
