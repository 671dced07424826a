"""A lease in front of a counter of the test's own."""

import asyncio
from collections.abc import Awaitable

import pytest
import redis

from tenants.leases import HOLD_SECONDS, SPARE_SECONDS, Lease

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


class Counted(Lease):
    def __init__(self, *, most: int) -> None:
        super().__init__("a limit", most=most)
        self.is_away = False
        self.asked: list[int] = []
        self.taken = 0
        self.most_taken = 0
        self.answered = 0
        self.return_seconds = 0.0

    async def _ask(self, count: int, more: int, *, seconds: float) -> int:
        self.asked.append(count + more)
        await asyncio.sleep(0.01)
        if self.is_away:
            raise redis.ConnectionError
        self.taken += count + more
        self.most_taken = max(self.most_taken, self.taken)
        self.answered += 1
        return count + more

    def _return(self, count: int) -> Awaitable[object]:
        async def give_back() -> None:
            await asyncio.sleep(self.return_seconds)
            self.taken -= count

        return give_back()


async def test_a_busy_lease_holds_twice_as_much_each_time_up_to_its_most() -> None:
    lease = Counted(most=10)
    for _ in range(40):
        await lease.take()
        await asyncio.sleep(0.012)
    assert lease.asked == [2, 2, 4, 8, 10, 10, 10]


async def test_somebody_who_asks_now_and_then_waits_for_the_first_answer_alone() -> None:
    lease = Counted(most=10)
    waited = []
    for _ in range(4):
        began = lease.answered
        await lease.take()
        waited.append(lease.answered - began)
        await asyncio.sleep(1.5 * HOLD_SECONDS)
    assert waited == [1, 0, 0, 0]
    assert lease.taken == 4 + lease.held == 5


async def test_what_a_busy_lease_does_not_use_goes_back_soon_and_the_spare_later() -> None:
    lease = Counted(most=10)
    for _ in range(8):
        await lease.take()
        await asyncio.sleep(0.012)
    assert lease.taken == 16
    await asyncio.sleep(2 * HOLD_SECONDS)
    assert lease.taken == 9
    await asyncio.sleep(SPARE_SECONDS)
    assert lease.taken == 8


async def test_as_much_is_held_as_the_last_request_took() -> None:
    lease = Counted(most=10)
    await lease.take(5)
    assert lease.held == 5
    await asyncio.sleep(1.5 * HOLD_SECONDS)
    await lease.take(5)
    await lease.close()
    assert (lease.asked, lease.taken) == ([10, 5], 10)


async def test_what_was_prepared_needs_no_question() -> None:
    lease = Counted(most=10)
    lease.prepare()
    await asyncio.sleep(0.02)
    began = lease.answered
    await lease.take()
    assert lease.answered == began
    await lease.close()
    assert lease.taken == 1


async def test_what_was_prepared_and_not_used_goes_back() -> None:
    lease = Counted(most=10)
    lease.prepare()
    await asyncio.sleep(SPARE_SECONDS + HOLD_SECONDS)
    assert (lease.most_taken, lease.taken) == (1, 0)


async def test_nothing_is_prepared_of_a_small_limit_or_while_the_broker_is_away() -> None:
    small, away = Counted(most=0), Counted(most=10)
    away.is_away = True
    for lease in (small, away):
        lease.prepare()
        await lease.close()
    assert (small.asked, away.held) == ([], 0)


async def test_what_is_held_counts_towards_what_is_needed() -> None:
    lease = Counted(most=10)
    lease.prepare()
    await asyncio.sleep(0)
    await lease.take(5)
    assert lease.asked == [1, 4 + 5]
    assert lease.taken == 5 + lease.held


async def test_of_many_at_once_each_gets_its_own() -> None:
    lease = Counted(most=10)
    await asyncio.gather(*(lease.take(2) for _ in range(50)))
    await lease.close()
    assert lease.taken == 100


async def test_what_was_taken_for_nothing_serves_the_next() -> None:
    lease = Counted(most=0)
    await lease.take(5)
    lease.put_back(5)
    await lease.take(3)
    assert lease.asked == [5]
    await asyncio.sleep(2 * HOLD_SECONDS)
    assert lease.taken == 3


async def test_who_asks_while_something_is_on_its_way_back_finds_it_there() -> None:
    lease = Counted(most=0)
    lease.return_seconds = 0.1
    await lease.take(5)
    lease.put_back(5)
    await asyncio.sleep(HOLD_SECONDS)
    await lease.take(3)
    assert lease.asked == [5, 3]
    assert lease.most_taken == 5


async def test_those_who_wait_for_a_broker_that_is_away_fail_together() -> None:
    lease = Counted(most=10)
    lease.is_away = True
    failed = await asyncio.gather(*(lease.take() for _ in range(20)), return_exceptions=True)
    assert [type(error) for error in failed] == [redis.ConnectionError] * 20
    assert len(lease.asked) == 1
    lease.is_away = False
    await lease.take()
