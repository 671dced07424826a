import time
from datetime import timedelta
from typing import Any

import httpx2 as httpx
import pytest
from django.db import DatabaseError, connection, transaction
from django.utils import timezone

from tenants import health
from tenants.heartbeats import Heart
from tests.service import Service


def test_every_part_of_the_running_service_tells_that_it_lives(service: Service, db: None) -> None:
    deadline = time.monotonic() + 30
    while health.parts_alive() != set(health.PARTS) and time.monotonic() < deadline:
        time.sleep(0.5)
    assert health.parts_alive() == set(health.PARTS)


def test_who_has_been_silent_for_long_is_not_alive(service: Service, db: None) -> None:
    later = health.beats(timezone.now() + timedelta(minutes=2))
    assert {beat.part for beat in later} == set(health.PARTS)
    assert not any(beat.is_alive for beat in later)


def test_who_was_never_heard_of_is_listed_all_the_same(db: None) -> None:
    long_after = health.beats(timezone.now() + timedelta(days=3))
    assert [(beat.part, beat.at) for beat in long_after] == [(part, None) for part in health.PARTS]


def test_readiness_reports_web_fleet_and_registrar(service: Service) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        answer = httpx.get(f"{service.url}/readyz")
        if answer.json().get("registrar") and answer.json().get("fleet"):
            break
        time.sleep(0.5)
    everything = {"status": "ready", **dict.fromkeys(("database", "broker", "web", "fleet", "registrar"), True)}
    assert (answer.status_code, answer.json()) == (200, everything)


def test_a_heart_writes_every_ten_seconds_and_not_more_often() -> None:
    written: list[Any] = []
    heart = Heart("fleet")
    for _ in range(3):
        heart.beat(lambda statement, values: written.append(values), workers=2)
    assert [(part, detail) for part, _, detail in written] == [("fleet", '{"workers": 2}')]


def test_the_web_process_cannot_pretend_that_a_part_lives(db: None) -> None:
    with pytest.raises(DatabaseError, match="permission denied"), transaction.atomic(), connection.cursor() as cursor:
        Heart("fleet").beat(cursor.execute)


def test_the_overview_counts_and_names_nobody(db: None, acme: Any) -> None:
    overview = health.overview()
    assert overview.broker
    assert overview.organisations["active"] >= 1
    assert acme.tenant not in repr(overview)
