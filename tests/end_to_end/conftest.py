from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from tenants import accounts, ids, keys
from tenants.permissions import Scope
from tests import universe
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
def api(committed: None, name: str, open_api: Callable[[str], Api]) -> Api:
    """The API of a new organisation, whose slug is `name` and whose owner has the address `name`@example.test."""
    owner = accounts.register(email=f"{name}@example.test", password=universe.PASSWORD)
    founded = accounts.found(name=name, slug=name, owner=owner, plan="unmetered")
    return open_api(keys.issue(organisation=founded, name="tests", scopes=Scope.values, by=owner.email)[1])
