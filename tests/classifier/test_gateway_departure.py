"""Whoever hangs up is waited for no longer, and whoever was answered before is left alone."""

import asyncio
from typing import Any

import pytest

from classifier.gateway.http import Departure, Disconnected

pytest_plugins = ["tests.classifier.gateway_fixtures"]
pytestmark = pytest.mark.anyio


class Caller:
    """What the server says of one who sends the rest of a body, and then hangs up."""

    def __init__(self) -> None:
        self.said = [{"type": "http.request", "body": b"", "more_body": False}]
        self.hangs_up = asyncio.Event()

    async def receive(self) -> dict[str, Any]:
        if self.said:
            return self.said.pop()
        await self.hangs_up.wait()
        return {"type": "http.disconnect"}


@pytest.fixture
async def answer() -> "asyncio.Future[str]":
    return asyncio.get_running_loop().create_future()


async def test_an_answer_that_nobody_waits_for_any_more_ends_in_an_error(answer: "asyncio.Future[str]") -> None:
    caller = Caller()
    departure = Departure(caller.receive, answer)
    for _ in range(2):
        departure.watch()
    await asyncio.sleep(0.01)
    assert not answer.done()
    caller.hangs_up.set()
    with pytest.raises(Disconnected):
        await answer


async def test_who_hangs_up_after_the_answer_changes_nothing(answer: "asyncio.Future[str]") -> None:
    caller = Caller()
    Departure(caller.receive, answer).watch()
    answer.set_result("an answer")
    caller.hangs_up.set()
    await asyncio.sleep(0.01)
    assert await answer == "an answer"


async def test_nobody_looks_any_more_once_it_is_forgotten(answer: "asyncio.Future[str]") -> None:
    caller = Caller()
    departure = Departure(caller.receive, answer)
    departure.forget()
    departure.watch()
    departure.forget()
    caller.hangs_up.set()
    await asyncio.sleep(0.01)
    assert not answer.done()
