"""How many requests a minute: of one key, and of its organisation with all keys together.

The broker counts in a sliding minute, so no sixty seconds see more than the limit, wherever they begin. A token is
used within half a second after it was taken, so what counts is half a second more than a minute, in whole slots. What
may be held for longer is counted as if it were taken later.
"""

from __future__ import annotations

import math
import time
from collections.abc import Awaitable, Sequence
from dataclasses import dataclass
from typing import Any

import redis

from tenants import broker
from tenants.errors import RateLimited, Unavailable
from tenants.leases import HOLD_SECONDS, SHARE, SPARE_SECONDS, Lease, Leases, Scripts
from tenants.models import ApiKey

MINUTE = 60
SLOT_SECONDS = 0.5


@dataclass(frozen=True)
class Policy:
    """One limit, by the name that it has in the headers. Its `bucket` lies in the broker."""

    name: str
    bucket: str
    limit: int
    whose: str
    seconds: int = MINUTE


def policies(key: ApiKey) -> list[Policy]:
    """Return what the key's plan limits."""
    plan = key.organisation.plan
    limits = [
        ("minute", f"web:rate:{key.id}", plan.requests_per_minute, "This key"),
        (
            "organisation",
            f"web:rate:{key.organisation_id}",
            plan.organisation_requests_per_minute,
            "This organisation, with all its keys,",
        ),
    ]
    return [Policy(name, bucket, limit, whose) for name, bucket, limit, whose in limits if limit is not None]


@dataclass(frozen=True)
class Allowance:
    """What the broker granted of a key's policies, what is left of each, and when more come free.

    Of what was granted `spare` tokens were not needed yet, and are counted in that `slot`.
    """

    policies: Sequence[Policy]
    granted: int
    spare: int
    slot: int
    left: list[int]
    free_at: list[float]

    @classmethod
    def read(cls, policies: Sequence[Policy], reply: Sequence[int]) -> Allowance:
        granted, spare, slot, *states = map(int, reply)
        now = time.monotonic()
        free_at = [now + milliseconds / 1000 for milliseconds in states[1::2]]
        return cls(policies, granted, spare, slot, states[::2], free_at)

    def headers(self, held: int = 0) -> dict[str, str]:
        """Return the fields of draft-ietf-httpapi-ratelimit-headers; of what is left `held` are at hand already."""
        now = time.monotonic()
        left = [
            f'"{policy.name}";r={max(left, 0) + held};t={_seconds(free_at, now)}'
            for policy, left, free_at in zip(self.policies, self.left, self.free_at, strict=True)
        ]
        allowed = [f'"{policy.name}";q={policy.limit};w={policy.seconds}' for policy in self.policies]
        return {"RateLimit-Policy": ", ".join(allowed), "RateLimit": ", ".join(left)}

    def enforce(self) -> None:
        """Raise RateLimited when nothing was granted."""
        if self.granted:
            return
        now = time.monotonic()
        states = zip(self.policies, self.left, self.free_at, strict=True)
        waits = [(_seconds(free_at, now), policy) for policy, left, free_at in states if left <= 0]
        wait, policy = max(waits, key=lambda each: each[0])
        detail = f"{policy.whose} may make {policy.limit:,} requests a minute. Wait {wait} s, or send fewer."
        raise RateLimited(detail, retry_after=wait)


def count(client: redis.Redis, key: ApiKey) -> Allowance | None:
    """Count one request of `key` and return what is left, or None where its plan has no limit."""
    limited = policies(key)
    return Allowance.read(limited, client.evalsha(*_taking(limited, 1))) if limited else None


class RateLease(Lease):
    """Requests that one key may make without a question to the broker."""

    def __init__(self, client: Scripts, limited: Sequence[Policy]) -> None:
        super().__init__(limited, most=max(0, min(policy.limit for policy in limited) // SHARE - 1))
        self._client = client
        self._policies = limited
        self._allowance: Allowance | None = None
        self._refused_until = 0.0

    def headers(self) -> dict[str, str]:
        return self._allowance.headers(self.held) if self._allowance else {}

    async def _ask(self, count: int, more: int, *, seconds: float) -> int:
        asked = time.monotonic()
        if self._allowance is None or asked >= self._refused_until:
            reply = await self._client.evalsha(*_taking(self._policies, count, more, seconds))
            self._allowance = Allowance.read(self._policies, reply)
        if count and not self._allowance.granted:
            self._remember_refusal(self._allowance)
            self._allowance.enforce()
        if time.monotonic() - asked >= HOLD_SECONDS:
            needed = self._allowance.granted - self._allowance.spare
            await self._give(self._allowance.slot - _slots_ahead(seconds), needed)
            await self._return(self._allowance.spare)
            raise Unavailable("The broker answers too slowly just now. Try again.", retry_after=1)
        return self._allowance.granted

    def _remember_refusal(self, refused: Allowance) -> None:
        """Whoever floods is refused from memory; half a second later somebody else may have given some back."""
        if time.monotonic() >= self._refused_until:
            self._refused_until = min(max(refused.free_at), time.monotonic() + HOLD_SECONDS)

    def _return(self, count: int) -> Awaitable[object]:
        return self._give(self._allowance.slot if self._allowance else 0, count)

    async def _give(self, slot: int, count: int) -> None:
        if not count:  # A bucket that is not there would be made, and never be forgotten.
            return
        buckets = [policy.bucket for policy in self._policies]
        await self._client.evalsha(broker.script("return_tokens"), len(buckets), *buckets, str(slot), str(count))


class RateLeases(Leases[RateLease]):
    def __init__(self, client: Scripts) -> None:
        super().__init__()
        self._client = client

    async def admit(self, key: ApiKey, headers: dict[str, str]) -> None:
        """Count one request of `key`, and put what is left into `headers`.

        Raises RateLimited, and redis.RedisError when the broker is away.
        """
        lease = self._get(key)
        if lease is None:
            return
        try:
            await lease.take()
        finally:
            headers.update(lease.headers())

    def _make(self, key: ApiKey) -> RateLease | None:
        limited = policies(key)
        return RateLease(self._client, limited) if limited else None


def _taking(limited: Sequence[Policy], needed: int, spare: int = 0, seconds: float = HOLD_SECONDS) -> tuple[Any, ...]:
    """Return the command that takes tokens; those to spare may be held for `seconds`."""
    buckets = [policy.bucket for policy in limited]
    slots = math.ceil((limited[0].seconds + HOLD_SECONDS) / SLOT_SECONDS) + 1
    ahead, furthest = _slots_ahead(seconds), _slots_ahead(SPARE_SECONDS)
    limits = (policy.limit for policy in limited)
    numbers = [needed, spare, ahead, int(SLOT_SECONDS * 1000), slots, furthest, *limits]
    return broker.script("take_tokens"), len(buckets), *buckets, *map(str, numbers)


def _slots_ahead(seconds: float) -> int:
    """Return how many slots later what is held for so long is counted than what is used within half a second."""
    return math.ceil((seconds - HOLD_SECONDS) / SLOT_SECONDS)


def _seconds(moment: float, now: float) -> int:
    return max(1, math.ceil(moment - now))
