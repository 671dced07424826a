"""A training's events as they happen, as server-sent events (HTML Living Standard, section 9.2).

A bare ASGI application, so that a client that waits holds a socket and no thread of Django's. All streams of one
training share what is read of its rows, which happens at most twice a second.
"""

import asyncio
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from weakref import WeakValueDictionary

import msgspec
from django.db.models import Max

from classifier.api.serializers import ProgressSerializer, TrainingEventSerializer, TrainingJobSerializer
from classifier.gateway import http
from classifier.gateway.callers import Callers
from classifier.gateway.database import Database
from classifier.gateway.memory import Memory
from classifier.gateway.replies import connect
from classifier.models import TrainingJob
from tenants import isolation
from tenants.errors import Malformed, NotFound, RateLimited, TenantError, Unavailable
from tenants.middleware import request_id
from tenants.models import Organisation
from tenants.permissions import Scope

PATH = re.compile(r"/api/v1/training_jobs/([^/]+)/events")
JOB_ID = re.compile(r"job_[a-z0-9]{1,20}")
EVENT_ID = re.compile(r"evt_([0-9]{1,18})")
MEDIA_TYPE = "text/event-stream"
# nginx would otherwise hold the events back until its buffer is full.
HEADERS = {"Content-Type": MEDIA_TYPE, "Cache-Control": "no-store", "X-Accel-Buffering": "no"}
HEARTBEAT = b": heartbeat\n\n"

Job = tuple[Organisation, str]

READ_SECONDS = 0.5
# A key that is revoked ends its streams within this, and a second for the memory of those who answer requests.
KEY_SECONDS = 2.0
# Many proxies close a connection that is silent for a minute.
HEARTBEAT_SECONDS = 15.0
STREAMS = 200
# So that no organisation keeps the others out.
STREAMS_OF_ONE_ORGANISATION = 50
RETRY_SECONDS = 5
# Their own, so that streams never hold up the gateway.
DATABASE_THREADS = 2
BROKER_CONNECTIONS = 4


def is_wanted(scope: http.Scope) -> bool:
    """Whether the request is for a training's events as a stream, and not as a JSON list."""
    return scope["method"] == "GET" and PATH.fullmatch(scope["path"]) is not None and http.accepts(scope, MEDIA_TYPE)


@dataclass(frozen=True)
class Snapshot:
    """What a training's rows said at one moment, as messages to send; `done` is empty until it is finished.

    `mark` differs from that of another moment when anything of this does.
    """

    mark: tuple[object, ...]
    events: list[tuple[int, bytes]]
    progress: bytes
    done: bytes


@dataclass
class Told:
    """What a client knows: the number of the last event, the last progress, whether it is over, and when it heard."""

    event: int
    progress: bytes = b""
    done: bool = False
    at: float = field(default_factory=time.monotonic)

    def news(self, snapshot: Snapshot) -> bytes:
        """Return what of the snapshot the client does not know, and take it for told."""
        new = [(number, message) for number, message in snapshot.events if number > self.event]
        news = b"".join(message for _, message in new)
        if new:
            self.event = new[-1][0]
        elif not snapshot.done and snapshot.progress != self.progress:
            # Not along with an event, which is written a moment before its job's row.
            news = self.progress = snapshot.progress
        self.done = bool(snapshot.done)
        return news + snapshot.done


@dataclass(eq=False)
class Stream:
    """One open response. `left` is done when its client has gone, or when it is to end for another reason."""

    key: str
    job: Job
    told: Told
    left: asyncio.Task[None] = field(init=False)
    snapshot: Snapshot = field(init=False)


class EventStream:
    """An ASGI application for the requests that are `is_wanted`.

    `problem(error, request_id=…)` returns status, headers and body for an error.
    """

    def __init__(self, *, problem: http.Problem) -> None:
        self._problem = problem
        self._database = Database(DATABASE_THREADS)
        self._broker = connect(BROKER_CONNECTIONS)
        self._callers = Callers(self._database, self._broker)
        self._keys = Memory(self._callers.identify, KEY_SECONDS)
        self._snapshots = Memory(self._look_up, READ_SECONDS)
        # As long as a stream has them; to write the messages costs more than to see that nothing changed.
        self._latest: WeakValueDictionary[Job, Snapshot] = WeakValueDictionary()
        self._open: set[Stream] = set()
        self._ended = False

    def end(self) -> None:
        """End all streams and begin no more. Their clients go on from where they were, at the next server."""
        self._ended = True
        for stream in self._open:
            stream.left.cancel()

    async def stop(self) -> None:
        self.end()
        await self._broker.aclose()
        await self._database.close()

    async def __call__(self, scope: http.Scope, receive: http.Receive, send: http.Send) -> None:
        number = request_id(http.header(scope, b"x-request-id"))
        headers = {"X-Request-Id": number}
        try:
            token = http.bearer(scope)
            key = await self._callers.identify(token)
            await self._callers.admit(key, Scope.READ, headers)
            stream = Stream(token, (key.organisation, _job_id(scope)), Told(_last_event(scope)))
            with self._opened(stream, receive):
                stream.snapshot = await self._snapshots.get(stream.job)
                # From here on nothing is raised that would need an answer of its own.
                await http.begin(send, 200, headers | HEADERS)
                await self._follow(stream, send)
        except TenantError as error:
            status, more, document = self._problem(error, request_id=number)
            await http.respond(send, status, headers | more, msgspec.json.encode(document))

    @contextmanager
    def _opened(self, stream: Stream, receive: http.Receive) -> Iterator[None]:
        """Hold a place for the stream within the block. Raises Unavailable or RateLimited when there is none."""
        if self._ended or len(self._open) >= STREAMS:
            detail = "This server has as many streams open as it can. Try again, or ask for the list now and then."
            raise Unavailable(detail, retry_after=RETRY_SECONDS)
        if sum(other.job[0] == stream.job[0] for other in self._open) >= STREAMS_OF_ONE_ORGANISATION:
            detail = f"An organisation may have {STREAMS_OF_ONE_ORGANISATION} streams open at a time. Close one first."
            raise RateLimited(detail, retry_after=RETRY_SECONDS)
        stream.left = asyncio.create_task(_leave(receive))
        self._open.add(stream)
        try:
            yield
        finally:
            self._open.discard(stream)
            stream.left.cancel()

    async def _follow(self, stream: Stream, send: http.Send) -> None:
        """Send what happens until the training is finished, the client leaves, or its key is good no more."""
        # Whoever is cut off for an error asks again, and is told why.
        with suppress(TenantError):
            while not stream.left.done():
                if message := await self._news(stream):
                    await send({"type": "http.response.body", "body": message, "more_body": True})
                if stream.told.done:
                    break
                await asyncio.wait({stream.left}, timeout=READ_SECONDS)
        await send({"type": "http.response.body", "body": b""})

    async def _news(self, stream: Stream) -> bytes:
        """Return what the stream's client does not know, or where that is nothing for long, a sign of life."""
        try:
            await self._keys.get(stream.key)
            stream.snapshot = await self._snapshots.get(stream.job)
            news = stream.told.news(stream.snapshot)
        except Unavailable:
            news = b""  # The database comes back, and the stream goes on from where it was.
        now = time.monotonic()
        if not news and now - stream.told.at < HEARTBEAT_SECONDS:
            return b""
        stream.told.at = now
        return news or HEARTBEAT

    async def _look_up(self, job: Job) -> Snapshot:
        latest = self._latest.get(job)
        snapshot = await self._database.run(partial(_read, *job, latest))
        self._latest[job] = snapshot
        return snapshot


def _read(organisation: Organisation, job_id: str, latest: Snapshot | None) -> Snapshot:
    """Return what the job's rows say, which is `latest` where nothing changed. Raises NotFound."""
    with isolation.entered(organisation):
        mark = _mark(job_id)
        if latest is not None and latest.mark == mark:
            return latest
        # The job before its events: the last of them is committed together with the job's end.
        job = TrainingJob.objects.select_related("model", "dataset", "version").filter(id=job_id).first()
        if job is None:
            raise NotFound
        rows = list(job.events.order_by("id"))
    return Snapshot(
        mark=mark,
        events=[(row.pk, _message("progress", TrainingEventSerializer(row).data, f"evt_{row.pk}")) for row in rows],
        progress=_message("progress", ProgressSerializer(job).data),
        done=_message("done", TrainingJobSerializer(job).data) if job.is_finished else b"",
    )


def _mark(job_id: str) -> tuple[object, ...]:
    marks = TrainingJob.objects.values_list("status", "stage", "percent", "eta_seconds", Max("events"))
    mark: tuple[object, ...] | None = marks.filter(id=job_id).order_by("id").first()
    if mark is None:
        raise NotFound
    return mark


def _message(event: str, data: object, number: str = "") -> bytes:
    """Return one event of the stream. JSON has no line breaks, so its data is one line."""
    head = f"id: {number}\n" if number else ""
    return f"{head}event: {event}\ndata: ".encode() + msgspec.json.encode(data) + b"\n\n"


def _job_id(scope: http.Scope) -> str:
    path = PATH.fullmatch(scope["path"])
    if path is None or not JOB_ID.fullmatch(path[1]):
        raise NotFound
    return path[1]


def _last_event(scope: http.Scope) -> int:
    """Return the number of the event after which the client goes on, or 0."""
    text = http.header(scope, b"last-event-id")
    named = EVENT_ID.fullmatch(text)
    if text and named is None:
        raise Malformed("`Last-Event-ID` is no event's id. Send the `id` of the last event seen, or leave it out.")
    return int(named[1]) if named else 0


async def _leave(receive: http.Receive) -> None:
    """Return when the client has closed the connection."""
    while (await receive())["type"] != "http.disconnect":
        pass
