import asyncio
import logging
import re
import time
from dataclasses import dataclass, field
from functools import partial

import msgspec
import redis

from classifier import results
from classifier.gateway import callers, http, measures, request, routes
from classifier.gateway.acceptance import Accept, Acceptance
from classifier.gateway.answer import Accepted, AnswerOf, Reply
from classifier.gateway.batches import Asked
from classifier.gateway.callers import Callers
from classifier.gateway.database import Database
from classifier.gateway.http import Problem
from classifier.gateway.notices import Notices
from classifier.gateway.replies import Replies, connect
from classifier.gateway.request import Classify
from classifier.gateway.routes import Routes
from classifier.gateway.scripts import Scripts
from classifier.later import Later
from tenants import ids, logs, usage
from tenants.errors import MethodNotAllowed, NotFound, TenantError, Unavailable
from tenants.metrics import Gauge
from tenants.middleware import request_id
from tenants.models import ApiKey, Route
from tenants.permissions import Scope

log = logging.getLogger(__name__)

PATH = re.compile(r"/api/v1/models/([^/]+)/classify")
MODEL = re.compile(r"((?:assort\.)?[a-z0-9][a-z0-9_-]{0,62})(?:@([1-9][0-9]{0,8}))?")
FLUSH_SECONDS = 0.5


@dataclass
class Call:
    """One request: what it says, whom it concerns, and the headers that its answer has gathered so far."""

    scope: http.Scope
    receive: http.Receive
    request_id: str
    model: str = ""
    bytes: int = 0
    rows: int = 0
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Target:
    """The model and the version that a request names, and the route of that model's champion, from which reading."""

    version: int
    route: Route
    reading: str


class Gateway:
    """An ASGI application for `POST /api/v1/models/{model}/classify`, and for nothing else.

    `problem(error, request_id=…)` returns status, headers and body for an error; `accept` keeps requests for
    later and is called inside their organisation.
    """

    def __init__(self, *, problem: Problem, accept: Accept) -> None:
        self._problem = problem
        self._database = Database()
        self._acceptance = Acceptance(self._database, accept)
        self._broker = connect()
        self._notices = Notices()
        self._scripts = Scripts()
        self.callers = Callers(self._database, self._scripts, self._notices)
        self._routes = Routes(self._database, self._notices)
        self._notices.on(callers.CHANNEL, self.callers.hear)
        self._notices.on(routes.CHANNEL, self._routes.hear)
        self._replies = Replies(self._broker)
        self._background: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        Gauge(
            "assort_gateway_waiting_requests",
            "Classify requests that wait for a worker's answer.",
            lambda: {(): self._replies.waiting()},
        )
        self._background = [
            asyncio.create_task(self._notices.listen()),
            asyncio.create_task(self._replies.watch()),
            asyncio.create_task(self._flush_now_and_then()),
        ]

    async def stop(self) -> None:
        """End what runs in the background, and write down what was used."""
        for task in self._background:
            task.cancel()
        await asyncio.gather(*self._background, return_exceptions=True)
        await self._replies.close()
        await self.callers.close()
        await self._scripts.close()
        await self._broker.aclose()
        await self._flush()
        await self._database.close()

    async def __call__(self, scope: http.Scope, receive: http.Receive, send: http.Send) -> None:
        call = Call(scope, receive, request_id(http.header(scope, b"x-request-id")))
        began = time.perf_counter()
        answered = measures.LEFT
        try:
            with logs.about(request=call.request_id):
                status, body = await self._respond(call)
                answered = f"{status // 100}xx"
                await http.respond(send, status, call.headers | {"X-Request-Id": call.request_id}, body)
        except http.Disconnected:
            return
        finally:
            measures.REQUESTS.observe(time.perf_counter() - began, answered)

    async def _respond(self, call: Call) -> tuple[int, bytes]:
        """Return status and body, of the answer or of the problem that there is."""
        try:
            status, body = await self._answer(call)
            call.headers["Content-Type"] = "application/json"
        except TenantError as error:
            measures.REFUSED.add(error.code)
            status, headers, document = self._problem(error, request_id=call.request_id)
            call.headers |= headers
            body = msgspec.json.encode(document)
        return status, body

    async def _answer(self, call: Call) -> tuple[int, bytes]:
        """Return status and body, and note what was used. Raises TenantError."""
        if call.scope["method"] != "POST":
            call.headers["Allow"] = "POST"
            raise MethodNotAllowed("This address takes POST only.")
        key = await self.callers.identify(http.bearer(call.scope))
        logs.note(tenant=key.organisation_id)
        note = partial(usage.note, organisation=key.organisation, api_key=key.id)
        try:
            answer = await self._serve(call, key)
        except TenantError:
            note(model=call.model, failed=True)
            raise
        except redis.RedisError as error:
            log.warning("the broker is away: %s", error)
            note(model=call.model, failed=True)
            raise Unavailable("The queue does not answer just now. Try again.", retry_after=1) from error
        note(model=call.model, rows=call.rows)
        measures.ROWS.add(by=call.rows)
        return answer

    async def _serve(self, call: Call, key: ApiKey) -> tuple[int, bytes]:
        await self.callers.admit(key, Scope.CLASSIFY, call.headers)
        body = await http.read_body(call.scope, call.receive, request.BODY_LIMIT)
        call.bytes = len(body)
        target = await self._find_model(call, key)
        http.check_json(call.scope)
        asked = request.decode(body, target.route)
        call.rows = len(asked.inputs)
        async with self.callers.rows(key, call.rows):
            if http.prefers_async(call.scope):
                return 202, await self._keep(call, key, target, asked)
            return 200, await self._classify(call, key, target, asked)

    async def _find_model(self, call: Call, key: ApiKey) -> Target:
        path = PATH.fullmatch(call.scope["path"])
        named = MODEL.fullmatch(path[1]) if path else None
        if named is None:
            raise NotFound
        route, reading = await self._routes.get(key.organisation_id, named[1])
        call.model = route.model
        return Target(int(named[2] or route.version), route, reading)

    async def _classify(self, call: Call, key: ApiKey, target: Target, asked: Classify) -> bytes:
        reply = await self._ask(call, key, target, asked)
        if reply.error is not None:
            raise reply.error.as_exception()
        answer = AnswerOf(
            id=reply.id,
            model=call.model,
            version=reply.version,
            results=reply.results,
            request_id=call.request_id,
            warnings=reply.warnings or msgspec.UNSET,
        )
        return msgspec.json.encode(answer)

    async def _ask(self, call: Call, key: ApiKey, target: Target, asked: Classify) -> Reply:
        # The worker cannot read what its organisation wants kept.
        keeping = results.keeping(key.organisation)
        content = {
            "id": ids.new("cls"),
            "inputs": asked.inputs,
            "top_k": asked.top_k,
            "explain": asked.explain,
            "api_key": key.id,
            "keep_seconds": keeping.seconds,
            "keep_inputs": keeping.inputs,
        }
        answer: asyncio.Future[Reply] = asyncio.get_running_loop().create_future()
        departure = http.Departure(call.receive, answer)
        try:
            line = (call.model, target.version)
            return await self._replies.ask(
                key.organisation_id, Asked(line, content, call.bytes, answer, departure.watch, reading=target.reading)
            )
        finally:
            departure.forget()

    async def _keep(self, call: Call, key: ApiKey, target: Target, asked: Classify) -> bytes:
        later = Later(
            model=call.model,
            version=target.version,
            inputs=asked.inputs,
            top_k=asked.top_k,
            explain=asked.explain,
            api_key=key.id,
            keeping=results.keeping(key.organisation),
        )
        kept = await self._acceptance.keep(key.organisation, later, size=call.bytes)
        call.headers["Location"] = f"/api/v1/classifications/{kept.id}"
        call.headers["Preference-Applied"] = "respond-async"
        return msgspec.json.encode(Accepted(id=kept.id, status=kept.status, created_at=kept.created_at))

    async def _flush_now_and_then(self) -> None:
        while True:
            await asyncio.sleep(FLUSH_SECONDS)
            await self._flush()

    async def _flush(self) -> None:
        try:
            if usage.is_noted():
                await self._database.run(usage.flush)
            await self.callers.note_use()
        except Unavailable:
            log.warning("usage is written later, because PostgreSQL is away")
