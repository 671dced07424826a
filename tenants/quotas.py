"""What a plan allows over time: requests a minute of one key, and rows a month of one organisation.

Both are counters in the broker, raised with one atomic command, so that every process counts in the same one.
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta

import redis
import redis.asyncio
from django.utils import timezone

from tenants.errors import QuotaExceeded, RateLimited
from tenants.models import ApiKey

MINUTE = 60
# Longer than any month, so that a counter outlives the month that it counts.
MONTH_SECONDS = 40 * 24 * 3600


@dataclass(frozen=True)
class Allowance:
    """What is left of a key's minute. `remaining` is negative when the request at hand is one too many."""

    limit: int
    remaining: int
    reset: int

    def headers(self) -> dict[str, str]:
        """Return the fields of draft-ietf-httpapi-ratelimit-headers."""
        return {
            "RateLimit-Policy": f'"minute";q={self.limit};w={MINUTE}',
            "RateLimit": f'"minute";r={max(self.remaining, 0)};t={self.reset}',
        }

    def enforce(self) -> None:
        """Raise RateLimited when nothing is left."""
        if self.remaining < 0:
            detail = f"This key may make {self.limit:,} requests a minute. Wait {self.reset} s, or send fewer."
            raise RateLimited(detail, retry_after=self.reset)


def count_request(client: redis.Redis, key: ApiKey) -> Allowance | None:
    """Count one request of `key` and return what is left, or None where its plan has no limit."""
    minute = _Minute.of(key)
    if minute is None:
        return None
    pipeline = client.pipeline(transaction=False)
    pipeline.incrby(minute.counter, 1)
    pipeline.expire(minute.counter, 2 * MINUTE)
    return minute.allowance(pipeline.execute()[0])


async def count_request_async(client: redis.asyncio.Redis, key: ApiKey) -> Allowance | None:
    """Do what `count_request` does."""
    minute = _Minute.of(key)
    if minute is None:
        return None
    pipeline = client.pipeline(transaction=False)
    pipeline.incrby(minute.counter, 1)
    pipeline.expire(minute.counter, 2 * MINUTE)
    return minute.allowance((await pipeline.execute())[0])


@asynccontextmanager
async def rows_taken(
    client: redis.asyncio.Redis, key: ApiKey, rows: int, used: Callable[[], Awaitable[int]]
) -> AsyncIterator[None]:
    """Take `rows` from the month of the key's organisation for the block, and give them back when it fails.

    `used` returns what the organisation's records say of this month; it is asked where the broker is empty.
    Raises QuotaExceeded, which lasts until the month ends.
    """
    limit = key.organisation.plan.rows_per_month
    if limit is None:
        yield
        return
    now = timezone.now()
    counter = f"web:rows:{key.organisation_id}:{now:%Y-%m}"
    taken = await client.incrby(counter, rows)
    try:
        # Only the first to count sees its own rows alone: after the turn of the month, or an empty restart.
        if taken == rows:
            taken = await client.incrby(counter, await used())
            await client.expire(counter, MONTH_SECONDS)
        if taken > limit:
            detail = f"The plan {key.organisation.plan} classifies {limit:,} rows a month. Ask for a larger one."
            raise QuotaExceeded(detail, retry_after=_seconds_left(now))
        yield
    except BaseException:
        # The error at hand says more than a second one would; a lost broker has lost the counter, too.
        with suppress(redis.RedisError):
            await client.incrby(counter, -rows)
        raise


@dataclass(frozen=True)
class _Minute:
    limit: int
    counter: str
    reset: int

    @classmethod
    def of(cls, key: ApiKey) -> _Minute | None:
        limit = key.organisation.plan.requests_per_minute
        if limit is None:
            return None
        number, elapsed = divmod(int(time.time()), MINUTE)
        return cls(limit, f"web:rate:{key.id}:{number}", MINUTE - elapsed)

    def allowance(self, count: int) -> Allowance:
        return Allowance(self.limit, self.limit - count, self.reset)


def _seconds_left(now: datetime) -> int:
    """Return the seconds until the month of `now` ends."""
    in_next_month = now.replace(day=1) + timedelta(days=32)
    end = in_next_month.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    return int((end - now).total_seconds()) + 1
