from collections.abc import Iterator
from typing import Any

import pytest

from tests.isolation import neighbours
from tests.isolation.neighbours import Neighbour
from tests.service import Service


@pytest.fixture(scope="module")
def ours(service: Service, django_db_setup: None, django_db_blocker: Any) -> Iterator[Neighbour]:
    """The organisation that is attacked; the database stays open to the tests of this module."""
    with django_db_blocker.unblock():
        found = neighbours.furnished("Ours")
        neighbours.settled(service, found)
        yield found


@pytest.fixture(scope="module")
def theirs(ours: Neighbour, service: Service) -> Neighbour:
    """The organisation of a stranger, who has one of everything as well."""
    found = neighbours.furnished("Theirs")
    neighbours.settled(service, found)
    return found
