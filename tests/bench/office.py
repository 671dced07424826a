"""People at work: pages of the dashboard are opened, and a file of 200 MB is sent."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count

import aiohttp

from tests.bench import background
from tests.bench.background import IsOver
from tests.bench.bank import MODEL, OWNER, Bank
from tests.end_to_end.stranger import Api
from tests.gallery import sign_in
from tests.service import Service

PAGES = ("", "datasets/", f"models/{MODEL}/", "usage/")
PAGES_PER_SECOND = 20
UPLOAD_BYTES = 200_000_000
CHUNK = 1_000_000
READ_SECONDS = 300.0


@dataclass
class Work:
    """What has been done."""

    pages: int = 0
    sent: int = 0
    dataset: str = ""


@contextmanager
def at_work(service: Service, bank: Bank, seconds: float) -> Iterator[Work]:
    """Open pages as long as the block, and send the file so fast that it takes `seconds`; then forget the file."""
    session_of_owner = sign_in(service, OWNER, bank.password).session
    done = Work()

    async def work(is_over: IsOver) -> None:
        async with aiohttp.ClientSession(service.url, cookies={"sessionid": session_of_owner}) as browser:
            await asyncio.gather(_open_pages(browser, bank, done, is_over), _upload(service, bank, done, seconds))

    with background.running(work):
        yield done
    api = Api(service.url, bank.key)
    with api.client:
        api.until(f"datasets/{done.dataset}", lambda found: found["status"] != "validating", READ_SECONDS)
        api.client.delete(f"datasets/{done.dataset}").raise_for_status()


async def _open_pages(browser: aiohttp.ClientSession, bank: Bank, done: Work, is_over: IsOver) -> None:
    """Open a page every so often, whether the ones before have come or not."""
    opened: set[asyncio.Task[None]] = set()
    started = time.monotonic()
    for number in count():
        if is_over():
            break
        page = asyncio.create_task(_open(browser, f"/o/{bank.slug}/{PAGES[number % len(PAGES)]}", done))
        opened.add(page)
        await asyncio.sleep(max(0.0, started + (number + 1) / PAGES_PER_SECOND - time.monotonic()))
    await asyncio.gather(*opened)


async def _open(browser: aiohttp.ClientSession, path: str, done: Work) -> None:
    async with browser.get(path) as response:
        await response.read()
        response.raise_for_status()
        done.pages += 1


async def _upload(service: Service, bank: Bank, done: Work, seconds: float) -> None:
    form = aiohttp.FormData()
    form.add_field("name", "large")
    form.add_field("file", _rows(done, seconds), filename="large.csv", content_type="text/csv")
    timeout = aiohttp.ClientTimeout(total=READ_SECONDS)
    headers = {"Authorization": f"Bearer {bank.key}"}
    async with (
        aiohttp.ClientSession(service.url, headers=headers, timeout=timeout) as session,
        session.post("/api/v1/datasets", data=form) as response,
    ):
        response.raise_for_status()
        done.dataset = str((await response.json())["id"])


async def _rows(done: Work, seconds: float) -> AsyncIterator[bytes]:
    """Yield a file of long texts with two labels, evenly over the time."""
    started = time.monotonic()
    yield b"text,label\n"
    for number in range(UPLOAD_BYTES // CHUNK):
        line = b"%d " % number + b"some words that fill a line " * 35 + b",label%d\n" % (number % 2)
        part = line * (CHUNK // len(line))
        done.sent += len(part)
        yield part
        await asyncio.sleep(max(0.0, started + seconds * (number + 1) * CHUNK / UPLOAD_BYTES - time.monotonic()))
