"""A process says that it is ready where whoever started it listens."""

import socket
from pathlib import Path

import pytest

from tenants import notify


@pytest.mark.parametrize("is_abstract", [False, True])
def test_it_is_said_once_where_it_is_asked_for(
    is_abstract: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = str(tmp_path / "ready")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind(f"\0{address}" if is_abstract else address)
        monkeypatch.setenv("NOTIFY_SOCKET", f"@{address}" if is_abstract else address)
        notify.ready()
        listening.settimeout(5)
        assert listening.recv(100) == b"READY=1"


def test_a_process_that_nobody_waits_for_says_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NOTIFY_SOCKET", raising=False)
    monkeypatch.setattr(socket, "socket", lambda *_: pytest.fail("there is nobody to tell"))
    notify.ready()
