"""What waits of all organisations together, as whoever asks the relay is told; see tenants/metrics.py.

It is looked up when somebody asks, since nobody may.
"""

from datetime import datetime

import redis
from django.db.models import Count, Min
from django.utils import timezone

from classifier.queues import BATCH, INFER, LATER, TRAIN
from tenants import isolation
from tenants.metrics import Gauge, Labels
from tenants.models import Job, Organisation

USES = (INFER, LATER, BATCH, TRAIN)
WAITING = (Job.State.QUEUED, Job.State.SENT)


def watch(client: redis.Redis) -> None:
    """Have told what waits; `client` counts messages."""
    Gauge("assort_jobs", "Jobs that are not done, by state.", jobs, ("state",))
    Gauge("assort_outbox_lag_seconds", "How long the oldest job waits to be put into its queue.", outbox_lag)
    Gauge("assort_queue_messages", "Messages in all organisations' queues, by use.", lambda: messages(client), ("use",))
    Gauge("assort_queue_oldest_seconds", "How long the oldest job waits to be begun, by use.", oldest, ("use",))


def jobs() -> dict[Labels, float]:
    open_ones = Job.objects.exclude(state=Job.State.DONE)
    found = dict(open_ones.values_list("state").annotate(Count("pk")).order_by("state"))
    return {(state,): found.get(state, 0) for state in Job.State.values if state != Job.State.DONE}


def outbox_lag() -> dict[Labels, float]:
    queued = Job.objects.filter(state=Job.State.QUEUED).exclude(queue="record")
    return {(): _age(queued.aggregate(oldest=Min("created_at"))["oldest"])}


def messages(client: redis.Redis) -> dict[Labels, float]:
    tenants = list(Organisation.objects.filter(status=Organisation.Status.ACTIVE).values_list("tenant", flat=True))
    pipeline = client.pipeline(transaction=False)
    for tenant in tenants:
        for use in USES:
            pipeline.llen(isolation.queue(tenant, use))
    counts = pipeline.execute()
    return {(use,): sum(counts[place :: len(USES)]) for place, use in enumerate(USES)}


def oldest() -> dict[Labels, float]:
    waiting = Job.objects.filter(state__in=WAITING).values_list("queue").annotate(Min("created_at")).order_by("queue")
    return {(use,): _age(created_at) for use, created_at in waiting}


def _age(created_at: datetime | None) -> float:
    return 0.0 if created_at is None else max(0.0, (timezone.now() - created_at).total_seconds())
