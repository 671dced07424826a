"""What works for an organisation at this moment, in words."""

from dataclasses import dataclass
from datetime import datetime

from django.template.defaultfilters import filesizeformat

from tenants import workers

USES = {"infer": "Answers requests", "train": "Trains a model", "batch": "Reads and looks after data"}


@dataclass(frozen=True)
class Worker:
    does: str
    since: datetime
    memory: str


def own() -> list[Worker]:
    """Return the workers of the organisation that is entered."""
    return [
        Worker(USES.get(row.use, row.use), row.started_at, filesizeformat(row.own_bytes) if row.own_bytes else "–")
        for row in workers.own()
    ]
