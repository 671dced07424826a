"""The proxy does to a connection what it says: else the faults of the network would prove nothing."""

import socket
import threading
import time
from collections.abc import Iterator

import pytest

from saas.ports import HOST
from tests.faults.proxy import Proxy, Trap

pytestmark = pytest.mark.control
COMMITTED = b"C\x00\x00\x00\x0dUPDATE 1\x00" + b"Z\x00\x00\x00\x05I"


@pytest.fixture
def proxy() -> Iterator[Proxy]:
    """A proxy before a server that answers each message with `COMMITTED`."""
    with socket.create_server((HOST, 0)) as server:
        threading.Thread(target=_serve, args=(server,), daemon=True).start()
        proxy = Proxy(server.getsockname()[1])
        yield proxy
        proxy.close()


def _serve(server: socket.socket) -> None:
    while True:
        try:
            client, _ = server.accept()
        except OSError:
            return
        threading.Thread(target=_answer, args=(client,), daemon=True).start()


def _answer(client: socket.socket) -> None:
    with client:
        try:
            while client.recv(4096):
                client.sendall(COMMITTED)
        except OSError:
            return


def opened(proxy: Proxy) -> socket.socket:
    return socket.create_connection((HOST, proxy.port), timeout=5)


def ask(client: socket.socket, message: bytes = b"SELECT 1") -> bytes:
    client.sendall(message)
    return client.recv(4096)


def test_what_is_left_alone_passes(proxy: Proxy) -> None:
    with opened(proxy) as client:
        assert ask(client) == COMMITTED


def test_a_cut_resets_and_the_next_connection_is_well(proxy: Proxy) -> None:
    with opened(proxy) as client:
        ask(client)
        assert proxy.cut() == 1
        with pytest.raises(ConnectionResetError):
            ask(client)
    with opened(proxy) as client:
        assert ask(client) == COMMITTED


def test_where_it_is_down_nobody_connects(proxy: Proxy) -> None:
    with proxy.down(), pytest.raises(OSError, match=r"refused|reset"):
        opened(proxy).recv(1)
    with opened(proxy) as client:
        assert ask(client) == COMMITTED


def test_a_hole_says_nothing_and_forgets_who_was_in_it(proxy: Proxy) -> None:
    with opened(proxy) as client:
        client.settimeout(0.5)
        with proxy.hole(), pytest.raises(TimeoutError):
            ask(client)
        with pytest.raises(ConnectionResetError):
            ask(client)


def test_what_is_slow_comes_late_and_whole(proxy: Proxy) -> None:
    with opened(proxy) as client, proxy.slow(latency=0.2):
        began = time.monotonic()
        assert ask(client) == COMMITTED
        assert time.monotonic() - began >= 0.4


@pytest.mark.parametrize("after", [False, True])
def test_a_trap_springs_before_the_server_hears_or_after_it_has_answered(proxy: Proxy, after: bool) -> None:
    died: list[str] = []
    proxy.trap = Trap(b"door.claim_job(", "wk_", after, died.append)
    with opened(proxy) as client:
        ask(client, b"\x00\x00\x00\x50\x00\x03\x00\x00user\0wk_abc\0application_name\0assort-worker\0\0")
        assert ask(client) == COMMITTED
        with pytest.raises(ConnectionResetError):
            ask(client, b"SELECT door.claim_job('job_1')")
    assert died == ["wk_abc assort-worker"]


def test_a_trap_leaves_other_logins_alone(proxy: Proxy) -> None:
    died: list[str] = []
    proxy.trap = Trap(b"door.claim_job(", "wk_", False, died.append)
    with opened(proxy) as client:
        ask(client, b"\x00\x00\x00\x50\x00\x03\x00\x00user\0assort_web\0\0")
        assert ask(client, b"SELECT door.claim_job('job_1')") == COMMITTED
    assert died == []
