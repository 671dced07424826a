"""Receives a request's body before a thread of Django's is taken, so that slow senders keep nobody waiting.

Django reads a body in the thread that serves it, however slowly it comes; a few idle senders could hold all of them.
Here a body that is on its way holds a socket and, beyond a megabyte, a file.
"""

import asyncio
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import IO

from classifier.gateway import http
from tenants.errors import FULL, Malformed, TooLarge, no_room

IN_MEMORY = 1024 * 1024
PIECE = 64 * 1024
# A sender may pause for so long, and must on the whole not be slower than this.
PAUSE_SECONDS = 30.0
BYTES_PER_SECOND = 16 * 1024


@asynccontextmanager
async def received(
    scope: http.Scope, receive: http.Receive, *, limit: int, folder: Path
) -> AsyncIterator[tuple[http.Scope, http.Receive]]:
    """Take the whole body in, and return the request as it looks to somebody who has all of it.

    Raises TooLarge beyond `limit` bytes, Malformed for a body that comes too slowly or ends early, and Unavailable
    where the disk is full.
    """
    # What says that it is too large is not read at all.
    if http.announced(scope) > limit:
        raise _too_large(limit)
    body = tempfile.SpooledTemporaryFile(max_size=IN_MEMORY, dir=str(folder))  # noqa: SIM115  # Closed in a thread.
    try:
        size = await _fill(body, receive, limit)
        body.seek(0)
        # A body that came in chunks has a length now; WSGI knows no other.
        dropped = (b"content-length", b"transfer-encoding")
        headers = [(name, value) for name, value in scope["headers"] if name not in dropped]
        yield {**scope, "headers": [*headers, (b"content-length", b"%d" % size)]}, _from(body, size)
    finally:
        # To forget a large file takes the kernel some hundredths of a second.
        await asyncio.to_thread(body.close)


async def _fill(body: IO[bytes], receive: http.Receive, limit: int) -> int:
    started, size, more = time.monotonic(), 0, True
    gathered = bytearray()
    while more:
        left = PAUSE_SECONDS + size / BYTES_PER_SECOND - (time.monotonic() - started)
        try:
            async with asyncio.timeout(min(PAUSE_SECONDS, left)):
                message = await receive()
        except TimeoutError:
            raise Malformed("The body did not arrive in time. Send it faster, or in smaller parts.") from None
        if message["type"] == "http.disconnect":
            raise http.cut_short()
        piece = message.get("body", b"")
        size += len(piece)
        if size > limit:
            raise _too_large(limit)
        gathered += piece
        more = message.get("more_body", False)
        # A disk may take its time, and nobody else's request is to wait for it.
        if len(gathered) > IN_MEMORY or (not more and size > IN_MEMORY):
            await asyncio.to_thread(_write, body, bytes(gathered))
            gathered.clear()
    body.write(gathered)
    return size


def _write(body: IO[bytes], piece: bytes) -> None:
    """Write a piece to the file. Raises Unavailable where there is no room for it."""
    try:
        body.write(piece)
    except OSError as error:
        if error.errno in FULL:
            raise no_room() from error
        raise


def _from(body: IO[bytes], size: int) -> http.Receive:
    """Return the ASGI function that hands out what was received."""
    left = size

    async def receive() -> http.Message:
        nonlocal left
        piece = body.read(PIECE)
        left -= len(piece)
        return {"type": "http.request", "body": piece, "more_body": left > 0}

    return receive


def _too_large(limit: int) -> TooLarge:
    return TooLarge(f"A request may have {limit:,} bytes here. Split the file, or leave out columns.")
