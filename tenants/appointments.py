"""When the entered organisation's own worker is to look at a model again: a door of `public`, opened by the relay.

What is written together in one transaction takes effect with it, so that no look is forgotten when a process dies.
"""

from datetime import datetime

from django.db import connection


def make(subject: str, *, at: datetime) -> None:
    """Have `subject` looked at then, or sooner: an earlier appointment stays, and whoever looks makes the next."""
    _call("SELECT door.set_appointment(%s, %s)", subject, at)


def drop(subject: str) -> None:
    _call("SELECT door.drop_appointment(%s)", subject)


def _call(statement: str, *values: str | datetime) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
