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
def api(victim: Service) -> Iterator[Api]:
    api = Api(victim.url, victim.create_organisation("Victim", "victim@example.test")["key"])
    with api.client:
        yield api
