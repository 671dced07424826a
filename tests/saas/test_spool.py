"""Slow senders over real HTTP: they hold a socket each, and nobody up."""

import errno
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from types import SimpleNamespace
from urllib.parse import urlsplit

import httpx2 as httpx
import pytest

from saas import api_errors, spool
from tenants.errors import Unavailable
from tests.service import Service

SENDERS = 30


@pytest.fixture
def slow_senders(service: Service) -> Iterator[None]:
    """More of them than Django has threads, each in the middle of a sign-in form."""
    at = urlsplit(service.url)
    head = (
        f"POST /accounts/login/ HTTP/1.1\r\nHost: {at.netloc}\r\nContent-Type: application/x-www-form-urlencoded\r\n"
        f"Cookie: csrftoken={'a' * 32}\r\nContent-Length: 500\r\n\r\nlogin=a"
    )
    with ExitStack() as opened:
        for _ in range(SENDERS):
            sender = opened.enter_context(socket.create_connection((at.hostname, at.port)))
            sender.sendall(head.encode())
        yield


def test_slow_senders_keep_nobody_waiting(service: Service, slow_senders: None) -> None:
    time.sleep(0.5)
    with httpx.Client(base_url=service.url, timeout=5) as client:
        assert client.get("/accounts/login/").status_code == 200
        assert client.get("/api/v1/me").status_code == 401


def test_a_body_in_chunks_is_read_like_any_other(service: Service, acme_key: str) -> None:
    def pieces() -> Iterator[bytes]:
        yield b'{"scopes": ["read"],'
        yield b'"name": "in pieces"}'

    headers = {"Authorization": f"Bearer {acme_key}", "Content-Type": "application/json"}
    answer = httpx.post(f"{service.url}/api/v1/api_keys", content=pieces(), headers=headers)
    assert (answer.status_code, answer.json()["name"]) == (201, "in pieces")


def test_a_body_for_which_there_is_no_room_is_told_to_come_again() -> None:
    with Path("/dev/full").open("wb", buffering=0) as full, pytest.raises(Unavailable, match="no room on the disk"):
        spool._write(full, b"a piece")


def test_a_file_for_which_there_is_no_room_is_told_to_come_again() -> None:
    error = api_errors.handle(OSError(errno.ENOSPC, "full"), {"request": SimpleNamespace(request_id="req_1")})
    assert error is not None
    assert error.status_code == 503
    assert api_errors.handle(OSError(errno.EACCES, "closed"), {}) is None


@pytest.mark.parametrize(("authorization", "status"), [("", 401), ("Bearer {key}", 413)])
def test_what_says_that_it_is_too_large_is_refused_unread(
    service: Service, acme_key: str, authorization: str, status: int
) -> None:
    at = urlsplit(service.url)
    with socket.create_connection((at.hostname, at.port)) as sender:
        head = f"POST /api/v1/datasets HTTP/1.1\r\nHost: {at.netloc}\r\nContent-Length: 400000000\r\n"
        sender.sendall(f"{head}Authorization: {authorization.format(key=acme_key)}\r\n\r\n".encode())
        assert f" {status} " in sender.recv(100).decode()
