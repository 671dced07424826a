"""How a worker waits for messages."""

import os
import select
import signal
import socket
import threading
import time
from collections.abc import Iterator
from queue import Empty
from typing import Any

import pytest
import redis
from kombu.connection import Connection

from classifier import delivery, queues, transport
from classifier.kinds import ANSWER, TRAIN
from tests.service import Service


@pytest.fixture
def bell() -> Iterator[socket.socket]:
    """What rings at signals in this process, until the test is over."""
    before = signal.signal(signal.SIGUSR1, lambda number, frame: None)
    transport._bell.cache_clear()
    with transport._bell() as bell:
        yield bell
    os.close(signal.set_wakeup_fd(-1))
    transport._bell.cache_clear()
    signal.signal(signal.SIGUSR1, before)


def test_a_signal_ends_the_sleep_of_a_worker(bell: socket.socket) -> None:
    assert select.select([bell], [], [], 0)[0] == []
    os.kill(os.getpid(), signal.SIGUSR1)
    assert select.select([bell], [], [], 10)[0] == [bell]


@pytest.fixture
def heard() -> list[bytes]:
    return []


@pytest.fixture
def channel(service: Service, heard: list[bytes]) -> Iterator[transport.Channel]:
    """What a worker of a queue that nobody else reads listens by."""
    with Connection(service.instance.owner_redis_url(), transport=transport.Transport) as connection:
        channel = connection.channel()
        channel.basic_consume("nobodys", no_ack=True, callback=lambda said: heard.append(said.body), consumer_tag="w")
        yield channel


def ask(channel: Any) -> None:
    """Do as the loop of a worker does before it sleeps: ask the broker for the next message."""
    channel.connection.cycle.on_poll_start()
    assert channel._in_poll


def hear(channel: Any) -> bool:
    """Do as the loop does when the broker has answered."""
    return bool(channel.handlers["BRPOP"]())


def test_a_worker_that_ends_does_not_wait_for_the_message_that_it_asked_for(channel: transport.Channel) -> None:
    ask(channel)
    began = time.monotonic()
    channel.close()
    assert time.monotonic() - began < transport.WAIT_SECONDS / 2


def test_one_that_has_come_by_then_is_not_lost(channel: transport.Channel, heard: list[bytes]) -> None:
    channel.client.lpush("nobodys", queues.envelope("nobodys", "a task", ["an argument"]))
    ask(channel)
    assert channel.client.connection.can_read(timeout=5)
    channel.close()
    assert b"an argument" in heard[0]


def test_what_somebody_waits_for_goes_to_its_task_and_to_nobody_else(
    channel: transport.Channel, heard: list[bytes]
) -> None:
    channel.client.lpush("nobodys", queues.envelope("nobodys", ANSWER, [{"requests": []}]))
    ask(channel)
    assert channel.client.connection.can_read(timeout=5)
    channel.close()
    assert heard == []


def test_an_answer_that_fails_is_logged_and_the_worker_goes_on(caplog: pytest.LogCaptureFixture) -> None:
    assert delivery.run(queues.envelope("nobodys", ANSWER, ["no batch"]))
    assert "a message to classifier.answer came to nothing" in caplog.text


@pytest.mark.parametrize("message", [b"", b"{}", queues.envelope("nobodys", TRAIN, ["tr_1"])])
def test_what_nobody_waits_for_is_left_to_celery(message: bytes) -> None:
    assert not delivery.run(message)


@pytest.fixture
def sender(service: Service) -> Iterator[redis.Redis]:
    with redis.Redis.from_url(service.instance.owner_redis_url()) as sender:
        yield sender
        sender.delete("nobodys")


def test_a_worker_that_has_answered_goes_on_without_its_event_loop(
    channel: transport.Channel, heard: list[bytes], bell: socket.socket, sender: redis.Redis
) -> None:
    message = queues.envelope("nobodys", ANSWER, [{"requests": []}])
    sender.lpush("nobodys", *[message] * 3, queues.envelope("nobodys", "a task", ["an argument"]))
    ask(channel)
    assert hear(channel)
    assert (len(heard), sender.llen("nobodys")) == (1, 0)


def test_a_signal_leads_back_to_the_event_loop_and_nothing_is_asked_twice(
    channel: transport.Channel, heard: list[bytes], bell: socket.socket, sender: redis.Redis
) -> None:
    sender.lpush("nobodys", queues.envelope("nobodys", ANSWER, [{"requests": []}]))
    ask(channel)
    threading.Timer(0.5, os.kill, (os.getpid(), signal.SIGUSR1)).start()
    with pytest.raises(Empty):
        hear(channel)
    assert channel._in_poll
    sender.lpush("nobodys", queues.envelope("nobodys", "a task", ["an argument"]))
    assert hear(channel)
    assert len(heard) == 1
