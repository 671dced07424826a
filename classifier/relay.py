"""The outbox's other end: publishes committed jobs, and brings back those that the broker or a worker lost.

PostgreSQL is the truth. A message may come twice or late; the claim in the worker makes a job run once.
"""

import logging
import time
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from datetime import timedelta

import redis
from django.db import connection, transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.db.models.functions import Now
from django.utils import timezone

from classifier import backlog, queues
from classifier.kinds import CLASSIFICATION, FOLLOWING, OF_KIND, TIDYING
from tenants import boot, broker, heartbeats, ids, isolation, logs, metrics, notify, wakeups
from tenants.models import Appointment, Job, Organisation

log = logging.getLogger(__name__)

# Jobs are announced. While some are open it is looked often whether one was lost, and else now and then.
SWEEP_SECONDS = 2.0
QUIET_SWEEP_SECONDS = 10.0
BATCH_SIZE = 500
# Jobs that come one soon after the other are gathered for so long, and go together. A single one goes at once.
GATHER_SECONDS = 0.05
# Requests for later that a worker finds in one message.
TOGETHER = 32
# A message that was pushed so long ago and lies in no queue any more has been lost.
SENT_LONG_AGO = timedelta(seconds=5)
FINISHED_ARE_KEPT = timedelta(days=7)
# What an organisation does not want kept any longer is gone within a day.
TIDIED_EVERY = timedelta(hours=12)


def run() -> None:
    """Relay until the process is told to stop."""
    client = broker.connect()
    boot.check_process(client, decoys=[("RPOP", isolation.queue(boot.NOBODY, "infer"))])
    backlog.watch(client)
    metrics.serve(after=connection.close)
    with wakeups.listening("job") as calls:
        notify.ready()
        heart = heartbeats.Heart("relay")
        swept = published = 0.0
        pause = SWEEP_SECONDS
        while True:
            try:
                if time.monotonic() - swept > pause:
                    bring_back(client)
                    forget_finished()
                    keep_appointments()
                    order_tidying()
                    tell(heart)
                    swept = time.monotonic()
                while publish(client) == BATCH_SIZE:
                    pass
                published = time.monotonic()
            except redis.RedisError as error:
                # Nothing is lost: what could not be pushed is still queued in PostgreSQL.
                log.warning("the broker does not answer: %s", error)
            # By their order they are found by index; without one, PostgreSQL would look through what is done first.
            is_busy = Job.objects.exclude(state=Job.State.DONE).order_by("created_at").first() is not None
            pause = SWEEP_SECONDS if is_busy else QUIET_SWEEP_SECONDS
            wakeups.wait(calls, pause)
            if (rest := published + GATHER_SECONDS - time.monotonic()) > 0:
                time.sleep(rest)
                wakeups.wait(calls, 0)  # What was said meanwhile is about the same jobs.


@transaction.atomic
def publish(client: redis.Redis) -> int:
    """Push what is queued, oldest first, and return how many that were."""
    waiting = Job.objects.filter(state=Job.State.QUEUED).exclude(queue="record").order_by("created_at")
    jobs = list(waiting.select_for_update(skip_locked=True)[:BATCH_SIZE])
    for job, said in _messages(jobs):
        # What somebody has had in hand was at the head of its queue before, and is there again.
        queues.send(client, job.tenant, job.queue, OF_KIND[job.kind], said, is_next=bool(job.worker))
    # Pushed first and marked second: dying in between sends it twice, the other way round never.
    Job.objects.filter(pk__in=[job.pk for job in jobs]).update(state=Job.State.SENT, sent_at=timezone.now())
    return len(jobs)


def _messages(jobs: Sequence[Job]) -> Iterator[tuple[Job, str | list[str]]]:
    """Return what each message says, with one of the jobs that it is about.

    An organisation's requests for later go together. One that was tried before goes alone: it may be what stops the
    worker each time, and must not use up the attempts of others.
    """
    together: dict[str, list[Job]] = defaultdict(list)
    for job in jobs:
        if job.kind != CLASSIFICATION:
            yield job, job.id
        elif job.attempt:
            yield job, [job.id]
        else:
            together[job.tenant].append(job)
    for found in together.values():
        for start in range(0, len(found), TOGETHER):
            yield found[start], [job.id for job in found[start : start + TOGETHER]]


def bring_back(client: redis.Redis) -> int:
    """Queue again what lost its worker or its message, and return how many that were."""
    now = timezone.now()
    expired = Job.objects.filter(state=Job.State.RUNNING, lease_until__lt=now).exclude(queue="record")
    lost = Job.objects.filter(pk__in=_lost(client, now - SENT_LONG_AGO), state=Job.State.SENT)
    return _queue_again(expired) + _queue_again(lost)


@transaction.atomic
def _queue_again(jobs: QuerySet[Job]) -> int:
    """What a worker has in hand at this moment is left alone: each would have rows that the other waits for."""
    free = dict(jobs.select_for_update(skip_locked=True).values_list("pk", "tenant"))
    count = Job.objects.filter(pk__in=free).update(state=Job.State.QUEUED, lease_until=None)
    for tenant, jobs_of_it in Counter(free.values()).items():
        with logs.about(tenant=tenant):
            log.info("brought back %d jobs, %s among them", jobs_of_it, next(pk for pk in free if free[pk] == tenant))
    return count


def _lost(client: redis.Redis, before: object) -> Sequence[str]:
    sent = list(Job.objects.filter(state=Job.State.SENT, sent_at__lt=before).values_list("pk", "tenant", "queue"))
    pairs = sorted({(tenant, queue) for _, tenant, queue in sent})
    pipeline = client.pipeline(transaction=False)
    for tenant, queue in pairs:
        pipeline.llen(isolation.queue(tenant, queue))
    empty = {pair for pair, length in zip(pairs, pipeline.execute(), strict=True) if length == 0}
    return [pk for pk, tenant, queue in sent if (tenant, queue) in empty]


def tell(heart: heartbeats.Heart) -> None:
    """Tell that this process lives, and see to it that no list of such tales grows for ever."""
    with connection.cursor() as cursor:
        heart.beat(cursor.execute)
        heartbeats.forget_gone(cursor.execute)


def forget_finished() -> None:
    Job.objects.filter(state=Job.State.DONE, finished_at__lt=timezone.now() - FINISHED_ARE_KEPT).delete()


@transaction.atomic
def keep_appointments() -> None:
    """Have organisations' own workers look at their models whose time has come: one job for all of an organisation.

    A suspended organisation's appointments wait until it is resumed.
    """
    active = Organisation.objects.filter(pk=OuterRef("tenant"), status=Organisation.Status.ACTIVE)
    due = Appointment.objects.filter(Exists(active), due_at__lte=Now()).order_by("due_at")[:BATCH_SIZE]
    subjects: dict[str, list[str]] = {}
    for appointment in due:
        subjects.setdefault(appointment.tenant, []).append(appointment.subject)
    for tenant, names in subjects.items():
        # The subject is for whoever reads the list of jobs; the worker knows its models itself.
        subject = ", ".join(names)[:100]
        Job.objects.create(id=ids.new("job"), tenant=tenant, kind=FOLLOWING, queue=queues.BATCH, subject=subject)
        Appointment.objects.filter(tenant=tenant, subject__in=names).delete()


def order_tidying() -> None:
    """Have the next organisation's own worker clear away what is over.

    It is one organisation a sweep, so that they never come all at once. A suspended one has no worker, and is tidied
    when it is resumed.
    """
    before = timezone.now() - TIDIED_EVERY
    recent = Job.objects.filter(tenant=OuterRef("pk"), kind=TIDYING, created_at__gt=before)
    waiting = Organisation.objects.filter(~Exists(recent), status=Organisation.Status.ACTIVE, created_at__lt=before)
    tenant = waiting.order_by("pk").values_list("pk", flat=True).first()
    if tenant is not None:
        Job.objects.create(id=ids.new("job"), tenant=tenant, kind=TIDYING, queue=queues.BATCH)
