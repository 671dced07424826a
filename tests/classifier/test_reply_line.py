"""A worker's replies reach the list of the gateway that waits for them, on a real broker."""

from collections.abc import Iterator
from typing import Any

import pytest
import redis

from classifier.reply_line import ReplyLine
from tenants import isolation
from tenants.models import Organisation
from tests.classifier.gateway_stand_ins import worker_client
from tests.service import Service

pytest_plugins = ["tests.classifier.gateway_fixtures"]


@pytest.fixture
def address(initech: Organisation, owner: redis.Redis) -> Iterator[str]:
    address = isolation.reply_list(initech.tenant, "test")
    yield address
    owner.delete(address)


@pytest.fixture
def owner(service: Service) -> Iterator[redis.Redis]:
    with redis.Redis.from_url(service.instance.owner_redis_url()) as client:
        yield client


@pytest.fixture
def line(initech: Organisation) -> Iterator[ReplyLine]:
    with worker_client(initech) as client:
        line = ReplyLine(client)
        yield line
        line.close()


def heard(owner: redis.Redis, address: str) -> list[bytes]:
    found: Any = owner.lrange(address, 0, -1)
    return list(found)


def test_replies_arrive_in_their_order_and_do_not_stay_for_ever(
    line: ReplyLine, owner: redis.Redis, address: str
) -> None:
    for reply in (b"one", b"two", b"three"):
        line.send(address, reply)
    line.close()
    assert heard(owner, address) == [b"one", b"two", b"three"]
    assert 0 < int(owner.ttl(address)) <= 30


def test_after_its_connection_died_no_reply_is_missing(line: ReplyLine, owner: redis.Redis, address: str) -> None:
    line.send(address, b"one")
    cut(owner)
    line.send(address, b"two")
    line.close()
    assert {b"one", b"two"} <= set(heard(owner, address))


def test_a_refused_reply_keeps_no_other_from_leaving(line: ReplyLine, owner: redis.Redis, address: str) -> None:
    line.send("reply:somebody-elses:list", b"lost")
    line.send(address, b"kept")
    line.close()
    assert heard(owner, address) == [b"kept"]


def cut(owner: redis.Redis) -> None:
    """End every connection over which a reply went out."""
    for client in owner.client_list():
        if client["cmd"] == "expire":
            owner.client_kill_filter(_id=client["id"])
