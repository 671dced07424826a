"""An organisation that keeps thousands of asynchronous requests waiting."""

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import cycle

import aiohttp

from tenants.models import Job
from tests.bench import background
from tests.bench.background import IsOver
from tests.bench.guests import Guest
from tests.service import Service

SENDERS = 32
# Of single texts none would wait: they are answered as fast as they are taken in.
TEXTS = 64
LOOK_SECONDS, REST_SECONDS = 0.25, 0.05
FILL_SECONDS = 120.0
# Refused until there is room again, which is as it should be.
REFUSED = {429, 503}


@dataclass
class Level:
    """How many requests wait, and the fewest since this was set back."""

    wanted: int
    now: int = 0
    lowest: int = 0

    def note(self, waiting: int) -> None:
        self.now, self.lowest = waiting, min(self.lowest, waiting)

    def set_back(self) -> None:
        self.lowest = self.now


@contextmanager
def kept(service: Service, guest: Guest, questions: tuple[str, ...], wanted: int) -> Iterator[Level]:
    """Keep so many waiting, or as many as the service lets wait, for as long as the block."""
    level = Level(wanted)

    async def work(is_over: IsOver) -> None:
        headers = {"Authorization": f"Bearer {guest.key}", "Prefer": "respond-async"}
        async with aiohttp.ClientSession(service.url, headers=headers) as session:
            senders = [_send(session, guest, questions, level, is_over) for _ in range(SENDERS)]
            await asyncio.gather(_look(guest, level, is_over), *senders)

    with background.running(work):
        deadline = time.monotonic() + FILL_SECONDS
        while level.now < wanted and time.monotonic() < deadline:
            time.sleep(LOOK_SECONDS)
        level.set_back()
        yield level


async def _look(guest: Guest, level: Level, is_over: IsOver) -> None:
    while not is_over():
        level.note(await asyncio.to_thread(_waiting, guest.tenant))
        await asyncio.sleep(LOOK_SECONDS)


def _waiting(tenant: str) -> int:
    return Job.objects.filter(tenant=tenant).exclude(state=Job.State.DONE).count()


async def _send(
    session: aiohttp.ClientSession, guest: Guest, questions: tuple[str, ...], level: Level, is_over: IsOver
) -> None:
    for call in cycle(guest.calls(questions, texts=TEXTS)):
        # A little more than wanted, for what is answered before the next look.
        while level.now > level.wanted * 1.02 and not is_over():
            await asyncio.sleep(REST_SECONDS)
        if is_over():
            return
        async with session.post(call.path, json=call.body) as response:
            await response.read()
            if response.status in REFUSED:
                await asyncio.sleep(REST_SECONDS)
            else:
                response.raise_for_status()
