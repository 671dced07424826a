"""The sliding minute: its arithmetic against a clock of the test's own, and two real processes at one key."""

import subprocess
import sys
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable
from typing import Any

import pytest
import redis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from redis.commands.core import Script

from saas.instance import ROOT
from tenants import broker, ids, rates
from tenants.leases import HOLD_SECONDS, SPARE_SECONDS
from tenants.models import ApiKey, Organisation, Plan
from tests.service import Service

LIMIT = 20
# How long until the next step in ms, how much is needed and taken to spare, for how long that is held, and how much of
# it is used after which part of that time.
STEPS = st.lists(
    st.tuples(
        st.integers(0, 9_000),
        st.integers(0, 9),
        st.integers(0, 9),
        st.sampled_from((HOLD_SECONDS, SPARE_SECONDS)),
        st.integers(0, 9),
        st.floats(0, 1),
    ),
    max_size=60,
)

Take = Callable[..., list[int]]


@pytest.fixture
def owner(service: Service) -> redis.Redis:
    return redis.Redis.from_url(service.instance.owner_redis_url())


@pytest.fixture
def take(owner: redis.Redis) -> Take:
    """The script that takes tokens, at a time that is given to it."""
    text = (broker.SCRIPTS / "take_tokens.lua").read_text().replace("redis.call('TIME')", "{ARGV[8], ARGV[9]}")
    script: Script = owner.register_script(text)

    def at(
        moment: int, bucket: str, needed: int, limit: int = LIMIT, *, spare: int = 0, seconds: float = HOLD_SECONDS
    ) -> list[int]:
        _, _, _, *given = rates._taking([rates.Policy("minute", bucket, limit, "")], needed, spare, seconds)
        whole, rest = divmod(moment, 1000)
        return list(map(int, script(keys=[bucket], args=[*given, whole, rest * 1000])))

    return at


def fullest(moments: Iterable[float], window: float) -> int:
    """Return how many of the moments lie in the fullest window."""
    ordered = sorted(moments)
    return max((bisect_right(ordered, moment + window) - place for place, moment in enumerate(ordered)), default=0)


# Each example has a bucket of its own.
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS)
def test_no_minute_sees_more_than_the_limit(take: Take, owner: redis.Redis, steps: list[tuple[Any, ...]]) -> None:
    bucket, now, used = f"web:rate:{ids.random_text(12)}", 1_000_000, list[float]()
    limit = 10 * LIMIT
    for pause, needed, wanted, seconds, share, part in steps:
        now += pause
        granted, spare, slot, *_ = take(now, bucket, 9 * needed, limit, spare=9 * wanted, seconds=seconds)
        spent = min(spare, 9 * share)
        used += [now] * (granted - spare) + [now + part * seconds * 1000] * spent
        if spare > spent:
            owner.evalsha(broker.script("return_tokens"), 1, bucket, slot, spare - spent)
    assert fullest(used, 60_000) <= limit


def test_what_was_taken_comes_free_when_it_was_said(take: Take) -> None:
    bucket = f"web:rate:{ids.random_text(12)}"
    take(1_000_000, bucket, LIMIT)
    granted, _, _, left, wait = take(1_020_300, bucket, 1)
    assert (granted, left) == (0, 0)
    assert take(1_020_300 + wait - 1, bucket, 1)[0] == 0
    assert take(1_020_300 + wait, bucket, 1)[0] == 1


def test_no_more_is_held_than_a_tenth_of_what_is_left(take: Take) -> None:
    bucket = f"web:rate:{ids.random_text(12)}"
    assert take(1_000_000, bucket, 9, 50, spare=8)[:2] == [13, 4]
    assert take(1_000_000, bucket, 30, 50, spare=8)[:2] == [30, 0]
    assert take(1_000_000, bucket, 8, 50, spare=8)[:2] == [7, 0]


def test_a_clock_that_was_set_back_locks_nobody_out(take: Take) -> None:
    bucket = f"web:rate:{ids.random_text(12)}"
    assert take(9_000_000, bucket, LIMIT)[0] == LIMIT
    assert take(1_000_000, bucket, 5)[0] == 5


def test_what_the_broker_has_forgotten_is_not_given_back(take: Take, owner: redis.Redis) -> None:
    bucket = f"web:rate:{ids.random_text(12)}"
    _, _, slot, *_ = take(1_000_000, bucket, 9)
    owner.delete(bucket)
    owner.evalsha(broker.script("return_tokens"), 1, bucket, slot, 9)
    assert take(1_000_000, bucket, 99)[0] == LIMIT


def test_two_processes_at_one_key_get_what_is_allowed_and_no_more(service: Service) -> None:
    # Half a minute, to wait less; a second of what counts is more than the window, which of a minute is 1.6 %.
    limit, window, rate, seconds = 300, 30, 6, 46
    bucket = f"web:rate:{ids.random_text(12)}"
    command = [sys.executable, "-m", "tests.tenants.hammering", bucket, *map(str, (limit, window, rate, seconds))]
    both = [subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    moments = sorted(float(line) for process in both for line in process.communicate(timeout=90)[0].split())
    assert fullest(moments, window) <= limit
    full = [moment for moment in moments if moment + window <= moments[-1]]
    emptiest = min(bisect_left(moments, moment + window) - place for place, moment in enumerate(full))
    assert emptiest >= 0.95 * limit


def test_the_web_may_run_the_scripts_and_load_none(service: Service, db: None) -> None:
    client = broker.shared()
    with pytest.raises(redis.exceptions.NoPermissionError):
        client.script_load("return 1")
    with pytest.raises(redis.exceptions.NoPermissionError):
        client.eval("return 1", 0)
    with pytest.raises(redis.exceptions.NoPermissionError):
        client.evalsha(broker.script("return_rows"), 1, "t:0000000000000000:infer", 1)


def test_a_request_that_its_organisation_may_not_make_costs_its_key_nothing(service: Service) -> None:
    plan = Plan(requests_per_minute=9, organisation_requests_per_minute=1)
    organisation = Organisation(tenant=ids.new_tenant(), plan=plan)
    one, other = (ApiKey(id=ids.new("key"), organisation=organisation) for _ in range(2))
    allowances = [rates.count(broker.shared(), key) for key in (one, other)]
    assert [(each.granted, each.left) for each in allowances if each] == [(1, [8, 0]), (0, [9, 0])]
