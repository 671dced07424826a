"""What speaks TLS before a server that speaks none, as the embedded ones, with a certificate of our own."""

import asyncio
import ssl
import struct
from pathlib import Path

import trustme

from saas.ports import HOST
from tests.loop import Loop

PIECE = 64 * 1024
# What a client of PostgreSQL says first when it wants TLS, and what says that it may.
_WANTED, _GRANTED = struct.pack("!II", 8, 80877103), b"S"


class Authority:
    """Makes certificates. Those who are to believe them read `file`."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._authority = trustme.CA()
        self.file = folder / "authority.pem"
        self._authority.cert_pem.write_to_path(str(self.file))

    def context(self, *names: str) -> ssl.SSLContext:
        """Return what a server with these names or addresses speaks TLS with."""
        made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._authority.issue_cert(*names).configure_cert(made)
        return made


class Front:
    """A port of 127.0.0.1 that takes TLS alone and passes on what is said to the port `target`.

    Clients of PostgreSQL ask for TLS in their own words before they speak it, if `is_asked_for`.
    """

    def __init__(self, target: int, context: ssl.SSLContext, *, is_asked_for: bool) -> None:
        self._target, self._context, self._is_asked_for = target, context, is_asked_for
        self._loop = Loop("front")
        own = None if is_asked_for else context
        self._server = self._loop.do(lambda: asyncio.start_server(self._receive, HOST, 0, ssl=own))
        self.port: int = self._server.sockets[0].getsockname()[1]

    def close(self) -> None:
        self._loop.do(self._close)
        self._loop.close()

    async def _close(self) -> None:
        self._server.close()

    async def _receive(self, reader: asyncio.StreamReader, client: asyncio.StreamWriter) -> None:
        try:
            if not self._is_asked_for or await self._agree(reader, client):
                await self._pass_on(reader, client)
        except* (OSError, EOFError):
            pass  # One side has ended; so does the other.
        finally:
            client.close()

    async def _agree(self, reader: asyncio.StreamReader, client: asyncio.StreamWriter) -> bool:
        if await reader.readexactly(len(_WANTED)) != _WANTED:
            return False
        client.write(_GRANTED)
        await client.start_tls(self._context)
        return True

    async def _pass_on(self, reader: asyncio.StreamReader, client: asyncio.StreamWriter) -> None:
        answers, server = await asyncio.open_connection(HOST, self._target)
        try:
            async with asyncio.TaskGroup() as both:
                both.create_task(_pump(reader, server))
                both.create_task(_pump(answers, client))
        finally:
            server.close()


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while piece := await reader.read(PIECE):
        writer.write(piece)
        await writer.drain()
    raise EOFError
