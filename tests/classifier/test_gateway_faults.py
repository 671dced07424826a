"""What happens when a worker, the broker, the database or the caller goes away."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from typing import Any
from urllib.parse import urlsplit

import httpx2
import pytest
import redis
from django.conf import settings
from django.db import connection, connections

from classifier import later
from classifier.gateway import batches, mailbox
from classifier.gateway.application import Gateway
from saas import api_errors
from tenants import isolation
from tenants.models import Organisation
from tests.classifier.gateway_stand_ins import QUEUE, Worker, aside, billing, message, replied, worker_client
from tests.service import Service

pytest_plugins = ["tests.classifier.gateway_fixtures"]
pytestmark = pytest.mark.anyio

TEXT = {"inputs": ["a text"]}
CLOSED_PORT = "1"


def assert_unavailable(response: httpx2.Response) -> None:
    assert (response.status_code, response.json()["code"]) == (503, "unavailable")
    assert int(response.headers["Retry-After"]) >= 1


def empty_queue(organisation: Organisation) -> int:
    """Take what lies in the organisation's queue, and return how much that was."""
    queue = isolation.queue(organisation.tenant, QUEUE)
    with worker_client(organisation) as client:
        return sum(1 for _ in iter(lambda: client.rpop(queue), None))


@pytest.fixture
def no_worker(initech: Organisation) -> Iterator[Organisation]:
    """An organisation without a worker, whose queue is emptied afterwards."""
    yield initech
    empty_queue(initech)


async def test_without_an_answer_in_time_it_is_a_503(
    caller: httpx2.AsyncClient, no_worker: Organisation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mailbox, "SECONDS", 0.3)
    began = time.monotonic()
    assert_unavailable(await caller.post("support/classify", json=TEXT))
    assert 0.3 <= time.monotonic() - began < 1


async def test_a_reply_that_comes_too_late_meets_nobody(
    caller: httpx2.AsyncClient, no_worker: Organisation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mailbox, "SECONDS", 0.3)
    assert_unavailable(await caller.post("support/classify", json=TEXT))
    monkeypatch.setattr(mailbox, "SECONDS", 5)
    with Worker(no_worker).running() as worker:
        response = await caller.post("support/classify", json=TEXT)
    assert [request["id"] for request in worker.seen][1:] == [response.json()["id"]]


async def test_a_worker_that_comes_late_still_answers(
    caller: httpx2.AsyncClient, no_worker: Organisation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mailbox, "LINGER", 0)
    monkeypatch.setattr(mailbox, "WAIT_SECONDS", 1)
    waiting = asyncio.create_task(caller.post("support/classify", json=TEXT))
    await asyncio.sleep(1.5)
    with Worker(no_worker).running():
        assert (await waiting).status_code == 200


async def test_a_message_that_a_dying_worker_took_along_is_sent_again(
    caller: httpx2.AsyncClient, no_worker: Organisation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mailbox, "AGAIN_SECONDS", 0.5)
    waiting = asyncio.create_task(caller.post("support/classify", json=TEXT))
    await asyncio.sleep(0.3)
    assert empty_queue(no_worker) == 1
    with Worker(no_worker).running():
        assert (await waiting).status_code == 200


async def test_a_message_tells_the_worker_where_and_until_when_to_answer(
    caller: httpx2.AsyncClient, no_worker: Organisation
) -> None:
    waiting = asyncio.create_task(caller.post("support/classify", json=TEXT))
    with worker_client(no_worker) as client:
        found = await aside(client.brpop, [isolation.queue(no_worker.tenant, QUEUE)], timeout=5)
        batch = message(found[1])
        assert batch["reply"].startswith(f"reply:{no_worker.tenant}:")
        [request] = batch["requests"]
        assert 9 < request["deadline"] - time.time() < 10
        client.rpush(batch["reply"], "no JSON", "{}", replied(batch, [billing({**request, "version": 3})]))
    assert (await waiting).status_code == 200


async def test_when_too_much_waits_a_request_is_refused_at_once(
    caller: httpx2.AsyncClient, no_worker: Organisation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batches, "REQUESTS", 3)
    monkeypatch.setattr(mailbox, "SECONDS", 1)
    # Two have left in a message of their own, and three wait.
    waiting = [asyncio.create_task(caller.post("support/classify", json=TEXT)) for _ in range(5)]
    await asyncio.sleep(0.3)
    for _ in range(5):
        began = time.monotonic()
        assert_unavailable(await caller.post("support/classify", json=TEXT))
        assert time.monotonic() - began < 0.3
    for response in await asyncio.gather(*waiting):
        assert_unavailable(response)
    assert empty_queue(no_worker) == 2


async def test_a_queue_that_others_have_filled_refuses_at_once(
    caller: httpx2.AsyncClient, no_worker: Organisation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mailbox, "QUEUE_LIMIT", 0)
    waiting = asyncio.create_task(caller.post("support/classify", json=TEXT))
    await asyncio.sleep(0.3)
    assert_unavailable(await caller.post("support/classify", json=TEXT))
    waiting.cancel()


async def test_a_body_that_ends_early_is_refused_at_once(gateway: Gateway, initech_key: str) -> None:
    sent: list[Any] = []
    parts = iter([{"type": "http.request", "body": b"{", "more_body": True}, {"type": "http.disconnect"}])

    async def receive() -> Any:
        return next(parts)

    async def send(message: Any) -> None:
        sent.append(message)

    headers = [(b"authorization", f"Bearer {initech_key}".encode())]
    path = "/api/v1/models/support/classify"
    await gateway({"type": "http", "method": "POST", "path": path, "headers": headers}, receive, send)
    assert sent[0]["status"] == 400


async def test_replies_are_heard_though_the_connection_for_them_died(
    caller: httpx2.AsyncClient, no_worker: Organisation, service: Service
) -> None:
    # More than may be on their way, so that some of them still wait to leave.
    asking = [caller.post("support/classify", json=TEXT) for _ in range(6)]
    waiting = [asyncio.create_task(each) for each in asking]
    await asyncio.sleep(0.3)
    with redis.Redis.from_url(service.instance.owner_redis_url(), decode_responses=True) as owner:
        blocked = [client["id"] for client in owner.client_list() if client["cmd"] == "blpop"]
        assert [owner.client_kill_filter(_id=each) for each in blocked]
    with Worker(no_worker).running():
        assert {response.status_code for response in await asyncio.gather(*waiting)} == {200}


async def test_nobody_is_left_waiting_when_replies_may_not_be_heard(
    caller: httpx2.AsyncClient, no_worker: Organisation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(isolation, "reply_list", lambda tenant, gateway: f"somebody-elses:{tenant}:{gateway}")
    asking = [caller.post(f"support@{version}/classify", json=TEXT) for version in range(1, 7)]
    async with asyncio.timeout(2):
        for response in await asyncio.gather(*asking):
            assert_unavailable(response)


async def test_a_broker_that_hangs_keeps_nobody_longer_than_promised(
    caller: httpx2.AsyncClient, no_worker: Organisation, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mailbox, "SECONDS", 0.5)
    with redis.Redis.from_url(service.instance.owner_redis_url()) as owner:
        waiting = asyncio.create_task(caller.post("support/classify", json=TEXT))
        await asyncio.sleep(0.2)
        owner.execute_command("CLIENT", "PAUSE", "1500")
        async with asyncio.timeout(1.2):
            assert_unavailable(await waiting)
        owner.execute_command("CLIENT", "UNPAUSE")


class Relay:
    """Stands between the gateway and the broker, and can be taken away."""

    def __init__(self, port: int) -> None:
        self._broker = port
        self._writers: list[asyncio.StreamWriter] = []

    async def start(self, port: int = 0) -> int:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", port)
        return int(self._server.sockets[0].getsockname()[1])

    async def stop(self) -> None:
        self._server.close()
        for writer in self._writers:
            writer.close()
        await self._server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        broker_reader, broker_writer = await asyncio.open_connection("127.0.0.1", self._broker)
        self._writers += [writer, broker_writer]
        await asyncio.gather(self._pump(reader, broker_writer), self._pump(broker_reader, writer))

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while data := await reader.read(65536):
                writer.write(data)
        except ConnectionError:
            pass  # It was taken away.
        finally:
            writer.close()


@pytest.fixture
async def relay(settings: Any, anyio_backend: str) -> AsyncIterator[Relay]:
    at = urlsplit(settings.REDIS_URL)
    relay = Relay(at.port or 6379)
    login = at.netloc.rpartition("@")[0]
    settings.REDIS_URL = at._replace(netloc=f"{login}@127.0.0.1:{await relay.start()}").geturl()
    yield relay
    await relay.stop()


async def test_a_broker_that_goes_away_is_a_503_at_once_and_comes_back(
    relay: Relay, caller: httpx2.AsyncClient, no_worker: Organisation
) -> None:
    port = urlsplit(settings.REDIS_URL).port or 0
    waiting = asyncio.create_task(caller.post("support/classify", json=TEXT))
    await asyncio.sleep(0.5)
    await relay.stop()
    async with asyncio.timeout(1):
        assert_unavailable(await waiting)
        assert_unavailable(await caller.post("support/classify", json=TEXT))
    await relay.start(port)
    with Worker(no_worker).running():
        assert (await caller.post("support/classify", json=TEXT)).status_code == 200


async def test_without_a_database_it_is_a_503_at_once(
    committed: None, initech_key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(connections.settings["default"], "PORT", CLOSED_PORT)
    gateway = Gateway(problem=api_errors.problem, accept=later.accept_all)
    transport, headers = httpx2.ASGITransport(app=gateway), {"Authorization": f"Bearer {initech_key}"}
    async with httpx2.AsyncClient(transport=transport, base_url="http://gateway") as http, asyncio.timeout(1):
        response = await http.post("/api/v1/models/support/classify", json=TEXT, headers=headers)
    assert_unavailable(response)
    await gateway.stop()


async def test_connections_that_the_database_ended_are_replaced(caller: httpx2.AsyncClient, worker: Worker) -> None:
    others = await aside(sessions)
    assert (await caller.post("support/classify", json=TEXT)).status_code == 200
    await aside(end_sessions, spared=others)
    await asyncio.sleep(1)  # By now the key must be looked up again.
    statuses = [(await caller.post("support/classify", json=TEXT)).status_code for _ in range(10)]
    assert statuses == [200] * 10


def sessions() -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pid FROM pg_stat_activity WHERE usename = current_user")
        return [pid for (pid,) in cursor.fetchall()]


def end_sessions(spared: list[int]) -> None:
    """End what was opened since `spared` were all, and what listens for changes of routes."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE usename = current_user AND pid <> pg_backend_pid()"
            " AND (application_name = 'assort-gateway' OR pid <> ALL(%s))",
            [spared],
        )
