"""How the gateway's messages get to the broker, and what becomes of those that do not."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
import redis

from classifier.gateway import post
from classifier.gateway.post import Letter, Post
from tenants import isolation
from tenants.models import Organisation
from tests.classifier.gateway_stand_ins import QUEUE, message, worker_client
from tests.service import Service

pytest_plugins = ["tests.classifier.gateway_fixtures"]
pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("aside_of_the_fleet")]


@pytest.fixture
async def sent() -> AsyncIterator[Post]:
    started = Post()
    yield started
    await started.close()


@pytest.fixture
def inbox(initech: Organisation) -> Iterator[redis.Redis]:
    """Initech's side of the broker; what lies there is cleared away afterwards."""
    with worker_client(initech) as client:
        yield client
        while client.rpop(isolation.queue(initech.tenant, QUEUE)):
            pass


@pytest.fixture
def owner(service: Service) -> Iterator[redis.Redis]:
    with redis.Redis.from_url(service.instance.owner_redis_url()) as client:
        yield client


async def deliver(sent: Post, tenant: str, *contents: str) -> list[Any]:
    """Send a message with each of these, and return what became of each: the queue's length or an error."""
    outcomes: list[asyncio.Future[Any]] = []
    for content in contents:
        outcome: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        outcomes.append(outcome)
        sent.send(Letter(tenant, {"says": content}, 10, False, outcome.set_result, outcome.set_result))
    async with asyncio.timeout(5):
        return await asyncio.gather(*outcomes)


def taken(inbox: redis.Redis, tenant: str) -> list[str]:
    """Take what has come, and return what the messages say, the first one first."""
    queue = isolation.queue(tenant, QUEUE)
    found: Any = iter(lambda: inbox.rpop(queue), None)
    return [message(each)["says"] for each in found]


async def test_messages_arrive_in_their_order_and_learn_how_many_wait(
    sent: Post, inbox: redis.Redis, initech: Organisation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(post, "MESSAGES", 2)
    assert await deliver(sent, initech.tenant, *"abcde") == [1, 2, 3, 4, 5]
    assert taken(inbox, initech.tenant) == list("abcde")


async def test_large_messages_go_one_by_one(
    sent: Post, inbox: redis.Redis, initech: Organisation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(post, "BYTES", 15)
    assert await deliver(sent, initech.tenant, *"abc") == [1, 2, 3]


async def test_a_message_that_the_broker_refuses_takes_no_other_with_it(
    sent: Post, inbox: redis.Redis, initech: Organisation, owner: redis.Redis
) -> None:
    occupied = isolation.queue("a" * 16, QUEUE)
    owner.set(occupied, "no list")
    try:
        refused, accepted = await asyncio.gather(deliver(sent, "a" * 16, "lost"), deliver(sent, initech.tenant, "kept"))
    finally:
        owner.delete(occupied)
    assert isinstance(refused[0], redis.ResponseError)
    assert (accepted, taken(inbox, initech.tenant)) == ([1], ["kept"])


async def test_a_connection_that_died_in_between_is_made_anew(
    sent: Post, inbox: redis.Redis, initech: Organisation, owner: redis.Redis
) -> None:
    await deliver(sent, initech.tenant, "before")
    for client in owner.client_list():
        if client["cmd"] == "lpush":
            owner.client_kill_filter(_id=client["id"])
    await deliver(sent, initech.tenant, "after")
    assert taken(inbox, initech.tenant)[-1] == "after"


async def test_what_has_not_been_sent_when_it_closes_is_left(sent: Post, initech: Organisation) -> None:
    outcome: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
    sent.send(Letter(initech.tenant, {"says": "too late"}, 10, False, outcome.set_result, outcome.set_result))
    await asyncio.sleep(0)
    async with asyncio.timeout(1):
        await sent.close()
    assert not outcome.done()
