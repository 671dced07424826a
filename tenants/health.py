"""How the whole is, at a glance: counts and times of `public`, never a row of an organisation."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any

import redis
from django.db import DatabaseError, connection
from django.db.models import Count, Min, QuerySet
from django.utils import timezone

from tenants import broker
from tenants.heartbeats import SILENT_SECONDS
from tenants.models import Heartbeat, Job, Organisation, Quarantine

# The processes that tell that they live; the web server is asked itself.
PARTS = ("provisioner", "relay", "fleet", "registrar", "postman")
WAITING = (Job.State.QUEUED, Job.State.SENT)


@dataclass(frozen=True)
class Beat:
    """One process. `at` is None for one that has never been heard of."""

    part: str
    host: str
    at: datetime | None
    detail: dict[str, int]
    is_alive: bool


@dataclass(frozen=True)
class Overview:
    organisations: dict[str, int]
    jobs: dict[str, int]
    oldest_waiting: datetime | None
    failures: int
    quarantined: int
    broker: bool
    beats: Sequence[Beat]


def overview() -> Overview:
    """Return what an operator wants to know first. Raises DatabaseError, because without it nothing is known."""
    now = timezone.now()
    day = Job.objects.filter(finished_at__gt=now - timedelta(days=1))
    unfinished = Job.objects.exclude(state=Job.State.DONE)
    return Overview(
        organisations=_counts(Organisation.objects.exclude(status=Organisation.Status.DELETED), "status"),
        jobs=_counts(unfinished, "state") | {"done in 24 h": day.exclude(outcome="failed").count()},
        oldest_waiting=unfinished.filter(state__in=WAITING).aggregate(oldest=Min("created_at"))["oldest"],
        failures=day.filter(outcome="failed").count(),
        quarantined=Quarantine.objects.count(),
        broker=broker_answers(),
        beats=beats(now),
    )


def beats(now: datetime) -> list[Beat]:
    """Return every process that was heard of within a day, and those that should have been."""
    alive_since = now - timedelta(seconds=SILENT_SECONDS)
    heard = [
        Beat(row.part, row.host, row.at, row.detail, row.at > alive_since)
        for row in Heartbeat.objects.filter(at__gt=now - timedelta(days=1)).order_by("host")
    ]
    missing = [Beat(part, "", None, {}, False) for part in PARTS if part not in {beat.part for beat in heard}]
    return sorted(heard + missing, key=lambda beat: PARTS.index(beat.part))


def parts_alive() -> set[str]:
    """Return which parts have a living process; none while the database is away, because then nobody knows."""
    try:
        return {beat.part for beat in beats(timezone.now()) if beat.is_alive}
    except DatabaseError:
        return set()


def database_answers() -> bool:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:
        return False
    return True


def broker_answers() -> bool:
    try:
        return bool(_client().ping())
    except redis.RedisError:
        return False


@cache
def _client() -> redis.Redis:
    return broker.connect(socket_connect_timeout=2, socket_timeout=2)


def _counts(rows: QuerySet[Any], field: str) -> dict[str, int]:
    return {str(value): int(count) for value, count in rows.values_list(field).annotate(Count("pk")).order_by(field)}
