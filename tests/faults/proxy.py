"""A network between the service and one of its servers that can be broken: cut, silent, slow, or gone.

It runs in a thread of its own and listens on loopback only. What it sees of PostgreSQL's protocol is enough to spring a
trap: the client dies at the moment when a statement is about to reach the server, or has just been committed.
"""

import asyncio
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

from saas.ports import HOST
from tests.loop import Loop

PIECE = 64 * 1024
SLOW_BYTES_PER_SECOND = 16 * 1024
# PostgreSQL says after each statement whether a transaction is open (T), has failed (E), or none is (I).
IDLE, FAILED = b"Z\x00\x00\x00\x05I", b"Z\x00\x00\x00\x05E"


@dataclass
class Trap:
    """Waits for a statement of a client whose login has this beginning, and calls `spring` once, with the login.

    With `after` it waits until what the statement did is committed, and the client is never told.
    """

    statement: bytes
    login: str
    after: bool
    spring: Callable[[str], None]
    is_taken: bool = False
    sprung: threading.Event = field(default_factory=threading.Event)

    def release(self, login: str) -> None:
        """Spring. The client's end may end whoever waits for this, so the word that it is done comes from here."""
        self.spring(login)
        self.sprung.set()

    def matches(self, login: str, piece: bytes) -> bool:
        return not self.is_taken and login.startswith(self.login) and self.statement in piece


@dataclass(eq=False)
class _Connection:
    client: asyncio.StreamWriter
    server: asyncio.StreamWriter
    login: str = ""
    is_marked: bool = False
    is_swallowed: bool = False

    def close(self) -> None:
        """End both sides when what is on its way has gone out."""
        for writer in (self.client, self.server):
            writer.close()

    def reset(self) -> None:
        """End both sides at once and without a word (RST)."""
        for writer in (self.client, self.server):
            with suppress(OSError):
                own = writer.get_extra_info("socket")
                own.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")
            writer.transport.abort()


class Proxy:
    def __init__(self, target: int) -> None:
        """`target` is the port of the server on this machine."""
        self._target = target
        self.trap: Trap | None = None
        self._latency = 0.0
        self._is_hole = False
        self._open: set[_Connection] = set()
        self._loop = Loop("proxy")
        self._server = self._loop.do(lambda: asyncio.start_server(self._pass_on, HOST, 0))
        self.port: int = self._server.sockets[0].getsockname()[1]

    def cut(self) -> int:
        """Reset every connection, and return how many those were."""
        return self._loop.do(self._cut)

    @contextmanager
    def down(self) -> Iterator[None]:
        """Refuse connections for the block, those that there are too."""
        self._loop.do(self._close)
        self.cut()
        try:
            yield
        finally:
            self._server = self._loop.do(lambda: asyncio.start_server(self._pass_on, HOST, self.port))

    @contextmanager
    def hole(self) -> Iterator[None]:
        """Swallow every byte for the block. Afterwards the connections are unknown, as they are to a real server."""
        self._is_hole = True
        try:
            yield
        finally:
            self._is_hole = False
            self._loop.do(self._cut)

    @contextmanager
    def slow(self, latency: float = 0.1) -> Iterator[None]:
        """Pass on 16 kB a second each way for the block, and everything so many seconds later."""
        self._latency = latency
        try:
            yield
        finally:
            self._latency = 0.0

    def close(self) -> None:
        self._loop.do(self._close)
        self.cut()
        self._loop.close()

    async def _cut(self) -> int:
        count = len(self._open)
        for connection in list(self._open):
            connection.reset()
        return count

    async def _close(self) -> None:
        self._server.close()

    async def _pass_on(self, reader: asyncio.StreamReader, client: asyncio.StreamWriter) -> None:
        try:
            answers, server = await asyncio.open_connection(HOST, self._target)
        except OSError:  # The server is away: so is what stands before it.
            client.transport.abort()
            return
        connection = _Connection(client, server)
        self._open.add(connection)
        try:
            async with asyncio.TaskGroup() as both:
                both.create_task(self._pump(connection, reader, server, self._is_asked))
                both.create_task(self._pump(connection, answers, client, self._is_answered))
        except* (OSError, EOFError):
            pass  # One side has ended; so does the other.
        finally:
            connection.close()
            self._open.discard(connection)

    async def _pump(
        self,
        connection: _Connection,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        may_pass: Callable[[_Connection, bytes], bool],
    ) -> None:
        while piece := await reader.read(PIECE):
            connection.is_swallowed = connection.is_swallowed or self._is_hole
            if connection.is_swallowed:
                continue
            if self._latency:
                await asyncio.sleep(self._latency + len(piece) / SLOW_BYTES_PER_SECOND)
            if not may_pass(connection, piece):
                await self._spring(connection)
            writer.write(piece)
            await writer.drain()
        raise EOFError

    def _is_asked(self, connection: _Connection, piece: bytes) -> bool:
        if not connection.login:
            connection.login = _login(piece)
        if b"ROLLBACK" in piece and b"SAVEPOINT" not in piece:
            connection.is_marked = False
        if self.trap is None or not self.trap.matches(connection.login, piece):
            return True
        connection.is_marked = self.trap.after
        return self.trap.after

    def _is_answered(self, connection: _Connection, piece: bytes) -> bool:
        if not connection.is_marked or self.trap is None:
            return True
        connection.is_marked = FAILED not in piece
        return not (connection.is_marked and IDLE in piece)

    async def _spring(self, connection: _Connection) -> None:
        """Have the client die, and let neither side hear of the other again."""
        trap = self.trap
        if trap is not None and not trap.is_taken:
            trap.is_taken = True
            await asyncio.to_thread(trap.release, connection.login)
        connection.reset()
        raise EOFError


def _login(startup: bytes) -> str:
    """Return the user and program that PostgreSQL's first message names, or nothing for another message."""
    words = startup[8:].split(b"\0")
    named = dict(zip(words[::2], words[1::2], strict=False))
    user = named.get(b"user", b"").decode()
    return f"{user} {named.get(b'application_name', b'').decode()}" if user else ""
