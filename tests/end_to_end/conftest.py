from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from tenants import ids
from tests.end_to_end.stranger import Api, Browser
from tests.service import Service


@pytest.fixture
def name() -> str:
    return f"initech-{ids.random_text(6)}"


@pytest.fixture
def browser(service: Service) -> Iterator[Browser]:
    browser = Browser(service.url)
    with browser.client:
        yield browser


@pytest.fixture
def open_api(service: Service) -> Iterator[Callable[[str], Api]]:
    """Return a function from a key to the API."""
    with ExitStack() as opened:

        def open_with(key: str) -> Api:
            api = Api(service.url, key)
            opened.enter_context(api.client)
            return api

        yield open_with


@pytest.fixture
def api(service: Service, name: str, open_api: Callable[[str], Api]) -> Api:
    """The API of a new organisation that an operator has made."""
    return open_api(service.create_organisation(name, f"{name}@example.test")["key"])
