"""The scribe, with stand-ins for the database where it fails. A real one is in tests/end_to_end/test_results.py."""

import time
from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from django.db import DataError, OperationalError, connections

from classifier import results, scribe
from classifier.results import Answered
from classifier.scribe import Scribe
from tenants.models import Organisation
from tests import universe
from tests.classifier.test_results import answered


@pytest.fixture(scope="module")
def noted(service: object, django_db_blocker: object) -> Iterator[Organisation]:
    """An organisation whose answers other threads can see."""
    with django_db_blocker.unblock():  # type: ignore[attr-defined]  # pytest-django's
        yield universe.organisation("Noted", universe.person("nora"))[0]
        connections.close_all()


def written(record: list[list[str]], monkeypatch: pytest.MonkeyPatch) -> None:
    """Write into a list instead."""

    def keep(batch: Sequence[Answered]) -> None:
        record.append([each.request["id"][-1] for each in batch])

    monkeypatch.setattr(results, "record", keep)


def note(writer: Scribe, *numbers: int, **named: Any) -> None:
    for number in numbers:
        one = answered(number, "bug", **named)
        writer.note(one.request, one.reply)


def test_what_is_answered_together_is_written_together(
    committed: None, noted: Organisation, monkeypatch: pytest.MonkeyPatch
) -> None:
    record: list[list[str]] = []
    written(record, monkeypatch)
    writer = Scribe(noted.tenant)
    note(writer, 1, 2, 3)
    writer.stop()
    assert record == [["1", "2", "3"]]


def test_an_organisation_that_keeps_nothing_costs_no_thread(noted: Organisation) -> None:
    writer = Scribe(noted.tenant)
    note(writer, 1, keep_seconds=0)
    assert writer._thread is None
    writer.stop()


def test_nothing_is_lost_while_the_database_is_away(
    committed: None, noted: Organisation, monkeypatch: pytest.MonkeyPatch
) -> None:
    record: list[list[str]] = []

    def fail_once(batch: Sequence[Answered]) -> None:
        written(record, monkeypatch)
        raise OperationalError

    monkeypatch.setattr(results, "record", fail_once)
    writer = Scribe(noted.tenant)
    note(writer, 1, 2)
    deadline = time.monotonic() + 5
    while not record and time.monotonic() < deadline:
        time.sleep(0.05)
    writer.stop()
    assert record == [["1", "2"]]


def test_an_answer_that_is_refused_takes_no_other_with_it(
    committed: None, noted: Organisation, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    kept: list[str] = []

    def refuse_two(batch: Sequence[Answered]) -> None:
        ids = [each.request["id"][-1] for each in batch]
        if "2" in ids:
            raise DataError
        kept.extend(ids)

    monkeypatch.setattr(results, "record", refuse_two)
    writer = Scribe(noted.tenant)
    note(writer, 1, 2, 3)
    writer.stop()
    assert kept == ["1", "3"]
    assert f"cls_{2:020d} is not kept" in caplog.text


def test_what_waits_is_bounded(noted: Organisation, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scribe, "ROOM", 0)
    writer = Scribe(noted.tenant)
    note(writer, 1)
    assert writer._thread is None
