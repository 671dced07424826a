"""How the fleets are, for operators: what they told of themselves at most a moment ago."""

import textwrap
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone

from classifier.fleet.record import SILENT_SECONDS
from tenants.models import FleetHost, FleetWorker, Organisation, Quarantine, TenantLease

# Columns that are not as wide as the others.
WIDTHS = {"tenant": 22, "host": 24, "only": 20, "cpu_seconds": 12, "messages": 10, "backlog": 10, "what": 10, "use": 6}
WIDTH = 8
# A screen's.
LINE = 96
MEGABYTE = 1024 * 1024
RELEASE = "./assort manage fleet release {}"


def status() -> dict[str, Any]:
    """Return everything as plain data, with organisations by their slugs. The keys stay as they are."""
    now = timezone.now()
    hosts = list(FleetHost.objects.order_by("host"))
    alive = {host.host for host in hosts if host.at > now - timedelta(seconds=SILENT_SECONDS)}
    slugs = dict(Organisation.objects.values_list("tenant", "slug"))

    def named(tenant: str) -> str:
        return str(slugs.get(tenant, tenant))

    workers = FleetWorker.objects.filter(host__in=alive).order_by("host", "tenant", "use", "started_at")
    return {
        "hosts": [
            _host(host, ",".join(map(named, host.dedicated_to.split(","))) or None, now, host.host in alive)
            for host in hosts
        ],
        "workers": [_worker(worker, named(worker.tenant), now) for worker in workers],
        "queues": [_named(queue, named) for queue in _of(hosts, alive, "waiting")],
        "leases": [
            {
                "tenant": named(lease.tenant),
                "host": lease.host,
                "token": lease.token,
                "seconds": _left(lease.until, now),
            }
            for lease in TenantLease.objects.filter(until__gt=now).order_by("host", "tenant")
        ],
        "quarantine": [
            _quarantine(row, named(row.tenant), now) for row in Quarantine.objects.order_by("tenant", "use")
        ],
        "next": [_named(prospect, named) for prospect in _of(hosts, alive, "next")],
    }


def table(found: Mapping[str, Any]) -> str:
    """Return the status as text, not wider than 100 columns."""
    parts = [
        _section("Hosts", found["hosts"], "host state heard places free only"),
        *(f"  {row['host'][:24]}: walls: {row['walls']}" for row in found["hosts"]),
        *(_folded("    left open: ", gap) for row in found["hosts"] for gap in row["left_open"]),
        _section("Workers", found["workers"], "tenant use pid age idle own_mb pss_mb cpu_seconds"),
        _section("Waiting", found["queues"], "tenant use messages backlog host"),
        _section("Leases", found["leases"], "tenant host token seconds"),
        _section("Quarantine", found["quarantine"], "tenant use failures seconds"),
        *(f"  {row['log']}\n  release: {row['release']}" for row in found["quarantine"]),
        _section("Next", found["next"], "what tenant use seconds"),
    ]
    return "\n".join(parts)


def _host(row: FleetHost, only: str | None, now: datetime, is_alive: bool) -> dict[str, Any]:
    return {
        "host": row.host,
        "state": "alive" if is_alive else "silent",
        "heard": round((now - row.at).total_seconds(), 1),
        "places": row.detail.get("room", 0),
        "free": row.free_places,
        "only": only,
        "walls": row.detail.get("walls", ""),
        "left_open": row.detail.get("left_open", []),
    }


def _folded(head: str, said: str) -> str:
    return textwrap.fill(said, LINE, initial_indent=head, subsequent_indent=" " * len(head))


def _worker(row: FleetWorker, tenant: str, now: datetime) -> dict[str, Any]:
    return {
        "host": row.host,
        "tenant": tenant,
        "use": row.use,
        "pid": row.pid,
        "age": round((now - row.started_at).total_seconds()),
        "idle": round((now - row.active_at).total_seconds()),
        "stopping": row.is_stopping,
        "own_mb": _megabytes(row.own_bytes),
        "pss_mb": _megabytes(row.pss_bytes),
        "cpu_seconds": round(row.cpu_seconds, 2),
    }


def _quarantine(row: Quarantine, tenant: str, now: datetime) -> dict[str, Any]:
    return {
        "tenant": tenant,
        "use": row.use,
        "host": row.host,
        "failures": row.failures,
        "seconds": _left(row.until, now),
        "log": row.log,
        "release": RELEASE.format(tenant),
    }


def _of(hosts: Iterable[FleetHost], alive: set[str], name: str) -> list[dict[str, Any]]:
    return [{**row, "host": host.host} for host in hosts if host.host in alive for row in host.detail.get(name, [])]


def _named(row: Mapping[str, Any], named: Any) -> dict[str, Any]:
    return {**row, "tenant": named(row["tenant"])}


def _left(until: datetime, now: datetime) -> int:
    return max(0, round((until - now).total_seconds()))


def _megabytes(size: int | None) -> float | None:
    return None if size is None else round(size / MEGABYTE, 1)


def _section(title: str, rows: Sequence[Mapping[str, Any]], columns: str) -> str:
    if not rows:
        return f"{title}: none"
    names = columns.split()
    head = "  ".join(_cell(name.replace("_", " "), name) for name in names)
    lines = ["  ".join(_cell(row[name], name) for name in names) for row in rows]
    return "\n".join([title, f"  {head.rstrip()}", *(f"  {line.rstrip()}" for line in lines)])


def _cell(value: Any, column: str) -> str:
    width = WIDTHS.get(column, WIDTH)
    return ("-" if value is None else str(value))[:width].ljust(width)
