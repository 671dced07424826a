from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext

from tests import gallery as galleries
from tests.browser import chromium
from tests.browser.watched import Watched
from tests.gallery import Gallery, Person
from tests.service import Service

SCHEMES: dict[str, dict[str, Any]] = {
    "light": {"color_scheme": "light", "viewport": {"width": 1280, "height": 800}},
    "dark": {"color_scheme": "dark", "viewport": {"width": 1280, "height": 800}},
    "phone": {"color_scheme": "light", "viewport": {"width": 360, "height": 740}},
}
# The longest that anything but a training may take, on a busy machine.
PATIENCE_MS = 15_000
# Who looks, or nobody who is signed in, and in which scheme.
Look = Callable[[Person | None, str], Watched]


# Not of the session: Playwright keeps an event loop in this thread, and the tests after these have loops of their own.
@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    if not chromium.PROGRAM:
        pytest.skip(chromium.MISSING)
    with chromium.started() as browser:
        yield browser


@pytest.fixture(scope="package")
def gallery(browser: Browser, service: Service) -> Gallery:
    return galleries.furnish(service)


def new_window(browser: Browser, service: Service, scheme: str) -> BrowserContext:
    window = browser.new_context(base_url=service.url, **SCHEMES[scheme])
    window.set_default_timeout(PATIENCE_MS)
    return window


@pytest.fixture(scope="package")
def window_of(browser: Browser, service: Service) -> Look:
    """Return a function that gives each person one window for each scheme."""

    @cache
    def open_window(person: Person | None, scheme: str) -> Watched:
        window = new_window(browser, service, scheme)
        if person:
            window.add_cookies([{"name": "sessionid", "value": person.session, "url": service.url}])
        return Watched(window.new_page())

    return open_window


@pytest.fixture
def look(window_of: Look) -> Iterator[Look]:
    """Give somebody a window, on whose pages nothing may go wrong in this test."""
    looked: list[Watched] = []

    def look(person: Person | None, scheme: str) -> Watched:
        looked.append(window_of(person, scheme))
        return looked[-1]

    yield look
    faults = [fault for watched in looked for fault in watched.take_faults()]
    assert not faults, "\n".join(faults)
