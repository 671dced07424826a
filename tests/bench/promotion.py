"""Versions that change under load: whether a request fails, and how soon every answer comes from the new one."""

import asyncio
import re
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import cycle

import aiohttp

from tests.bench import bank as banks
from tests.bench.bank import MODEL, Bank
from tests.bench.row import Row, at_most
from tests.bench.serving import warm
from tests.service import Service

CHANGES, CONNECTIONS = 50, 64
# No answer of the old version for so long: the change is through.
QUIET_SECONDS, LONGEST_SECONDS = 0.7, 10.0
VERSION = re.compile(rb'"version":\s*(\d+)')


@dataclass
class Answers:
    """What came back: when each version was last seen, how many answers, and which were not answers."""

    last_seen: dict[int, float] = field(default_factory=dict)
    count: int = 0
    failures: list[str] = field(default_factory=list)

    def note(self, status: int, body: bytes, at: float) -> None:
        version = VERSION.search(body) if status == 200 else None
        if version is None:
            self.failures.append(f"{status} {body[:200]!r}")
        else:
            self.count += 1
            self.last_seen[int(version[1])] = at


def measure(service: Service) -> list[Row]:
    bank = banks.furnish(service)
    warm(service, bank)
    answers, seconds = asyncio.run(_change_under_load(service, bank))
    return [
        Row(f"requests under {CHANGES} promotions and roll-backs, {CONNECTIONS} connections", answers.count, ""),
        Row("of these failed", len(answers.failures), "", at_most(0)),
        Row("until every answer comes from the new version, median", statistics.median(seconds), "s"),
        Row("until every answer comes from the new version, longest", max(seconds), "s", at_most(5, 1)),
    ]


async def _change_under_load(service: Service, bank: Bank) -> tuple[Answers, list[float]]:
    answers, done = Answers(), asyncio.Event()
    headers = {"Authorization": f"Bearer {bank.key}"}
    connector, timeout = aiohttp.TCPConnector(limit=CONNECTIONS + 1), aiohttp.ClientTimeout(total=30)
    async with aiohttp.ClientSession(service.url, headers=headers, connector=connector, timeout=timeout) as session:
        askers = [asyncio.create_task(_ask(session, bank, answers, done.is_set)) for _ in range(CONNECTIONS)]
        try:
            seconds = [await _change(session, answers, back=bool(turn % 2)) for turn in range(CHANGES)]
        finally:
            done.set()
            await asyncio.gather(*askers)
    return answers, seconds


async def _ask(session: aiohttp.ClientSession, bank: Bank, answers: Answers, is_done: Callable[[], bool]) -> None:
    for call in cycle(bank.calls()):
        if is_done():
            return
        try:
            async with session.post(call.path, json=call.body) as response:
                answers.note(response.status, await response.read(), time.monotonic())
        except (aiohttp.ClientError, TimeoutError) as error:
            answers.note(0, repr(error).encode(), time.monotonic())


async def _change(session: aiohttp.ClientSession, answers: Answers, *, back: bool) -> float:
    """Promote the second version or go back to the first; return how long the old one still answered."""
    old, new = (2, 1) if back else (1, 2)
    path, body = ("rollback", {}) if back else ("promote", {"version": 2})
    started = time.monotonic()
    async with session.post(f"/api/v1/models/{MODEL}/{path}", json=body) as response:
        response.raise_for_status()
    while (now := time.monotonic()) - started < LONGEST_SECONDS:
        is_seen = answers.last_seen.get(new, 0.0) > started
        if is_seen and now - answers.last_seen.get(old, started) > QUIET_SECONDS:
            break
        await asyncio.sleep(0.05)
    return max(0.0, answers.last_seen.get(old, started) - started)
