"""How everything else meets tenancy: run something as one organisation, and find what is its own.

The walls are PostgreSQL's roles, the broker's access lists and the kernel's Landlock domains. This module only
chooses on which side of them a piece of code stands.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, cast

from django.conf import settings
from django.db import connection

if TYPE_CHECKING:
    from tenants.models import Organisation
    from tenants.postgresql.base import DatabaseWrapper

TENANT_LENGTH = 16
TENANT_PATTERN = re.compile(r"[a-z0-9]{16}")


class NotATenant(Exception):
    """A text that cannot be a tenant's name was about to become a role, a key or a path."""


def checked(tenant: str) -> str:
    if not TENANT_PATTERN.fullmatch(tenant):
        raise NotATenant(f"{tenant!r} is not the random part of an organisation's id")
    return tenant


def schema(tenant: str) -> str:
    """Return the name of the organisation's schema, and of the role that may use it."""
    return f"t_{checked(tenant)}"


def worker_login(tenant: str) -> str:
    """Return the name of the PostgreSQL login of the organisation's workers."""
    return f"wk_{checked(tenant)}"


def queue(tenant: str, use: str) -> str:
    """Return the broker's list for `use`: `infer`, `later`, `train` or `batch`."""
    return f"t:{checked(tenant)}:{use}"


def reply_list(tenant: str, gateway: str) -> str:
    return f"reply:{checked(tenant)}:{gateway}"


def directory(tenant: str) -> Path:
    """Return the only folder that the organisation's workers can read and write."""
    return tenants_directory() / checked(tenant)


def tenants_directory() -> Path:
    return Path(settings.ASSORT_DATA) / "tenants"


def shared_directory() -> Path:
    """Return the folder of the shared models, which every organisation's workers may read and none may write."""
    return Path(settings.ASSORT_DATA) / "shared"


@contextmanager
def entered(organisation: Organisation) -> Iterator[None]:
    """Run the block as `organisation`: its role, its schema, and nothing of `public`.

    Not re-entrant, because a block inside a block would leave the outer one too early.
    """
    database = cast("DatabaseWrapper", connection)
    if database.schema_name != "public":
        raise RuntimeError(f"already inside {database.schema_name}")
    database.enter(schema(organisation.tenant))
    try:
        yield
    finally:
        database.leave()


def write_as_each(written: Iterable[tuple[Organisation, str, Sequence[object]]]) -> None:
    """Run a statement with its values as each of these organisations: all of them or none, in one round trip.

    For what is written down of many at a time. They are one transaction, and each role ends with it, if not before.
    """
    database = cast("DatabaseWrapper", connection)
    if database.schema_name != "public":
        raise RuntimeError(f"already inside {database.schema_name}")
    database.run_as_each((schema(organisation.tenant), text, values) for organisation, text, values in written)


def lock(name: str) -> None:
    """Let nobody else of this organisation past this line until the transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"{current_schema()} {name}"])


def log_in_as_worker(tenant: str, *, password: str, token: int = 0, name: str = "") -> None:
    """Make this process, which has no connection yet, the organisation's own for good.

    `token` is the lease's under which it works; without one it is asked for none. `name` stands at the jobs that it
    has in hand.
    """
    connection.settings_dict.update(USER=worker_login(tenant), PASSWORD=password)
    said = {"token": token, "worker": name}
    options = " ".join(f"-c assort.{setting}={value}" for setting, value in said.items() if value)
    if options:
        connection.settings_dict["OPTIONS"]["options"] = options
    in_thread_of_worker(tenant)


def in_thread_of_worker(tenant: str) -> None:
    """Let this thread of a worker see the organisation's schema, since each thread has a connection of its own."""
    cast("DatabaseWrapper", connection).set_schema(schema(tenant), include_public=False)


def current_schema() -> str:
    return str(cast("DatabaseWrapper", connection).schema_name)
