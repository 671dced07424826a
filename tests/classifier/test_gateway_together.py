"""Requests that come together: what they share, and what each keeps to itself."""

import asyncio
import threading
import time
from collections.abc import Callable
from typing import Any

import httpx2
import pytest

from classifier import queues
from classifier.gateway import mailbox
from classifier.gateway.application import Gateway
from tenants import isolation
from tenants.models import Organisation
from tests.classifier.gateway_stand_ins import QUEUE, Worker, aside, billing, message, replied, worker_client

pytest_plugins = ["tests.classifier.gateway_fixtures"]
pytestmark = pytest.mark.anyio

PATH = "/api/v1/models/support/classify"


def text(number: int) -> dict[str, list[str]]:
    return {"inputs": [f"text {number}"]}


def slow(request: dict[str, Any]) -> dict[str, Any]:
    time.sleep(0.05)
    return billing(request)


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(5):
        while not condition():
            await asyncio.sleep(0.01)


async def ask(caller: httpx2.AsyncClient, model: str, numbers: range) -> list[httpx2.Response]:
    return await asyncio.gather(*(caller.post(f"{model}/classify", json=text(number)) for number in numbers))


async def test_a_lone_request_leaves_at_once(caller: httpx2.AsyncClient, worker: Worker) -> None:
    for number in range(3):
        assert (await caller.post("support/classify", json=text(number))).status_code == 200
    assert worker.batches == [1, 1, 1]


async def test_what_comes_while_the_worker_is_busy_shares_a_message(caller: httpx2.AsyncClient, worker: Worker) -> None:
    worker.answer = slow
    answers = await ask(caller, "support", range(20))
    assert [answer.status_code for answer in answers] == [200] * 20
    # One in hand and one ahead; everything else leaves with the next ones.
    assert worker.batches[:2] == [1, 1]
    assert len(worker.batches) <= 5


async def test_versions_travel_apart(caller: httpx2.AsyncClient, worker: Worker) -> None:
    worker.answer = slow
    await asyncio.gather(ask(caller, "support@1", range(6)), ask(caller, "support@2", range(6)))
    assert len(worker.seen) == 12
    starts = [sum(worker.batches[:number]) for number in range(len(worker.batches))]
    for start, size in zip(starts, worker.batches, strict=True):
        assert len({request["version"] for request in worker.seen[start : start + size]}) == 1


async def test_an_error_of_one_is_no_error_of_the_others(caller: httpx2.AsyncClient, worker: Worker) -> None:
    def refuse_the_third(request: dict[str, Any]) -> dict[str, Any]:
        if request["inputs"] == text(3)["inputs"]:
            return {"id": request["id"], "error": {"code": "invalid_input", "detail": "no"}}
        return slow(request)

    worker.answer = refuse_the_third
    statuses = [answer.status_code for answer in await ask(caller, "support", range(6))]
    assert statuses == [200, 200, 200, 422, 200, 200]


async def test_a_request_that_the_worker_left_out_is_told_so(caller: httpx2.AsyncClient, initech: Organisation) -> None:
    waiting = asyncio.create_task(caller.post("support/classify", json=text(1)))
    with worker_client(initech) as client:
        found = await aside(client.brpop, [isolation.queue(initech.tenant, QUEUE)], timeout=5)
        batch = message(found[1])
        client.rpush(batch["reply"], replied(batch, []))
    answer = await waiting
    assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")


async def test_a_caller_that_has_gone_is_not_worked_for(
    gateway: Gateway, initech_key: str, caller: httpx2.AsyncClient, worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    go_on = threading.Event()
    worker.answer = lambda request: billing(request) if go_on.wait(5) else {}
    busy = [asyncio.create_task(caller.post("support/classify", json=text(number))) for number in range(2)]
    await until(lambda: len(worker.batches) == 1 and worker.waiting() == 1)
    sent = await leave_at_once(gateway, initech_key)
    go_on.set()
    await asyncio.gather(*busy)
    assert sent == []
    assert (await caller.post("support/classify", json=text(7))).status_code == 200
    assert sorted(request["inputs"] for request in worker.seen) == [["text 0"], ["text 1"], ["text 7"]]


async def leave_at_once(gateway: Gateway, key: str) -> list[Any]:
    """Ask and hang up, and return what the gateway still said."""
    parts = iter([{"type": "http.request", "body": b'{"inputs": ["gone"]}'}, {"type": "http.disconnect"}])
    sent: list[Any] = []

    async def receive() -> Any:
        return next(parts)

    async def send(part: Any) -> None:
        sent.append(part)

    headers = [(b"authorization", f"Bearer {key}".encode()), (b"content-type", b"application/json")]
    await gateway({"type": "http", "method": "POST", "path": PATH, "headers": headers}, receive, send)
    return sent


async def test_each_worker_that_answers_gets_a_batch_ahead(caller: httpx2.AsyncClient, initech: Organisation) -> None:
    waiting = [asyncio.create_task(ask(caller, f"support@{version}", range(4))) for version in range(1, 9)]
    queue = isolation.queue(initech.tenant, QUEUE)
    with worker_client(initech) as client:
        for name in ("first", "second", "third"):
            reply(client, message((await aside(client.brpop, [queue], timeout=5))[1]), name)
        # A batch for each of the three, and one ahead.
        await until(lambda: client.llen(queue) == 4)
        await asyncio.sleep(0.1)
        in_queue = drain(client, queue)
        assert len(in_queue) == 4
        while not all(task.done() for task in waiting):
            for batch in in_queue:
                reply(client, batch, "first")
            await asyncio.sleep(0.05)
            in_queue = drain(client, queue)
    assert {answer.status_code for task in waiting for answer in task.result()} == {200}


def reply(client: Any, batch: dict[str, Any], worker: str) -> None:
    answers = [billing(request | {"version": batch["version"]}) for request in batch["requests"]]
    client.rpush(batch["reply"], replied(batch, answers, worker))


def drain(client: Any, queue: str) -> list[dict[str, Any]]:
    return [message(found) for found in iter(lambda: client.rpop(queue), None)]


async def test_a_late_answer_calls_the_fleet_and_says_how_much_waits(
    caller: httpx2.AsyncClient, initech: Organisation, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[list[tuple[str, int]]] = []

    async def call(client: object, late: list[tuple[str, int]]) -> None:
        calls.append(late)

    monkeypatch.setattr(queues, "call_fleet", call)
    monkeypatch.setattr(mailbox, "SECONDS", 0.5)
    await ask(caller, "support", range(5))
    assert (initech.tenant, 5) in [late for called in calls for late in called]
    with worker_client(initech) as client:
        drain(client, isolation.queue(initech.tenant, QUEUE))
