"""A training's events as a stream: what comes, to whom, and how it ends."""

import asyncio
import json
import os
import signal
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from django.db import connection

from classifier import event_stream, training
from classifier.event_stream import EventStream
from classifier.models import Model, TrainingEvent, TrainingJob
from saas import api_errors
from tenants import isolation, keys
from tenants.models import ApiKey, Organisation
from tests.classifier.event_messages import Message, parse
from tests.classifier.gateway_stand_ins import aside, issue
from tests.end_to_end.stranger import Api
from tests.service import Service

pytest_plugins = ["tests.classifier.gateway_fixtures"]


@dataclass(frozen=True)
class Training:
    """A training that no worker knows: the tests write what its worker would."""

    organisation: Organisation
    job: TrainingJob

    @classmethod
    def begin(cls, organisation: Organisation) -> "Training":
        with isolation.entered(organisation):
            model, _ = Model.objects.get_or_create(name="streamed", defaults={"created_by": "test"})
            return cls(organisation, TrainingJob.objects.create(model=model, created_by="test"))

    @property
    def path(self) -> str:
        return f"/api/v1/training_jobs/{self.job.id}/events"

    def note(self, stage: str, percent: int) -> str:
        """Write an event and return its id."""
        with isolation.entered(self.organisation):
            event = TrainingEvent.objects.create(job=self.job, stage=stage, percent=percent, message=f"{stage}: ä\n")
        return f"evt_{event.pk}"

    def advance(self, stage: str, percent: int, eta: int) -> None:
        with isolation.entered(self.organisation):
            TrainingJob.objects.filter(id=self.job.id).update(stage=stage, percent=percent, eta_seconds=eta)

    def finish(self) -> None:
        with isolation.entered(self.organisation):
            training.finish(self.job, TrainingJob.Status.CANCELED, "Canceled.")

    def delete(self) -> None:
        with isolation.entered(self.organisation):
            self.job.delete()


class Client:
    """Reads a stream of an application in this process, and may leave."""

    def __init__(self, streams: EventStream, path: str, key: str, **headers: str) -> None:
        pairs = {"authorization": f"Bearer {key}", "accept": "text/event-stream"} | headers
        sent = [(name.replace("_", "-").encode(), value.encode()) for name, value in pairs.items()]
        scope = {"type": "http", "method": "GET", "path": path, "headers": sent}
        self.began = time.monotonic()
        self.text = ""
        self.start: dict[str, Any] = {}
        self._came = asyncio.Event()
        self._left = asyncio.Event()
        self.call = asyncio.create_task(streams(scope, self._receive, self._send))

    @property
    def status(self) -> int:
        return int(self.start["status"])

    @property
    def headers(self) -> dict[str, str]:
        return {name.decode(): value.decode() for name, value in self.start["headers"]}

    async def read(self, messages: int) -> list[Message]:
        """Wait until so many messages have come."""
        async with asyncio.timeout(5):
            while len(found := parse(self.text)) < messages:
                self._came.clear()
                await self._came.wait()
        return found

    async def read_all(self, seconds: float = 5) -> list[Message]:
        async with asyncio.timeout(seconds):
            await self.call
        return parse(self.text)

    async def problem(self) -> dict[str, Any]:
        await self.call
        return dict(json.loads(self.text))

    async def leave(self) -> None:
        self._left.set()
        async with asyncio.timeout(1):
            await self.call

    async def _receive(self) -> Any:
        await self._left.wait()
        return {"type": "http.disconnect"}

    async def _send(self, message: Any) -> None:
        if message["type"] == "http.response.start":
            self.start = message
        self.text += message.get("body", b"").decode()
        self._came.set()


@pytest.fixture
async def streams(committed: None, anyio_backend: str) -> AsyncIterator[EventStream]:
    streams = EventStream(problem=api_errors.problem)
    yield streams
    await streams.stop()


@pytest.fixture
def running(initech: Organisation, committed: None) -> Training:
    return Training.begin(initech)


@pytest.mark.anyio
async def test_what_happens_comes_as_it_happens_until_the_end(
    streams: EventStream, running: Training, initech_key: str
) -> None:
    first = await aside(running.note, "queued", 0)
    client = Client(streams, running.path, initech_key)
    await client.read(1)
    second = await aside(running.note, "reading", 2)
    assert [message.id for message in await client.read(3) if message.id] == [first, second]
    await aside(running.finish)
    *_, last, done = await client.read_all()
    assert (last.event, last.data["stage"], last.data["message"]) == ("progress", "canceled", "Canceled.")
    assert (done.event, done.id, done.data["id"], done.data["status"]) == ("done", "", running.job.id, "canceled")


@pytest.mark.anyio
async def test_progress_between_two_events_comes_without_an_id(
    streams: EventStream, running: Training, initech_key: str
) -> None:
    client = Client(streams, running.path, initech_key)
    await client.read(1)
    await aside(running.advance, "candidates", 41, 30)
    progress = (await client.read(2))[-1]
    assert progress == Message("progress", {"percent": 41, "stage": "candidates", "eta_seconds": 30})
    await asyncio.sleep(2 * event_stream.READ_SECONDS)
    assert len(parse(client.text)) == 2


@pytest.mark.anyio
async def test_a_client_goes_on_after_the_last_event_it_saw(
    streams: EventStream, running: Training, initech_key: str
) -> None:
    seen = [await aside(running.note, "reading", percent) for percent in range(4)]
    await aside(running.finish)
    client = Client(streams, running.path, initech_key, last_event_id=seen[1])
    *events, done = await client.read_all()
    assert [message.id for message in events[:2]] == seen[2:]
    assert (len(events), done.event) == (3, "done")


@pytest.mark.anyio
@pytest.mark.parametrize("text", ["7", "evt_", "evt_-1", "evt_x", "evt_" + "9" * 30, "job_1"])
async def test_what_is_no_events_id_is_refused(
    streams: EventStream, running: Training, initech_key: str, text: str
) -> None:
    client = Client(streams, running.path, initech_key, last_event_id=text)
    assert (await client.problem())["code"] == "malformed"
    assert client.status == 400


@pytest.mark.anyio
async def test_the_answer_is_for_reading_along(streams: EventStream, running: Training, initech_key: str) -> None:
    await aside(running.finish)
    client = Client(streams, running.path, initech_key, x_request_id="mine-1")
    await client.read_all()
    assert (client.status, client.headers["x-request-id"]) == (200, "mine-1")
    assert client.headers["content-type"] == "text/event-stream"
    assert client.headers["cache-control"] == "no-store"


@pytest.mark.anyio
async def test_only_a_key_that_reads_is_told_anything(
    streams: EventStream, running: Training, initech: Organisation
) -> None:
    nobody = Client(streams, running.path, "ak_live_x")
    assert ((await nobody.problem())["code"], nobody.status) == ("invalid_key", 401)
    other = Client(streams, running.path, await aside(issue, initech, "classify", "train"))
    assert ((await other.problem())["code"], other.status) == ("missing_scope", 403)


@pytest.mark.anyio
async def test_anothers_training_is_not_there(
    streams: EventStream, running: Training, initech_key: str, globex_key: str
) -> None:
    missing = [Client(streams, f"/api/v1/training_jobs/{job}/events", initech_key) for job in ("job_0", "\0", "x%y")]
    problems = [await client.problem() for client in [*missing, Client(streams, running.path, globex_key)]]
    assert {problem["code"] for problem in problems} == {"not_found"}
    assert len({problem["detail"] for problem in problems}) == 1


@pytest.mark.anyio
async def test_opening_a_stream_counts_as_a_request(streams: EventStream, metered: Organisation) -> None:
    key = await aside(issue, metered)
    clients = [Client(streams, "/api/v1/training_jobs/job_0/events", key) for _ in range(7)]
    assert sorted([(await client.problem())["status"] for client in clients]) == [404] * 5 + [429] * 2
    assert 1 <= int(next(client for client in clients if client.status == 429).headers["retry-after"]) <= 61


@pytest.mark.anyio
async def test_a_stream_without_news_gives_a_sign_of_life(
    streams: EventStream, running: Training, initech_key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(event_stream, "HEARTBEAT_SECONDS", 0.4)
    client = Client(streams, running.path, initech_key)
    await client.read(1)
    await asyncio.sleep(3 * event_stream.READ_SECONDS)
    assert client.text.count(": heartbeat\n\n") >= 1
    assert len(parse(client.text)) == 1


@pytest.mark.anyio
async def test_a_revoked_key_ends_its_stream_within_seconds(
    streams: EventStream, running: Training, initech: Organisation
) -> None:
    key = await aside(issue, initech, "read")
    client = Client(streams, running.path, key)
    await client.read(1)
    row = await aside(ApiKey.objects.get, public=key[8:20])
    await aside(keys.revoke, organisation=initech, key_id=row.id, by="alice")
    assert "done" not in [message.event for message in await client.read_all(seconds=4)]


@pytest.mark.anyio
async def test_a_deleted_training_ends_its_stream(streams: EventStream, running: Training, initech_key: str) -> None:
    client = Client(streams, running.path, initech_key)
    await client.read(1)
    await aside(running.delete)
    assert [message.event for message in await client.read_all()] == ["progress"]


@pytest.mark.anyio
async def test_a_client_that_leaves_makes_place_for_the_next(
    streams: EventStream, running: Training, initech_key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(event_stream, "STREAMS", 1)
    first = Client(streams, running.path, initech_key)
    await first.read(1)
    refused = Client(streams, running.path, initech_key)
    assert ((await refused.problem())["code"], refused.status) == ("unavailable", 503)
    assert int(refused.headers["retry-after"]) >= 1
    await first.leave()
    await Client(streams, running.path, initech_key).read(1)


@pytest.mark.anyio
async def test_one_organisation_cannot_take_every_place(
    streams: EventStream, running: Training, initech_key: str, metered: Organisation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(event_stream, "STREAMS_OF_ONE_ORGANISATION", 1)
    await Client(streams, running.path, initech_key).read(1)
    refused = Client(streams, running.path, initech_key)
    assert ((await refused.problem())["code"], refused.status) == ("rate_limited", 429)
    theirs = await aside(Training.begin, metered)
    await Client(streams, theirs.path, await aside(issue, metered)).read(1)


@pytest.mark.anyio
async def test_many_streams_of_a_training_read_it_no_more_often_than_one(
    streams: EventStream, running: Training, initech_key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    reads = []
    read = event_stream._read
    monkeypatch.setattr(event_stream, "_read", lambda *job: reads.append(job) or read(*job))  # type: ignore[func-returns-value]  # append's None
    began = time.monotonic()
    clients = [Client(streams, running.path, initech_key) for _ in range(40)]
    await asyncio.gather(*(client.read(1) for client in clients))
    await asyncio.sleep(1.5)
    assert len(reads) <= (time.monotonic() - began) / event_stream.READ_SECONDS + 1


@pytest.mark.anyio
async def test_a_stream_outlives_connections_that_the_database_ended(
    streams: EventStream, running: Training, initech_key: str
) -> None:
    others = await aside(sessions)
    client = Client(streams, running.path, initech_key)
    await client.read(1)
    await aside(end_sessions, spared=others)
    last = await aside(running.note, "refit", 80)
    assert (await client.read(2))[-1].id == last


def sessions() -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pid FROM pg_stat_activity WHERE usename = current_user")
        return [pid for (pid,) in cursor.fetchall()]


def end_sessions(spared: list[int]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE usename = current_user AND pid <> pg_backend_pid() AND pid <> ALL(%s)",
            [spared],
        )


@pytest.mark.anyio
async def test_what_ends_with_the_server_does_not_look_finished(
    streams: EventStream, running: Training, initech_key: str
) -> None:
    client = Client(streams, running.path, initech_key)
    await client.read(1)
    streams.end()
    assert [message.event for message in await client.read_all(seconds=1)] == ["progress"]
    assert (await Client(streams, running.path, initech_key).problem())["code"] == "unavailable"


# --- In the real server ---------------------------------------------------------------------------------------------


@pytest.fixture
def api(service: Service, initech_key: str) -> Iterator[Api]:
    api = Api(service.url, initech_key)
    with api.client:
        yield api


@pytest.fixture
def newcomer(service: Service) -> Iterator[Api]:
    """The API of an organisation of its own, since it trains."""
    made = service.create_organisation("newcomer", "newcomer@example.test")
    newcomer = Api(service.url, made["key"])
    with newcomer.client:
        yield newcomer


def follow(api: Api, job: str) -> Any:
    return api.client.stream("GET", f"training_jobs/{job}/events", headers={"Accept": "text/event-stream"})


def test_a_real_training_is_streamed_as_the_list_tells_it(newcomer: Api, csv_file: Path) -> None:
    job = newcomer.start_training(newcomer.upload(csv_file)["id"], "streamed")
    with follow(newcomer, job) as response:
        messages = parse("".join(response.iter_text()))
    assert messages[-1] == Message("done", newcomer.get(f"training_jobs/{job}"))
    assert messages[-1].data["status"] == "succeeded"
    listed = newcomer.get(f"training_jobs/{job}/events")["data"]
    assert [(message.id, message.data) for message in messages if message.id] == [(row["id"], row) for row in listed]


def test_clients_that_wait_hold_no_thread_of_djangos(api: Api, running: Training) -> None:
    with ExitStack() as streams:
        assert {streams.enter_context(follow(api, running.job.id)).status_code for _ in range(40)} == {200}
        began = time.monotonic()
        assert api.get("me")["object"] == "me"
        assert time.monotonic() - began < 2


def test_clients_that_left_the_server_make_place_for_others(api: Api, running: Training) -> None:
    for _ in range(2):
        with ExitStack() as streams:
            assert all(streams.enter_context(follow(api, running.job.id)).is_success for _ in range(40))
        time.sleep(1)


def test_a_server_that_stops_ends_its_streams_first(service: Service, api: Api, running: Training) -> None:
    server = service.pid_of("gateway")
    with follow(api, running.job.id) as response:
        chunks = response.iter_text()
        assert "event: progress" in next(chunks)
        began = time.monotonic()
        os.kill(server, signal.SIGTERM)
        assert "event: done" not in "".join(chunks)
    assert time.monotonic() - began < 3
    api.until("me", lambda found: found["object"] == "me" and service.pid_of("gateway") != server)
