import asyncio

import pytest

from classifier.gateway.memory import Memory

pytest_plugins = ["tests.classifier.gateway_fixtures"]
pytestmark = pytest.mark.anyio


class Source:
    """Takes a moment to look something up, and counts how often it was asked."""

    def __init__(self) -> None:
        self.asked = 0
        self.fails = False

    async def look_up(self, key: str) -> str:
        self.asked += 1
        answer = f"{key} {self.asked}"
        await asyncio.sleep(0.02)
        if self.fails:
            raise LookupError(key)
        return answer


async def test_what_was_looked_up_is_kept_for_its_time_and_no_longer() -> None:
    source = Source()
    memory = Memory(source.look_up, 0.1)
    assert [await memory.get("a") for _ in range(3)] == ["a 1"] * 3
    await asyncio.sleep(0.11)
    assert await memory.get("a") == "a 2"


async def test_those_who_ask_at_the_same_time_share_one_look_up() -> None:
    source = Source()
    memory = Memory(source.look_up, 0.1)
    assert await asyncio.gather(*(memory.get("a") for _ in range(50))) == ["a 1"] * 50


async def test_time_counts_from_when_the_look_up_began() -> None:
    source = Source()
    memory = Memory(source.look_up, 0.01)
    await memory.get("a")
    assert await memory.get("a") == "a 2"


async def test_an_error_reaches_everybody_and_is_not_kept() -> None:
    source = Source()
    source.fails = True
    memory = Memory(source.look_up, 60)
    found = await asyncio.gather(*(memory.get("a") for _ in range(3)), return_exceptions=True)
    assert [type(error) for error in found] == [LookupError] * 3
    source.fails = False
    assert await memory.get("a") == "a 2"


async def test_a_caller_that_gives_up_takes_nothing_from_the_others() -> None:
    source = Source()
    memory = Memory(source.look_up, 60)
    first, second = (asyncio.create_task(memory.get("a")) for _ in range(2))
    await asyncio.sleep(0)
    first.cancel()
    assert await second == "a 1"


async def test_what_is_forgotten_while_it_is_looked_up_is_looked_up_again() -> None:
    source = Source()
    memory = Memory(source.look_up, 60)
    begun = asyncio.create_task(memory.get("a"))
    await asyncio.sleep(0)
    memory.forget("a")
    assert await memory.get("a") == "a 2"
    assert await begun == "a 1"
    assert await memory.get("a") == "a 2"


async def test_nothing_stays_that_nobody_asks_for() -> None:
    memory = Memory(Source().look_up, 0.05)
    await asyncio.gather(*(memory.get(str(number)) for number in range(100)))
    await asyncio.sleep(0.1)
    assert memory._kept == {}


async def test_an_error_of_what_was_forgotten_takes_nothing_from_what_was_looked_up_since() -> None:
    begun: list[asyncio.Future[str]] = []

    async def look_up(key: str) -> str:
        begun.append(asyncio.get_running_loop().create_future())
        return await begun[-1]

    memory = Memory(look_up, 60)
    older = asyncio.create_task(memory.get("a"))
    await asyncio.sleep(0.01)
    memory.forget("a")
    newer = asyncio.create_task(memory.get("a"))
    await asyncio.sleep(0.01)
    begun[0].set_exception(LookupError("a"))
    with pytest.raises(LookupError):
        await older
    begun[1].set_result("what is true")
    assert (await newer, await memory.get("a"), len(begun)) == ("what is true", "what is true", 2)
