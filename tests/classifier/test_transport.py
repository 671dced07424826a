"""How a worker waits for messages."""

import os
import select
import signal
import socket
from collections.abc import Iterator

import pytest

from classifier import transport


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
