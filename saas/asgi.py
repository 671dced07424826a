"""The gateway's server: it answers classify requests and streams itself, and hands everything else on to Django."""

import asyncio
import gc
import os
import re
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from types import FrameType

import django
import msgspec
from django.conf import settings

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "saas.settings")
# Models can be imported once Django is set up, so this comes before the project's own modules.
django.setup()

from classifier import event_stream, later  # noqa: E402
from classifier.gateway import http  # noqa: E402
from classifier.gateway.application import Gateway  # noqa: E402
from saas import api_errors, readiness, spool  # noqa: E402
from saas.entrance import Entrance  # noqa: E402
from saas.forwarding import Forwarding, target  # noqa: E402
from tenants import metrics  # noqa: E402
from tenants.errors import TenantError  # noqa: E402
from tenants.middleware import request_id  # noqa: E402

# How long a thread that asks the database may keep the event loop from its turn: Python's own 5 ms are longer than an
# answer takes.
TURN_SECONDS = 0.0005
CLASSIFY = re.compile(r"/api/v1/models/[^/]+/classify")
PAGE_FILE = re.compile(r"/o/[^/]+/datasets/.*")
BODILESS = ("GET", "HEAD", "OPTIONS")
# The form around a file, and every request without one.
FORM_BYTES = 11 * 1024 * 1024
PAGE_FILE_BYTES = 1024 * 1024 * 1024


class Application:
    """Routes by path, and starts and ends the gateway and the streams with the server."""

    def __init__(self) -> None:
        self.gateway = Gateway(problem=api_errors.problem, accept=later.accept_all)
        self.streams = event_stream.EventStream(problem=api_errors.problem)
        self.web = Forwarding(settings.ASSORT_WEB_ADDRESS)
        self.entrance = Entrance(
            public_url=settings.ASSORT_PUBLIC_URL,
            proxies=settings.ASSORT_PROXIES,
            needs_tls=settings.ASSORT_MODE == "production",
        )

    async def __call__(self, scope: http.Scope, receive: http.Receive, send: http.Send) -> None:
        if scope["type"] == "lifespan":
            await self._live(receive, send)
            return
        self.entrance.see_through_proxy(scope)
        if self.entrance.is_plain(scope) and self.entrance.leads_on(scope):
            await http.respond(send, 308, {"Location": settings.ASSORT_PUBLIC_URL + target(scope)}, b"")
            return
        try:
            self.entrance.check(scope)
        except TenantError as error:
            await _refuse(scope, send, error)
            return
        await self._route(scope, receive, send)

    async def _route(self, scope: http.Scope, receive: http.Receive, send: http.Send) -> None:
        if CLASSIFY.fullmatch(scope["path"]):
            await self.gateway(scope, receive, send)
        elif event_stream.is_wanted(scope):
            await self.streams(scope, receive, send)
        elif scope["path"] == "/healthz":
            await _respond(send, 200, {"status": "ok"})
        elif scope["path"] == "/readyz":
            await _tell_readiness(send)
        else:
            await self._hand_on(scope, receive, send)

    async def _live(self, receive: http.Receive, send: http.Send) -> None:
        await receive()
        try:
            await asyncio.to_thread(readiness.refuse_unsafe)
        except Exception as error:
            await send({"type": "lifespan.startup.failed", "message": f"{type(error).__name__}: {error}"})
            raise
        _keep_turns_short()
        await self.gateway.start()
        metrics.serve()
        await self.web.start()
        # The server waits for open responses before it says that it shuts down.
        _on_stop_signals(self.streams.end)
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await self.streams.stop()
        await self.gateway.stop()
        await self.web.stop()
        await send({"type": "lifespan.shutdown.complete"})

    async def _hand_on(self, scope: http.Scope, receive: http.Receive, send: http.Send) -> None:
        try:
            async with spool.received(scope, receive, limit=await self._limit(scope), folder=_folder()) as request:
                await self.web(*request, send)
        except TenantError as error:
            await _refuse(scope, send, error)

    async def _limit(self, scope: http.Scope) -> int:
        """Return how many bytes this request may bring. Raises InvalidKey before a byte of the body is read."""
        if scope["method"] in BODILESS:
            return FORM_BYTES
        if scope["path"].startswith("/api/v1/"):
            key = await self.gateway.callers.identify(http.bearer(scope))
            return int(key.organisation.plan.dataset_bytes) + FORM_BYTES
        # Only somebody who is signed in may bring a file; whether the plan has room for it is Django's to say.
        signed_in = "sessionid=" in http.header(scope, b"cookie")
        return PAGE_FILE_BYTES if signed_in and PAGE_FILE.fullmatch(scope["path"]) else FORM_BYTES


async def _refuse(scope: http.Scope, send: http.Send, error: TenantError) -> None:
    number = request_id(http.header(scope, b"x-request-id"))
    status, headers, document = api_errors.problem(error, request_id=number)
    await http.respond(send, status, headers | {"X-Request-Id": number}, msgspec.json.encode(document))


def _folder() -> Path:
    """Return where bodies wait that are too large for the memory."""
    folder = Path(settings.ASSORT_DATA) / "tmp"
    folder.mkdir(mode=0o700, exist_ok=True)
    return folder


def _keep_turns_short() -> None:
    """Let nothing in this process keep callers waiting for longer than it must."""
    sys.setswitchinterval(TURN_SECONDS)
    # What is there now stays, and to look at all of it for garbage would stop everybody for some hundredth of a second,
    # again and again.
    gc.collect()
    gc.freeze()


def _on_stop_signals(call: Callable[[], None]) -> None:
    """Have `call` made in the event loop on SIGINT or SIGTERM, along with what the server does on them."""
    loop = asyncio.get_running_loop()

    def add_to(servers: Callable[[int, FrameType | None], object]) -> Callable[[int, FrameType | None], None]:
        def handle(number: int, frame: FrameType | None) -> None:
            loop.call_soon_threadsafe(call)
            servers(number, frame)

        return handle

    for number in (signal.SIGINT, signal.SIGTERM):
        servers = signal.getsignal(number)
        if callable(servers):
            signal.signal(number, add_to(servers))


async def _tell_readiness(send: http.Send) -> None:
    answers = await asyncio.to_thread(readiness.check)
    reported = await asyncio.to_thread(readiness.report)
    ready = all(answers.values())
    state: dict[str, object] = {"status": "ready" if ready else "unavailable", **answers, **reported}
    await _respond(send, 200 if ready else 503, state)


async def _respond(send: http.Send, status: int, body: dict[str, object]) -> None:
    headers = {"Content-Type": "application/json", "Cache-Control": "no-store"}
    await http.respond(send, status, headers, msgspec.json.encode(body))


application = Application()
