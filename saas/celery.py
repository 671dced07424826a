"""The Celery app, which each worker points at its own queue after the fork; see classifier/worker.py."""

import django
from celery import Celery

# The fork server loads this module first, and what comes after it needs the models.
django.setup()

# Without Celery's own hooks into Django, which would close the database's connection after every task.
app = Celery("assort", fixups=[])
app.config_from_object("django.conf:settings", namespace="CELERY")
