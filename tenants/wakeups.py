"""Waiting for PostgreSQL's NOTIFY, on a connection of its own since Django's is busy with work."""

import select
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from django.db import connection
from psycopg import sql

from tenants import servers


@contextmanager
def listening(channel: str) -> Iterator[psycopg.Connection]:
    """Open a connection with this process's login that hears what is said on `channel`."""
    with psycopg.connect(**login(), autocommit=True) as opened:
        opened.execute(sql.SQL("LISTEN {}").format(sql.Identifier(channel)))
        yield opened


def wait(opened: psycopg.Connection, seconds: float) -> bool:
    """Return when something was said, or after `seconds`, and say whether it was."""
    if _has_heard(opened):
        return True
    # Not left to psycopg, which looks ten times a second.
    select.select([opened], [], [], seconds)
    return _has_heard(opened)


def _has_heard(opened: psycopg.Connection) -> bool:
    return bool(list(opened.notifies(timeout=0)))


def login() -> dict[str, Any]:
    """Return where PostgreSQL is and how this process logs in, for a connection beside Django's."""
    target = connection.settings_dict
    return {
        "host": target["HOST"],
        "port": target["PORT"],
        "dbname": target["NAME"],
        "user": target["USER"],
        "password": target["PASSWORD"],
        **{name: value for name, value in target["OPTIONS"].items() if name.startswith(("keepalives", "tcp_"))},
        **servers.tls(target["OPTIONS"]),
    }
