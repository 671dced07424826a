"""The gateway has limits counted by the broker's scripts, many in one round trip."""

import asyncio
from collections.abc import AsyncIterator

import pytest
import redis

from classifier.gateway.scripts import Scripts
from tenants import broker, ids
from tests.service import Service

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
async def scripts(service: Service) -> AsyncIterator[Scripts]:
    started = Scripts()
    yield started
    await started.close()


def taking(counter: str, rows: int) -> tuple[str, int, str, *tuple[str, ...]]:
    """Return how to take rows of a thousand, of which none are used yet."""
    return broker.script("take_rows"), 1, f"web:rows:{counter}", *map(str, (rows, 0, 0, 5, 1_000, 0))


async def test_each_gets_the_reply_to_what_it_asked(scripts: Scripts) -> None:
    counter = ids.random_text(16)
    replies = await asyncio.gather(*(scripts.evalsha(*taking(counter, rows)) for rows in (1, 20, 300)))
    assert replies == [[1, 1], [20, 21], [300, 321]]


async def test_what_is_asked_meanwhile_goes_in_the_next_round(scripts: Scripts) -> None:
    counter = ids.random_text(16)
    first = asyncio.create_task(scripts.evalsha(*taking(counter, 1)))
    await asyncio.sleep(0)
    assert await scripts.evalsha(*taking(counter, 2)) == [2, 3]
    assert await first == [1, 1]


async def test_a_refusal_is_only_its_own(scripts: Scripts) -> None:
    good = asyncio.create_task(scripts.evalsha(*taking(ids.random_text(16), 1)))
    with pytest.raises(redis.ResponseError, match="No matching script"):
        await scripts.evalsha("0" * 40, 0)
    assert await good == [1, 1]


async def test_whoever_goes_away_takes_nobody_along(scripts: Scripts) -> None:
    counter = ids.random_text(16)
    left = asyncio.create_task(scripts.evalsha(*taking(counter, 1)))
    stays = asyncio.create_task(scripts.evalsha(*taking(counter, 2)))
    await asyncio.sleep(0)
    left.cancel()
    assert await stays == [2, 3]


async def test_what_was_asked_is_answered_before_it_hangs_up(scripts: Scripts) -> None:
    asked = asyncio.create_task(scripts.evalsha(*taking(ids.random_text(16), 1)))
    await asyncio.sleep(0)
    await scripts.close()
    assert asked.done()
    assert await asked == [1, 1]
