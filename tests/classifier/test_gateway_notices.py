"""What PostgreSQL tells of changes, and how long what is remembered counts as true."""

import asyncio
import time
from collections.abc import AsyncIterator

import pytest
from django.db import connection

from classifier.gateway import notices
from classifier.gateway.memory import Memory
from classifier.gateway.notices import Notices
from tests.classifier.gateway_stand_ins import aside

pytest_plugins = ["tests.classifier.gateway_fixtures"]
pytestmark = pytest.mark.anyio

CHANNEL = "weather"


class Counter:
    """Looks up how often it was asked."""

    def __init__(self) -> None:
        self.asked = 0

    async def look_up(self, key: str) -> int:
        self.asked += 1
        return self.asked


@pytest.fixture
def heard(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What the listener has heard."""
    monkeypatch.setattr(notices, "CONFIRM_SECONDS", 0.05)
    monkeypatch.setattr(notices, "PAUSE", 0.3)
    return []


@pytest.fixture
async def listener(heard: list[str], committed: None, anyio_backend: str) -> AsyncIterator[Notices]:
    listener = Notices()
    listener.on(CHANNEL, heard.append)
    task = asyncio.create_task(listener.listen())
    while listener.complete_until < listener.complete_since:
        await asyncio.sleep(0.01)
    yield listener
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


def tell(payload: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_notify(%s, %s)", [CHANNEL, payload])


def end_sessions() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'assort-gateway'"
        )


async def test_what_is_told_is_heard_in_order(listener: Notices, heard: list[str]) -> None:
    for payload in ("rain", "sun", "snow"):
        await aside(tell, payload)
    await asyncio.sleep(0.1)
    assert heard == ["rain", "sun", "snow"]


async def test_it_knows_until_when_it_has_heard_everything(listener: Notices) -> None:
    assert listener.told_all(time.monotonic(), listener.complete_until)
    await asyncio.sleep(0.3)
    assert 0 < time.monotonic() - listener.complete_until < 0.3
    assert listener.complete_since < listener.complete_until


async def test_it_asks_only_for_those_who_rely_on_it(listener: Notices, heard: list[str]) -> None:
    known_until = listener.complete_until
    await asyncio.sleep(0.3)
    assert listener.complete_until == known_until
    await aside(tell, "rain")
    await asyncio.sleep(0.1)
    assert heard == ["rain"]
    assert not listener.told_all(time.monotonic(), time.monotonic() - 0.01)
    await asyncio.sleep(0.1)
    assert listener.told_all(time.monotonic(), time.monotonic() - 0.1)


async def test_what_is_confirmed_stays_true_beyond_its_seconds(listener: Notices) -> None:
    source = Counter()
    memory = Memory(source.look_up, 0.2, told_by=listener)
    for _ in range(8):
        assert await memory.get("a") == 1
        await asyncio.sleep(0.1)


async def test_once_the_connection_is_lost_nothing_counts_as_true_for_longer(listener: Notices) -> None:
    source = Counter()
    memory = Memory(source.look_up, 0.2, told_by=listener)
    assert await memory.get("a") == 1
    await aside(end_sessions)
    await asyncio.sleep(0.4)
    assert await memory.get("a") == 2


async def test_it_listens_again_and_trusts_only_what_was_looked_up_since(listener: Notices, heard: list[str]) -> None:
    before = listener.complete_since
    await aside(end_sessions)
    while listener.complete_since in (before, float("inf")):
        await asyncio.sleep(0.01)
    await aside(tell, "again")
    await asyncio.sleep(0.1)
    assert heard == ["again"]
    assert listener.complete_since > before


async def test_an_answer_that_does_not_come_ends_the_connection_and_not_the_listening(
    listener: Notices, heard: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    before = listener.complete_since
    monkeypatch.setattr(notices, "PAUSE", 0.0)  # Nothing is answered in no time.
    async with asyncio.timeout(10):
        while listener.complete_since in (before, float("inf")):
            await asyncio.sleep(0.01)
    monkeypatch.setattr(notices, "PAUSE", 0.3)
    await asyncio.sleep(1)
    await aside(tell, "again")
    await asyncio.sleep(0.2)
    assert heard == ["again"]


async def test_what_concerns_somebody_is_forgotten_and_so_is_what_might() -> None:
    source = Counter()
    memory = Memory(source.look_up, 60)
    assert [await memory.get(key) for key in "abc"] == [1, 2, 3]
    memory.forget_all(lambda value: value == 2)
    assert [await memory.get(key) for key in "abc"] == [1, 4, 3]
