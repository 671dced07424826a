"""Hands requests on to the web processes, which serve Django in processes of their own beside the gateway's.

A page keeps a processor busy for some hundredths of a second. In the gateway's process it would keep whoever waits for
an answer waiting as long: Python runs one thread at a time.
"""

import logging
from collections.abc import AsyncIterator
from urllib.parse import quote

import aiohttp
from yarl import URL

from classifier.gateway import http
from saas import introduction
from tenants import logs
from tenants.errors import Malformed, Unavailable

log = logging.getLogger(__name__)

CONNECT_SECONDS = 2.0
CHUNK = 64 * 1024
# About one connection and not about the message on it (RFC 9110, 7.6.1).
OF_CONNECTION = frozenset(
    {b"connection", b"keep-alive", b"proxy-connection", b"te", b"trailer", b"transfer-encoding", b"upgrade", b"expect"}
)
# What the gateway alone says. WSGI takes `_` in a name for `-`, so a name with one in it could be taken for another's.
# What a proxy says of a client has been weighed where the request came in, and counts no more.
OURS = frozenset(
    {introduction.HEADER.lower().encode(), b"forwarded", b"x-real-ip"}
    | {b"x-forwarded-" + name for name in (b"for", b"proto", b"host", b"port", b"prefix", b"server")}
)
# A query is ASCII (RFC 3986), which a careless client does not know.
QUERY_CHARACTERS = "".join(map(chr, range(0x21, 0x7F)))


class Forwarding:
    """An ASGI application that answers with what the web processes say. Its requests have come in whole."""

    def __init__(self, address: str) -> None:
        """`address` is where the web processes listen, such as `http://127.0.0.1:8001`."""
        self._address = address
        self._session: aiohttp.ClientSession | None = None

    async def start(self) -> None:
        self._session = aiohttp.ClientSession(
            # Each request has a connection of its own: a kept one may be dead when a web process was started again.
            connector=aiohttp.TCPConnector(limit=0, force_close=True),
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_SECONDS),
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
            skip_auto_headers=("User-Agent", "Accept", "Accept-Encoding", "Content-Type"),
        )

    async def stop(self) -> None:
        if self._session is not None:
            await self._session.close()

    async def __call__(self, scope: http.Scope, receive: http.Receive, send: http.Send) -> None:
        """Raises Unavailable while no web process answers."""
        if self._session is None:
            raise RuntimeError("the server has not started this yet")
        address = URL(self._address + target(scope), encoded=True)
        asked = self._session.request(
            scope["method"], address, headers=_headers(scope), data=_body(receive), allow_redirects=False
        )
        try:
            response = await asked
        except aiohttp.ClientError as error:
            log.warning("no web process answers: %s", logs.words(error))
            raise Unavailable("The pages do not answer just now. Try again.", retry_after=2) from error
        async with response:
            kept = [(name.lower(), value) for name, value in response.raw_headers if name.lower() not in OF_CONNECTION]
            await send({"type": "http.response.start", "status": response.status, "headers": kept})
            async for chunk in response.content.iter_chunked(CHUNK):
                await send({"type": "http.response.body", "body": chunk, "more_body": True})
            await send({"type": "http.response.body", "body": b""})


def target(scope: http.Scope) -> str:
    """Return path and query as the client wrote them. Raises Malformed for what is no path, such as `*`."""
    if not scope["path"].startswith("/"):
        raise Malformed("The address is to be a path that begins with a slash.")
    path = quote(scope.get("raw_path") or scope["path"].encode(), safe=QUERY_CHARACTERS)
    query = quote(scope["query_string"], safe=QUERY_CHARACTERS)
    return f"{path}?{query}" if query else path


def _headers(scope: http.Scope) -> list[tuple[str, str]]:
    headers = [
        (str(name, "latin-1"), str(value, "utf-8", "replace"))
        for name, value in scope["headers"]
        if name not in OF_CONNECTION and name not in OURS and b"_" not in name
    ]
    client = scope.get("client")
    return [*headers, (introduction.HEADER, introduction.of(client[0] if client else "", scope["scheme"]))]


async def _body(receive: http.Receive) -> AsyncIterator[bytes]:
    more = True
    while more:
        message = await receive()
        yield message.get("body", b"")
        more = message.get("more_body", False)
