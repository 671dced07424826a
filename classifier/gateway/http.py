"""What the gateway and the event stream need of HTTP and ASGI: headers, a body of limited size, an answer."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from typing import Any

from tenants.errors import InvalidKey, Malformed, TooLarge, UnsupportedMediaType

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
# Returns status, headers and body for an error.
Problem = Callable[..., tuple[int, dict[str, str], dict[str, Any]]]


BODY_SECONDS = 15.0
# Clients write before they read: one that is cut off at once would never see the reason. So much of the limit is read.
READ_AT_MOST = 2


class Disconnected(Exception):
    """The client left before it was answered."""


def header(scope: Scope, name: bytes) -> str:
    """Return the request's header `name`, in lower case, or `""`."""
    for key, value in scope["headers"]:
        if key == name:
            return str(value, "latin-1")
    return ""


def bearer(scope: Scope) -> str:
    """Return the token of the Authorization header (RFC 6750). Raises InvalidKey unless there is just one."""
    said = [str(value, "latin-1") for name, value in scope["headers"] if name == b"authorization"]
    scheme, _, token = said[0].partition(" ") if len(said) == 1 else ("", "", "")
    if scheme.lower() != "bearer" or not token.strip():
        raise InvalidKey
    return token.strip()


def prefers_async(scope: Scope) -> bool:
    """Whether the caller wants to be answered later (RFC 7240)."""
    preferences = header(scope, b"prefer").lower().split(",")
    return any(preference.partition(";")[0].strip() == "respond-async" for preference in preferences)


def accepts(scope: Scope, media_type: str) -> bool:
    """Whether the caller names this media type in its Accept header (RFC 9110); `*/*` does not count."""
    ranges = header(scope, b"accept").lower().split(",")
    return any(accepted.partition(";")[0].strip() == media_type for accepted in ranges)


def check_json(scope: Scope) -> None:
    """Raise UnsupportedMediaType unless the body says that it is JSON in UTF-8."""
    media_type, _, parameters = header(scope, b"content-type").lower().partition(";")
    name, _, charset = parameters.replace('"', "").strip().partition("=")
    if media_type.strip() != "application/json" or (name == "charset" and charset not in {"utf-8", "utf8"}):
        raise UnsupportedMediaType("Send JSON in UTF-8, with `Content-Type: application/json`.")


def announced(scope: Scope) -> int:
    """Return how many bytes the body will have, or 0 where its headers do not tell."""
    length = header(scope, b"content-length")
    return int(length[:18]) if length.isdigit() else 0


async def read_body(scope: Scope, receive: Receive, limit: int) -> bytes:
    """Return the whole body.

    Raises TooLarge beyond `limit` bytes, and Malformed when it does not arrive in time or ends early.
    """
    if announced(scope) > READ_AT_MOST * limit:
        raise _too_large(limit)
    try:
        async with asyncio.timeout(BODY_SECONDS):
            return await _read_body(receive, limit)
    except TimeoutError:
        raise Malformed(f"The body did not arrive within {BODY_SECONDS:.0f} s. Send it faster, or less.") from None


async def _read_body(receive: Receive, limit: int) -> bytes:
    chunks: list[bytes] = []
    size = 0
    more = True
    while more and size <= READ_AT_MOST * limit:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise cut_short()
        chunk = message.get("body", b"")
        size += len(chunk)
        if size <= limit:
            chunks.append(chunk)
        more = message.get("more_body", False)
    if size > limit:
        raise _too_large(limit)
    return b"".join(chunks)


def _too_large(limit: int) -> TooLarge:
    return TooLarge(f"The body is larger than {limit:,} bytes. Send fewer inputs in each request.")


def cut_short() -> Malformed:
    """The server says the same of a client that left, and of one whose chunks are none and who waits for an answer."""
    return Malformed("The body ended before it was complete, or its chunks are not what they say. Send it again.")


class Departure:
    """Tells a future that waits for an answer when the caller has gone; most answers come before it pays to look."""

    def __init__(self, receive: Receive, answer: asyncio.Future[Any]) -> None:
        self._receive = receive
        self._answer = answer
        self._look: asyncio.Task[None] | None = None

    def watch(self) -> None:
        """Begin to look, if that was not done yet."""
        if self._look is None:
            self._look = asyncio.create_task(self._wait())

    def forget(self) -> None:
        """Look no longer."""
        if self._look is not None:
            self._look.cancel()

    async def _wait(self) -> None:
        while (await self._receive())["type"] != "http.disconnect":
            pass
        if not self._answer.done():
            self._answer.set_exception(Disconnected())


async def respond(send: Send, status: int, headers: Mapping[str, str], body: bytes) -> None:
    await begin(send, status, {**headers, "Content-Length": str(len(body))})
    await send({"type": "http.response.body", "body": body})


async def begin(send: Send, status: int, headers: Mapping[str, str]) -> None:
    """Send what comes before the body."""
    pairs = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": status, "headers": pairs})
