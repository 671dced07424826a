"""Which host serves which organisation, kept in PostgreSQL and in its time.

The token is the fence: it rises whenever a lease changes hands, and the database hands no job to a worker that was
started under an older one.
"""

from collections.abc import Collection, Mapping
from datetime import timedelta
from typing import Any, LiteralString

from django.db import connection

LEASE = timedelta(seconds=15)
RENEWED_EVERY = 5.0
# Whoever cannot renew stops its workers so long after the last time, and kills them before the lease has run out.
STOPPED_AFTER, KILLED_AFTER = 8.0, 11.0

# A host that was started again takes over what it held before: its workers died with it, and if one did not, the
# new token keeps it from the jobs.
_ADOPT: LiteralString = """
    UPDATE tenant_lease SET token = token + 1, until = clock_timestamp() + %s
    WHERE host = %s AND until > clock_timestamp() RETURNING tenant, token
"""
_CLAIM: LiteralString = """
    INSERT INTO tenant_lease AS lease (tenant, host, token, until)
    SELECT tenant, %s, 1, clock_timestamp() + %s FROM unnest(%s::text[]) AS tenant ORDER BY tenant
    ON CONFLICT (tenant) DO UPDATE SET host = excluded.host, until = excluded.until, token = lease.token + 1
    WHERE lease.until < clock_timestamp()
    RETURNING tenant, token
"""
_RENEW: LiteralString = """
    UPDATE tenant_lease SET until = clock_timestamp() + %s
    FROM unnest(%s::text[], %s::bigint[]) AS held (tenant, token)
    WHERE tenant_lease.tenant = held.tenant AND host = %s AND tenant_lease.token = held.token
    RETURNING tenant_lease.tenant
"""
_RELEASE: LiteralString = """
    UPDATE tenant_lease SET until = '-infinity'
    FROM unnest(%s::text[], %s::bigint[]) AS held (tenant, token)
    WHERE tenant_lease.tenant = held.tenant AND host = %s AND tenant_lease.token = held.token
"""
_ELSEWHERE: LiteralString = "SELECT tenant, host FROM tenant_lease WHERE host <> %s AND until > clock_timestamp()"

# The attempt counts: what ends its worker each time must come to an end.
_GIVE_BACK: LiteralString = "SELECT give_back_jobs(%s, %s)"


def adopt(host: str) -> dict[str, int]:
    """Return what this host held when it was stopped, under new tokens."""
    return dict(_rows(_ADOPT, LEASE, host))


def claim(host: str, tenants: Collection[str]) -> dict[str, int]:
    """Take the leases that are free, and return their tokens."""
    return dict(_rows(_CLAIM, host, LEASE, list(tenants)))


def renew(host: str, held: Mapping[str, int]) -> set[str]:
    """Renew what is held, and return what is held still: also what has run out, if nobody has taken it since."""
    return {tenant for (tenant,) in _rows(_RENEW, LEASE, list(held), list(held.values()), host)} if held else set()


def release(host: str, held: Mapping[str, int]) -> None:
    """Let others have them at once."""
    with connection.cursor() as cursor:
        cursor.execute(_RELEASE, [list(held), list(held.values()), host])


def give_back(workers: Collection[str] = (), *, tenants: Collection[str] = ()) -> list[str]:
    """Have what these dead workers had in hand sent to others at once, and return which jobs those are.

    Of `tenants` all workers are dead.
    """
    return [job for (job,) in _rows(_GIVE_BACK, list(workers), list(tenants))]


def elsewhere(host: str) -> dict[str, str]:
    """Return who is served by which other host."""
    return dict(_rows(_ELSEWHERE, host))


def _rows(statement: LiteralString, *values: Any) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return list(cursor.fetchall())
