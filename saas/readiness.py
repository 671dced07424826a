"""Whether this process can serve: told without a key, to whoever runs and watches it."""

from functools import cache

import redis
from django.db import DatabaseError, close_old_connections, connection

from tenants import broker


def check() -> dict[str, bool]:
    """Return for each service that is required whether it answers."""
    return {"database": _database_answers(), "broker": _broker_answers()}


def _database_answers() -> bool:
    close_old_connections()
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:
        return False
    return True


def _broker_answers() -> bool:
    try:
        return bool(_client().ping())
    except redis.RedisError:
        return False


@cache
def _client() -> redis.Redis:
    return broker.connect(socket_connect_timeout=2, socket_timeout=2)
