"""The database as a fleet sees it: with a fleet's own login."""

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from django.db import connections
from psycopg import sql

from tests.service import Service

EAST, WEST, OWN = "test-east", "test-west", "test-own"
# Nobody else has these names, so nothing of the running fleet is counted along.
ACME, GLOBEX = "a" * 16, "b" * 16


@contextmanager
def logged_in(service: Service) -> Iterator[None]:
    """Have this thread's connection log in as the fleet, and the web process's login afterwards."""
    connection = connections["default"]
    before = dict(connection.settings_dict)
    connection.close()
    url = service.instance.environment("fleet")["DATABASE_URL"]
    login, _, password = url.partition("://")[2].rpartition("@")[0].partition(":")
    connection.settings_dict.update(USER=login, PASSWORD=password)
    try:
        yield
    finally:
        connection.close()
        connection.settings_dict.clear()
        connection.settings_dict.update(before)


@contextmanager
def in_place_of(service: Service, *tables: str) -> Iterator[None]:
    """Log in as the fleet; afterwards these tables know nothing of hosts that are called `test-…`."""
    with logged_in(service):
        yield
    with psycopg.connect(service.instance.owner_database_url()) as owner:
        for table in tables:
            owner.execute(sql.SQL("DELETE FROM {} WHERE host LIKE 'test-%'").format(sql.Identifier(table)))
