"""What PostgreSQL tells the gateways, so that they forget what they knew of a caller."""

from collections.abc import Iterator
from datetime import timedelta

import psycopg
import pytest
from django.utils import timezone

from tenants import accounts, keys, operators, wakeups
from tenants.models import ApiKey, Organisation, Plan
from tests import universe


@pytest.fixture
def heard(committed: None) -> Iterator[psycopg.Connection]:
    with wakeups.listening("caller") as opened:
        yield opened


@pytest.fixture
def made(committed: None) -> Organisation:
    return universe.organisation("Noticed", universe.person("nora"))[0]


def about(heard: psycopg.Connection, organisation: Organisation) -> list[str]:
    """Return what is said of the organisation, or of everybody, until half a second passes without a word."""
    said = iter(lambda: list(heard.notifies(timeout=0.5, stop_after=1)), [])
    return [notice.payload for each in said for notice in each if notice.payload in (organisation.tenant, "*")]


def test_a_revoked_key_is_told(made: Organisation, heard: psycopg.Connection) -> None:
    keys.revoke(organisation=made, key_id=made.api_keys.get().id, by="nora")
    assert about(heard, made) == [made.tenant]


def test_a_suspended_organisation_is_told(made: Organisation, heard: psycopg.Connection) -> None:
    accounts.suspend(organisation=made)
    accounts.resume(organisation=made)
    assert about(heard, made) == [made.tenant] * 2


def test_caps_are_told(made: Organisation, heard: psycopg.Connection) -> None:
    accounts.change(organisation=made, by="nora", rows_cap=5)
    keys.cap(organisation=made, key_id=made.api_keys.get().id, rows=5, by="nora")
    assert about(heard, made) == [made.tenant] * 2


def test_another_plan_and_another_limit_of_a_plan_are_told(made: Organisation, heard: psycopg.Connection) -> None:
    plan = Plan(name=f"of-{made.slug}", requests_per_minute=5)
    operators.save_plan(plan=plan, by="olga")
    operators.change_plan(organisation=made, plan=plan, by="olga")
    plan.requests_per_minute = 6
    operators.save_plan(plan=plan, by="olga")
    assert about(heard, made) == [made.tenant, "*"]


def test_that_a_key_is_used_is_told_to_nobody_and_written_once_a_minute(
    made: Organisation, heard: psycopg.Connection
) -> None:
    key = made.api_keys.get()
    keys.note_use(key)
    noted = ApiKey.objects.get(pk=key.pk).last_used_at
    assert not keys.is_use_due(key)
    keys.note_use(key)
    assert ApiKey.objects.get(pk=key.pk).last_used_at == noted
    key.last_used_at = timezone.now() - timedelta(minutes=2)
    assert keys.is_use_due(key)
    assert about(heard, made) == []
