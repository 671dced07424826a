"""What a fleet tells of itself: a row for the host, one for each worker, and one for each quarantine."""

import json
import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict
from typing import Any, LiteralString

from django.db import connection, transaction

from classifier import walls
from classifier.fleet.crew import Crew, Measure
from classifier.fleet.failures import Failures
from classifier.fleet.outlook import Prospect
from classifier.scaling import Running, Situation, Waiting

# A host that has been silent for so long is not there any more, and its dedication ends.
GONE = "1 day"
# Three tellings were missed; the same stands in door.workers().
SILENT_SECONDS = 15

_HOST: LiteralString = """
    INSERT INTO fleet_host (host, at, dedicated_to, free_places, detail)
    VALUES (%s, clock_timestamp(), %s, %s, %s::jsonb)
    ON CONFLICT (host) DO UPDATE SET at = excluded.at, dedicated_to = excluded.dedicated_to,
        free_places = excluded.free_places, detail = excluded.detail
"""
_WORKERS: LiteralString = """
    INSERT INTO fleet_worker
        (host, pid, tenant, use, started_at, active_at, is_stopping, own_bytes, pss_bytes, cpu_seconds)
    SELECT %s, pid, tenant, use, clock_timestamp() - age * interval '1 second',
        clock_timestamp() - idle * interval '1 second', stopping, own, pss, cpu
    FROM jsonb_to_recordset(%s::jsonb) AS worker (
        pid int, tenant text, use text, age float, idle float, stopping boolean, own bigint, pss bigint, cpu float
    )
    ON CONFLICT (host, pid) DO UPDATE SET active_at = excluded.active_at, is_stopping = excluded.is_stopping,
        own_bytes = excluded.own_bytes, pss_bytes = excluded.pss_bytes, cpu_seconds = excluded.cpu_seconds
"""
_GONE_WORKERS: LiteralString = "DELETE FROM fleet_worker WHERE host = %s AND pid <> ALL(%s)"
_QUARANTINE: LiteralString = """
    INSERT INTO quarantine (tenant, use, host, failures, since, until, log)
    VALUES (%s, %s, %s, %s, clock_timestamp(), clock_timestamp() + %s * interval '1 second', %s)
    ON CONFLICT (tenant, use) DO UPDATE SET host = excluded.host, failures = excluded.failures,
        until = excluded.until, log = excluded.log
"""
_QUARANTINED: LiteralString = (
    "SELECT tenant, use, failures, extract(epoch FROM until - clock_timestamp()) FROM quarantine"
)
_EVERYWHERE: LiteralString = (
    "SELECT host, detail->'waiting' FROM fleet_host"
    " WHERE dedicated_to = %s AND at > clock_timestamp() - %s * interval '1 second'"
)
_RUNNING: LiteralString = "SELECT pid, tenant, use, is_stopping FROM fleet_worker WHERE host = ANY(%s)"


@transaction.atomic
def write(host: str, *, only: Collection[str], seen: Situation, crew: Crew, prospects: Sequence[Prospect]) -> None:
    """Tell what there is, what waits, and what is planned."""
    detail = {
        "waiting": [asdict(queue) for queue in seen.waiting],
        "next": [asdict(prospect) for prospect in prospects],
        "room": seen.room.infer,
        "walls": str(walls.here()),
        "left_open": list(walls.here().gaps),
    }
    now = time.monotonic()
    workers = [_row(worker, crew.measures.get(worker.pid, Measure()), now) for worker in crew.workers.values()]
    with connection.cursor() as cursor:
        cursor.execute(_HOST, [host, _named(only), seen.free_places, json.dumps(detail)])
        cursor.execute(_GONE_WORKERS, [host, list(crew.workers)])
        if workers:
            cursor.execute(_WORKERS, [host, json.dumps(workers)])


def forget(host: str) -> None:
    """Forget a host that stops, unless it is dedicated: it will be back. And those that have been silent for a day."""
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM fleet_worker WHERE host = %s", [host])
        cursor.execute(
            "DELETE FROM fleet_host WHERE host = %s AND dedicated_to = '' OR at < clock_timestamp() - %s::interval",
            [host, GONE],
        )


def neighbours(host: str) -> tuple[dict[str, int], set[str]]:
    """Return the free places of the other hosts that live, and the organisations that have a host of their own."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT host, dedicated_to, free_places, at > clock_timestamp() - %s * interval '1 second' FROM fleet_host"
            " WHERE host <> %s AND at > clock_timestamp() - %s::interval",
            [SILENT_SECONDS, host, GONE],
        )
        rows = cursor.fetchall()
    return {name: free for name, only, free, lives in rows if lives and not only}, {
        tenant for _, only, _, _ in rows for tenant in only.split(",") if tenant
    }


def everywhere(only: Collection[str]) -> tuple[list[Waiting], list[Running]]:
    """Return what waits and who runs on all hosts that live and serve whom this one does: `only`, or everybody else."""
    with connection.cursor() as cursor:
        cursor.execute(_EVERYWHERE, [_named(only), SILENT_SECONDS])
        told = cursor.fetchall()
        cursor.execute(_RUNNING, [[host for host, _ in told]])
        running = [Running(pid, tenant, use, 0.0, is_stopping=stops) for pid, tenant, use, stops in cursor.fetchall()]
    # Two hosts may have counted the same queue.
    waiting: dict[tuple[str, str], Waiting] = {}
    # Django has JSON come as text.
    for queue in (Waiting(**row) for _, rows in told for row in json.loads(rows)):
        known = waiting.get((queue.tenant, queue.use), queue)
        waiting[queue.tenant, queue.use] = max(queue, known, key=lambda each: each.messages + each.backlog)
    return list(waiting.values()), running


def _named(only: Collection[str]) -> str:
    return ",".join(sorted(only))


def put_in_quarantine(host: str, tenant: str, use: str, failed: Failures, log: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(_QUARANTINE, [tenant, use, host, failed.count, failed.until - time.monotonic(), log[:500]])


def end_quarantine(tenant: str, use: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM quarantine WHERE tenant = %s AND use = %s", [tenant, use])


def quarantined() -> Mapping[tuple[str, str], Failures]:
    """Return who is in quarantine, whichever host put them there."""
    now = time.monotonic()
    with connection.cursor() as cursor:
        cursor.execute(_QUARANTINED)
        return {(tenant, use): Failures(count, now + float(left)) for tenant, use, count, left in cursor.fetchall()}


def _row(worker: Running, measure: Measure, now: float) -> dict[str, Any]:
    memory = measure.memory
    return {
        "pid": worker.pid,
        "tenant": worker.tenant,
        "use": worker.use,
        "age": now - worker.since,
        "idle": now - worker.active_at,
        "stopping": worker.is_stopping,
        "own": memory.own if memory else None,
        "pss": memory.pss if memory else None,
        "cpu": measure.cpu_seconds,
    }
