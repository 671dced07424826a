from collections.abc import Iterator

import pytest

from tests.end_to_end.stranger import Api
from tests.service import Service


@pytest.fixture(scope="package")
def victim(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A service of its own, since these tests break it."""
    service = Service(tmp_path_factory.mktemp("victim") / "data")
    service.start()
    yield service
    service.stop()


@pytest.fixture(scope="package")
def founded(victim: Service) -> dict[str, str]:
    """An organisation of that service: its name there, and a key."""
    return victim.create_organisation("Victim", "victim@example.test")


@pytest.fixture(scope="package")
def api(victim: Service, founded: dict[str, str]) -> Iterator[Api]:
    api = Api(victim.url, founded["key"])
    with api.client:
        yield api
