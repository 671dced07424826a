"""HTTP as no client would send it: bytes on a socket, and the answers that come back."""

import socket
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from http.client import HTTPException, HTTPResponse
from io import BytesIO
from urllib.parse import urlsplit

# Whoever says nothing for so long has nothing more to say.
SILENCE_SECONDS = 1.0


@dataclass(frozen=True)
class Heard:
    """One answer; header names are in lower case."""

    status: int
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True)
class Talk:
    """What came back over one connection, after how many seconds, and whether the other side has closed it."""

    answers: list[Heard]
    raw: bytes
    seconds: float
    closed: bool

    @property
    def statuses(self) -> list[int]:
        return [heard.status for heard in self.answers]


def say(url: str, *pieces: bytes, pause: float = 0.0, silence: float = SILENCE_SECONDS) -> Talk:
    """Send the pieces one after the other over one connection, and listen until nothing more comes."""
    at = urlsplit(url)
    began = last = time.monotonic()
    raw, closed = b"", False
    with socket.create_connection((at.hostname, at.port), timeout=5) as connection:
        with suppress(ConnectionError):  # A server that has refused need not listen on.
            for piece in pieces:
                connection.sendall(piece)
                time.sleep(pause)
        connection.settimeout(silence)
        with suppress(TimeoutError, ConnectionError):
            while not closed:
                more = connection.recv(65_536)
                closed = not more
                raw += more
                last = time.monotonic() if more else last
    return Talk(list(_answers(raw)), raw, last - began, closed)


def _answers(raw: bytes) -> Iterator[Heard]:
    stream = BytesIO(raw)
    while stream.tell() < len(raw):
        response = HTTPResponse(_Played(stream))  # type: ignore[arg-type]  # Only what it reads from.
        try:
            response.begin()
            body = response.read()
        except HTTPException:
            return
        yield Heard(response.status, {name.lower(): value for name, value in response.getheaders()}, body)


class _Played:
    """A socket for http.client, which would close what it has read from."""

    def __init__(self, stream: BytesIO) -> None:
        self._stream = stream

    def makefile(self, mode: str) -> "_Played":
        return self

    def readline(self, limit: int = -1) -> bytes:
        return self._stream.readline(limit)

    def read(self, size: int = -1) -> bytes:
        return self._stream.read(size)

    def readinto(self, buffer: bytearray) -> int:
        return self._stream.readinto(buffer)

    def flush(self) -> None:
        """Do nothing, as http.client expects of a file."""

    def close(self) -> None:
        """Stay open, since the next answer follows in the same stream."""
