"""What the fork server has loaded and done before the first worker is wanted, so that no worker does it again.

Celery loads most of itself by name when a worker starts: half of a worker's first second, and memory of its own.
"""

import encodings.idna  # noqa: F401 - Looking up a host's name loads it.
import sys
from importlib import import_module
from types import ModuleType
from typing import cast

from celery import current_app

BY_NAME = (
    *("classifier.ml.train", "classifier.worker"),
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

# scikit-learn loads pandas where there is one, which is here for MLflow alone: 45 MB that no worker uses. Python takes
# None for a module that is not installed.
sys.modules["pandas"] = cast("ModuleType", None)
for name in BY_NAME:
    import_module(name)
del sys.modules["pandas"]
# Every task is made here, once.
current_app.finalize(auto=True)
