"""Organisations of the running service that have one of everything, and how to tell that nobody has touched them."""

import os
import secrets
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import httpx2 as httpx
import psycopg
from django.db import transaction
from django.test import Client
from psycopg import sql

from classifier import later
from tenants import accounts, ids, isolation, keys
from tenants.models import Organisation, User
from tenants.permissions import Role
from tests import universe
from tests.classifier import rows
from tests.service import Service

PATIENCE = 60
# What is noted of a key when it is used, as keys of one's own may be at any time.
NOTED = {"last_used_at"}
# Who serves an organisation changes by itself.
OF_THE_FLEET = {"fleet_worker", "tenant_lease"}

Names = dict[str, Any]


@dataclass(frozen=True)
class Neighbour:
    """An organisation with an owner and a member, and the names of what it has, by the parameters of addresses."""

    organisation: Organisation
    owner: User
    key: str
    names: Names

    @property
    def tenant(self) -> str:
        return self.organisation.tenant

    @property
    def slug(self) -> str:
        return self.organisation.slug

    def words(self) -> list[str]:
        """Return what must not be read by anybody else: names and ids by which it is known."""
        long_enough = [str(name) for name in self.names.values() if len(str(name)) > 6]
        return [*long_enough, self.tenant, self.organisation.name, self.slug, self.owner.email]


def furnished(name: str, owner: User | None = None) -> Neighbour:
    """Found an organisation and make one of everything in it, as its own worker would."""
    name += ids.random_text(6)  # A word that stands nowhere else.
    owner = owner or universe.person(f"owner-of-{name.lower()}")
    organisation, key = universe.organisation(name, owner)
    model = f"{name.lower()}-letters"
    # Within one transaction, so that no worker takes over what is done here.
    with transaction.atomic(), isolation.entered(organisation):
        version = rows.trained(organisation, model=model)
        asked = later.Later(model=model, version=1, inputs=["a"], top_k=1, explain=False, api_key="key_of_nobody")
        kept = later.accept(asked)
    spare, _ = keys.issue(organisation=organisation, name="spare", scopes=["read"], by=owner.email)
    member = accounts.add_member(organisation=organisation, user=universe.person("mo"), role=Role.MEMBER)
    invitation = accounts.invite(organisation=organisation, email="ines@example.test", role=Role.MEMBER, by=owner)
    names = {
        "dataset_id": version.dataset_id,
        "job_id": version.training_job.id,
        "classification_id": kept.id,
        "key_id": spare.id,
        "model": model,
        "number": 1,
        "member": member.pk,
        "invitation": invitation.pk,
    }
    return Neighbour(organisation, owner, key, names)


def browser(service: Service, user: User | None) -> httpx.Client:
    """Return a browser in which this person is signed in, or nobody; its forms are taken for the service's own."""
    client = httpx.Client(base_url=service.url, timeout=30)
    token = secrets.token_hex(16)
    client.cookies.set("csrftoken", token)
    client.headers["X-CSRFToken"] = token
    client.headers["X-Request-Id"] = "matrix"
    if user is not None:
        signed_in = Client()
        signed_in.force_login(user)
        client.cookies.set("sessionid", signed_in.cookies["sessionid"].value)
    return client


def settled(service: Service, neighbour: Neighbour) -> None:
    """Return when all that was begun for this organisation has ended."""
    deadline = time.monotonic() + PATIENCE
    with psycopg.connect(service.instance.owner_database_url(), autocommit=True) as database:
        running = "SELECT count(*) FROM public.job WHERE tenant = %s AND state <> 'done'"
        while database.execute(running, [neighbour.tenant]).fetchone() != (0,):
            assert time.monotonic() < deadline, f"jobs of {neighbour.organisation} have not ended"
            time.sleep(0.1)


@contextmanager
def relay_stands_still(service: Service) -> Iterator[None]:
    """Keep jobs that are handed in from being sent to anybody."""
    os.kill(service.pid_of("relay"), signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(service.pid_of("relay"), signal.SIGCONT)


def fingerprint(service: Service, neighbour: Neighbour) -> dict[str, str]:
    """Return what tells whether anything of the organisation has changed: rows of each table, ages of files."""
    with psycopg.connect(service.instance.owner_database_url(), autocommit=True) as database:
        found = dict(_tables(database, neighbour))
    folder = isolation.directory(neighbour.tenant)
    for path in sorted(folder.rglob("*")):
        if path.is_file() and "tmp" not in path.relative_to(folder).parts:
            found[str(path.relative_to(folder))] = f"{path.stat().st_size} {path.stat().st_mtime_ns}"
    return found


def _tables(database: psycopg.Connection[Any], neighbour: Neighbour) -> Iterator[tuple[str, str]]:
    columns = database.execute(
        "SELECT table_schema, table_name, array_agg(column_name::text ORDER BY ordinal_position)"
        " FROM information_schema.columns WHERE table_schema = ANY(%s) GROUP BY 1, 2 ORDER BY 1, 2",
        [["public", isolation.schema(neighbour.tenant)]],
    )
    for schema, table, names in columns.fetchall():
        if table in OF_THE_FLEET or (schema == "public" and not {"tenant", "organisation_id"} & set(names)):
            continue
        kept = sql.SQL(", ").join(map(sql.Identifier, [name for name in names if name not in NOTED]))
        whole = sql.SQL(
            "SELECT coalesce(md5(string_agg(r::text, '|' ORDER BY r::text)), '') FROM (SELECT {} FROM {} {}) r"
        )
        query = whole.format(kept, sql.Identifier(schema, table), _of(names, schema, neighbour))
        row = database.execute(query).fetchone()
        assert row is not None
        yield f"{schema}.{table}", row[0]


def _of(names: list[str], schema: str, neighbour: Neighbour) -> sql.Composable:
    if schema != "public":
        return sql.SQL("")
    if "tenant" in names:
        return sql.SQL("WHERE tenant = {}").format(sql.Literal(neighbour.tenant))
    return sql.SQL("WHERE organisation_id = {}").format(sql.Literal(neighbour.organisation.pk))
