"""How long a warm service takes to answer with each page."""

import statistics
import time

import httpx2 as httpx

from tests import gallery as galleries
from tests.bench.row import Row, at_most
from tests.browser.places import PLACES, address_of
from tests.gallery import Gallery
from tests.service import Service

WARM_UP, REQUESTS = 5, 30
WANTED = at_most(200)


def measure(service: Service) -> list[Row]:
    gallery = galleries.furnish(service)
    return [
        row
        for place in PLACES
        for row in _rows(place.name, _times(service, gallery, address_of(place, gallery), place.by))
    ]


def _times(service: Service, gallery: Gallery, address: str, by: str) -> list[float]:
    """Return the milliseconds of each request but the first, in their order of length."""
    cookies = {} if by == "nobody" else {"sessionid": getattr(gallery, by).session}
    with httpx.Client(base_url=service.url, cookies=cookies, timeout=30) as client:
        for _ in range(WARM_UP):
            client.get(address)
        return sorted(_time(client, address) for _ in range(REQUESTS))


def _time(client: httpx.Client, address: str) -> float:
    started = time.perf_counter()
    client.get(address)
    return (time.perf_counter() - started) * 1000


def _rows(name: str, times: list[float]) -> list[Row]:
    median, nearly_all = statistics.median(times), times[int(len(times) * 0.95)]
    return [Row(f"{name}, median", median, "ms", WANTED), Row(f"{name}, 95 of 100", nearly_all, "ms", WANTED)]
