"""How many rows a month: of an organisation by its plan and by its own cap, and of one key by its cap.

The broker counts them, so that every process counts in the same place; where it has forgotten, the records of what
was used tell it. Counters live two minutes from their last use, so an odd count does not live long.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, Protocol, TypeVar

import redis
from django.utils import timezone

from tenants import broker, letters, usage
from tenants.errors import QuotaExceeded, Unavailable
from tenants.leases import SHARE, Lease, Leases, Scripts
from tenants.models import ApiKey, Organisation

log = logging.getLogger(__name__)

V = TypeVar("V")

COUNTER_SECONDS = 120
# So close to a limit nobody holds more than is needed: nothing is refused that was left.
RESERVE = 1_000
MARKS = (50, 80, 100)
# What the script says of a counter that the broker does not know.
UNKNOWN = [-1]
_RAISE = "An owner or admin can raise it on the"


@dataclass(frozen=True)
class Limit:
    """One limit. `about` is `plan`, `organisation` for the organisation's own cap, or the id of a key."""

    about: str
    rows: int
    detail: str


@dataclass(frozen=True)
class Counter:
    """Where rows are counted, and the limits that hold there, the least first.

    `key` is the id of the key whose rows alone are counted, or `""` for those of the whole organisation.
    """

    name: str
    key: str
    limits: list[Limit]


@dataclass(frozen=True)
class Mark:
    """50, 80 or 100 per cent of a limit, which a count has just reached."""

    limit: Limit
    percent: int
    used: int


class Inside(Protocol):
    """Runs what asks the database aside, as the organisation."""

    def __call__(self, organisation: Organisation, query: Callable[[], V]) -> Awaitable[V]: ...


def counters(organisation: Organisation, key: ApiKey | None, now: datetime) -> list[Counter]:
    """Return where the rows of this key, or of a person, are counted in this month; nowhere without a limit."""
    plan, cap = organisation.plan.rows_per_month, organisation.rows_cap
    of_all = []
    if plan is not None:
        detail = f"The plan {organisation.plan} has {plan:,} rows a month. Ask whoever runs this service for more."
        of_all.append(Limit("plan", plan, detail))
    if cap is not None:
        detail = f"Your organisation's own cap is {cap:,} rows a month. {_RAISE} plan's page."
        of_all.append(Limit("organisation", cap, detail))
    found = [_counter(organisation.tenant, "", of_all, now)] if of_all else []
    if key is not None and key.rows_cap is not None:
        detail = f"The cap of the key {key.name} is {key.rows_cap:,} rows a month. {_RAISE} key's page."
        found.append(_counter(key.id, key.id, [Limit(key.id, key.rows_cap, detail)], now))
    return found


@contextmanager
def rows_taken(organisation: Organisation, rows: int) -> Iterator[None]:
    """Take `rows` for a person of the organisation, which is entered, and give them back when the block fails.

    Raises QuotaExceeded, and Unavailable when the broker is away.
    """
    counted = counters(organisation, None, timezone.now())
    if not counted:
        yield
        return
    client = broker.shared()
    try:
        reply = client.evalsha(*_taking(counted, rows))
        if reply == UNKNOWN:
            reply = client.evalsha(*_taking(counted, rows, used=_used(organisation, counted)))
    except redis.RedisError:
        raise Unavailable("The broker does not answer. Try again in a moment.", retry_after=2) from None
    tell(reached(counted, rows, reply))
    _enforce(counted, rows, reply)
    try:
        yield
    except BaseException:
        # The error at hand says more than a second one would; a lost broker has lost the counter, too.
        with suppress(redis.RedisError):
            client.evalsha(*_returning(counted, rows))
        raise


class RowLease(Lease):
    """Rows of a month that one key may classify without a question to the broker."""

    def __init__(self, client: Scripts, organisation: Organisation, counted: list[Counter], inside: Inside) -> None:
        super().__init__(counted, most=min(counter.limits[0].rows for counter in counted) // SHARE)
        self._client = client
        self._counted = counted
        self._organisation = organisation
        self._inside = inside
        self._telling: set[asyncio.Task[None]] = set()
        self._told: set[tuple[Limit, int]] = set()

    async def _ask(self, count: int, more: int, *, seconds: float) -> int:
        reply = await self._client.evalsha(*_taking(self._counted, count, more))
        if reply == UNKNOWN:
            used = await self._inside(self._organisation, partial(_used, self._organisation, self._counted))
            reply = await self._client.evalsha(*_taking(self._counted, count, more, used))
        self._tell(reached(self._counted, count, reply))
        _enforce(self._counted, count, reply)
        return int(reply[0])

    def _tell(self, marks: list[Mark]) -> None:
        """Write what the admins are to hear; nobody's answer waits for it."""
        new = [mark for mark in marks if (mark.limit, mark.percent) not in self._told]
        self._told.update((mark.limit, mark.percent) for mark in new)
        if new:
            task = asyncio.get_running_loop().create_task(self._write(new))
            self._telling.add(task)
            task.add_done_callback(self._telling.discard)

    async def _write(self, marks: list[Mark]) -> None:
        try:
            await self._inside(self._organisation, partial(tell, marks))
        except Unavailable as error:
            log.warning("the admins of %s are not told of %s: %s", self._organisation.tenant, marks, error)

    def _return(self, count: int) -> Awaitable[object]:
        return self._client.evalsha(*_returning(self._counted, count))


class RowLeases(Leases[RowLease]):
    def __init__(self, client: Scripts, inside: Inside) -> None:
        super().__init__()
        self._client = client
        self._inside = inside

    def prepare(self, key: ApiKey) -> None:
        """Begin to hold a row of the month, if there are plenty, for a request of the key that is on its way."""
        lease = self._find(key)
        if lease is not None:
            lease.prepare()

    def taken(self, key: ApiKey, rows: int) -> TakenRows:
        """Take `rows` of the month for the block, and give them back when it fails.

        Raises QuotaExceeded, and redis.RedisError when the broker is away.
        """
        return TakenRows(self._find(key), rows)

    def _find(self, key: ApiKey) -> RowLease | None:
        now = datetime.now(UTC)
        return self._get(key, (now.year, now.month))

    def _make(self, key: ApiKey) -> RowLease | None:
        counted = counters(key.organisation, key, timezone.now())
        return RowLease(self._client, key.organisation, counted, self._inside) if counted else None


class TakenRows:
    """Rows of the month that are taken for a block; none where there is no limit."""

    def __init__(self, lease: RowLease | None, rows: int) -> None:
        self._lease = lease
        self._rows = rows

    async def __aenter__(self) -> None:
        if self._lease is not None:
            await self._lease.take(self._rows)

    async def __aexit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if self._lease is not None and kind is not None:
            self._lease.put_back(self._rows)


def reached(counted: Sequence[Counter], needed: int, reply: Sequence[int]) -> list[Mark]:
    """Return the highest mark of each limit that this count has reached; to be refused late is to reach the end."""
    granted, *taken = map(int, reply)
    marks = []
    for counter, used in zip(counted, taken, strict=True):
        for limit in counter.limits:
            passed = [mark for mark in MARKS if used - granted < limit.rows * mark / 100 <= used]
            if not granted and used + needed > limit.rows and used >= limit.rows * MARKS[-2] / 100:
                passed = [MARKS[-1]]
            marks += [Mark(limit, mark, used) for mark in passed[-1:]]
    return marks


def tell(marks: Sequence[Mark]) -> None:
    """Have the admins of the organisation, which is entered, told once a month of each mark."""
    for mark in marks:
        reason = f"{mark.used:,} rows are used. {mark.limit.detail}"
        letters.write_about_rows(about=mark.limit.about, percent=mark.percent, reason=reason)


def _used(organisation: Organisation, counted: Sequence[Counter]) -> list[int]:
    today = timezone.now().date()
    return [usage.rows_of_month(organisation, today, counter.key) for counter in counted]


def _counter(place: str, key: str, limits: list[Limit], now: datetime) -> Counter:
    return Counter(f"web:rows:{place}:{now:%Y-%m}", key, sorted(limits, key=lambda limit: limit.rows))


def _taking(counted: Sequence[Counter], needed: int, more: int = 0, used: Sequence[int] = ()) -> tuple[Any, ...]:
    numbers = [needed, more, RESERVE, COUNTER_SECONDS, *(counter.limits[0].rows for counter in counted), *used]
    return broker.script("take_rows"), len(counted), *(counter.name for counter in counted), *map(str, numbers)


def _returning(counted: Sequence[Counter], rows: int) -> tuple[Any, ...]:
    return broker.script("return_rows"), len(counted), *(counter.name for counter in counted), str(rows)


def _enforce(counted: Sequence[Counter], needed: int, reply: Sequence[int]) -> None:
    """Raise QuotaExceeded when what is needed was not granted.

    It lasts until the month ends, unless somebody raises the limit.
    """
    granted, *taken = map(int, reply)
    if granted >= needed:
        return
    left = [(counter.limits[0].rows - used, counter.limits[0]) for counter, used in zip(counted, taken, strict=True)]
    rest, limit = min(left, key=lambda each: each[0])
    detail = f"{limit.detail} {max(rest, 0):,} are left, and this request has {needed:,}."
    raise QuotaExceeded(detail, retry_after=_seconds_left(timezone.now()))


def _seconds_left(now: datetime) -> int:
    """Return the seconds until the month of `now` ends."""
    in_next_month = now.replace(day=1) + timedelta(days=32)
    end = in_next_month.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    return int((end - now).total_seconds()) + 1
