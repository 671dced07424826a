"""Rows of a month: what is counted where, which limit refuses, which mark is reached."""

from collections.abc import Sequence

import pytest
from django.utils import timezone

from tenants import broker, ids, isolation, quotas
from tenants.errors import QuotaExceeded
from tenants.models import ApiKey, Letter, Organisation, Plan
from tenants.records.models import Usage
from tests.conftest import anew


def organisation(*, plan: int | None = None, cap: int | None = None) -> Organisation:
    return Organisation(tenant=ids.new_tenant(), plan=Plan(name="some", rows_per_month=plan), rows_cap=cap)


def about(counters: Sequence[quotas.Counter]) -> list[list[str]]:
    return [[limit.about for limit in counter.limits] for counter in counters]


def take(organisation: Organisation, rows: int) -> None:
    with quotas.rows_taken(organisation, rows):
        pass


def limit(organisation: Organisation, *, plan: int | None = None, cap: int | None = None) -> Organisation:
    """Give the organisation these limits, and nothing counted yet."""
    Plan.objects.filter(pk=organisation.plan_id).update(rows_per_month=plan)
    Organisation.objects.filter(pk=organisation.pk).update(rows_cap=cap)
    broker.shared().delete(f"web:rows:{organisation.tenant}:{timezone.now():%Y-%m}")
    return anew(organisation)


def told(organisation: Organisation) -> list[tuple[str, str]]:
    return list(Letter.objects.filter(tenant=organisation.tenant).order_by("id").values_list("kind", "about"))


def test_the_least_limit_comes_first(service: object) -> None:
    key = ApiKey(id="key_1", rows_cap=5)
    now = timezone.now()
    assert about(quotas.counters(organisation(plan=100, cap=50), key, now)) == [["organisation", "plan"], ["key_1"]]
    assert about(quotas.counters(organisation(plan=10, cap=50), None, now)) == [["plan", "organisation"]]
    assert quotas.counters(organisation(), ApiKey(id="key_2"), now) == []


def test_a_cap_refuses_and_says_who_raises_it(acme: Organisation) -> None:
    capped = limit(acme, plan=100, cap=10)
    with isolation.entered(capped):
        take(capped, 8)
        with pytest.raises(QuotaExceeded, match=r"own cap is 10 rows .* admin can raise it .* 2 are left") as refused:
            take(capped, 3)
        take(capped, 2)
    assert 0 < refused.value.retry_after <= 31 * 24 * 3600


def test_what_failed_is_given_back(acme: Organisation) -> None:
    capped = limit(acme, cap=10)
    with isolation.entered(capped):
        with pytest.raises(ValueError, match="no answer"), quotas.rows_taken(capped, 10):
            raise ValueError("no answer")
        take(capped, 10)


def test_the_limit_of_one_is_not_a_strangers(acme: Organisation, globex: Organisation) -> None:
    capped = limit(acme, cap=1)
    other = limit(globex, cap=1)
    with isolation.entered(capped):
        take(capped, 1)
    with isolation.entered(other):
        take(other, 1)


def test_a_broker_that_knows_nothing_asks_the_records(acme: Organisation) -> None:
    capped = limit(acme, cap=10)
    with isolation.entered(capped):
        Usage.objects.create(day=timezone.now().date(), api_key="", model="m", rows=9)
        take(capped, 1)
        with pytest.raises(QuotaExceeded):
            take(capped, 1)


def test_more_than_is_needed_is_granted_only_far_from_the_limit(service: object) -> None:
    counted = quotas.counters(organisation(plan=10_000), None, timezone.now())
    ask = broker.shared().evalsha
    assert ask(*quotas._taking(counted, 1, 100, [0])) == [101, 101]
    assert ask(*quotas._taking(counted, 8_500)) == [8_500, 8_601]
    assert ask(*quotas._taking(counted, 1, 100)) == [1 + 39, 8_641]
    assert ask(*quotas._taking(counted, 400, 100)) == [400, 9_041]
    assert ask(*quotas._taking(counted, 959, 100)) == [959, 10_000]
    assert ask(*quotas._taking(counted, 1)) == [0, 10_000]


@pytest.mark.parametrize(
    ("granted", "used", "needed", "percent"),
    [(10, 49, 10, []), (1, 50, 1, [50]), (40, 90, 40, [80]), (1, 100, 1, [100]), (0, 95, 6, [100]), (0, 10, 95, [])],
)
def test_a_mark_is_reached_by_one_count(granted: int, used: int, needed: int, percent: list[int]) -> None:
    counted = quotas.counters(organisation(plan=100), None, timezone.now())
    assert [mark.percent for mark in quotas.reached(counted, needed, [granted, used])] == percent


def test_admins_are_told_once_of_each_mark(acme: Organisation) -> None:
    capped = limit(acme, plan=1000, cap=10)
    with isolation.entered(capped):
        for rows in (5, 1, 2, 2):
            take(capped, rows)
        for _ in range(2):
            with pytest.raises(QuotaExceeded):
                take(capped, 1)
    assert told(acme) == [("half_used", "organisation"), ("most_used", "organisation"), ("all_used", "organisation")]


def test_no_letter_is_about_a_strangers_key(acme: Organisation, globex: Organisation) -> None:
    key = globex.api_keys.get()
    with isolation.entered(acme):
        quotas.tell([quotas.Mark(quotas.Limit(key.id, 10, "It is so."), 50, 5)])
    assert told(acme) == []
