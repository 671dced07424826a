"""What is to be recorded, as `public` says: jobs on the queue `record`, champions, and deleted organisations."""

import logging
import re
import select
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, LiteralString

import msgspec
import psycopg
from msgspec import Meta
from psycopg.rows import class_row, scalar_row

log = logging.getLogger(__name__)

Connection = psycopg.Connection[tuple[object, ...]]
# What the recorder is asked: `do` names the verb, the rest are its arguments.
Request = dict[str, str | int]

ATTEMPTS = 10
_CONNECT_SECONDS = 5
_GATHER_SECONDS = 0.3
_MODEL = r"[a-z0-9][a-z0-9_-]{0,62}"
_SUBJECTS = {
    "register": re.compile(rf"(?P<model>{_MODEL})@(?P<number>[1-9][0-9]{{0,8}})"),
    "unregister": re.compile(rf"(?P<model>{_MODEL})"),
    "settle": re.compile(rf"(?P<model>{_MODEL})@(?P<number>[1-9][0-9]{{0,8}})"),
}
_NAME = re.compile(rf"(?P<tenant>[a-z0-9]{{16}})\.(?P<model>{_MODEL})")
_VERSION_ID = re.compile(r"mv_[a-z0-9]{20}")

# One job an organisation, so that nobody's thousand versions keep the others waiting; and only the oldest of each
# model, so that its versions keep their order. `sent_at` is the time of the last attempt.
_DUE: LiteralString = """
    WITH head AS (
        SELECT DISTINCT ON (tenant, split_part(subject, '@', 1))
            id, tenant, kind, subject, attempt, note, created_at, sent_at
        FROM public.job WHERE queue = 'record' AND state = 'queued'
        ORDER BY tenant, split_part(subject, '@', 1), created_at, id
    )
    SELECT DISTINCT ON (tenant) id, tenant, kind, subject, attempt, note FROM head
    WHERE sent_at IS NULL OR sent_at + least(power(2, attempt), 60) * interval '1 second' <= clock_timestamp()
    ORDER BY tenant, created_at
"""
# A request is in hand from its job's beginning until what came of it stands in MLflow. The newest one of a model
# counts: who moves an alias to and fro has asked twice.
_IN_HAND: LiteralString = """
    WITH open AS (
        SELECT DISTINCT tenant, split_part(subject, '@', 1) AS model FROM public.job
        WHERE state <> 'done' AND kind IN ('adopt', 'settle')
    )
    SELECT DISTINCT ON (open.tenant, model)
        open.tenant, model, split_part(subject, '@', 2)::integer AS number, outcome = 'failed' AS is_refused
    FROM open JOIN public.job ON job.tenant = open.tenant AND split_part(subject, '@', 1) = model
    WHERE kind = 'adopt' AND subject ~ '^[a-z0-9_-]+@[1-9][0-9]{0,8}$'
    ORDER BY open.tenant, model, created_at DESC
"""


class UnsafeLogin(Exception):
    """The login may do more than this process should; the message says how to mend it."""


@dataclass(frozen=True)
class Assignment:
    """A job. Its id and subject were written by the organisation's own processes and may hold anything."""

    id: str
    tenant: str
    kind: str
    subject: str
    attempt: int
    note: str = ""

    def request(self) -> Request | None:
        """Return what to ask of the recorder, or None for a job that cannot be meant."""
        pattern = _SUBJECTS.get(self.kind)
        match = pattern.fullmatch(self.subject) if pattern else None
        if match is None or (self.kind == "register" and not _VERSION_ID.fullmatch(self.id)):
            return None
        request: Request = {"do": self.kind, "tenant": self.tenant, "model": match["model"]}
        if self.kind == "register":
            request |= {"number": int(match["number"]), "version_id": self.id}
        if self.kind == "settle":
            try:
                settled = msgspec.json.decode(self.note, type=Settled)
            except msgspec.MsgspecError:
                return None
            request |= {"number": int(match["number"]), **msgspec.structs.asdict(settled)}
        return request


class Settled(msgspec.Struct, frozen=True):
    """What came of a request, as the organisation's worker says: the version that answers, or why none does."""

    version_id: Annotated[str, Meta(pattern=r"^(mv_[a-z0-9]{20})?$")] = ""
    version: Annotated[int, Meta(ge=0, lt=10**9)] = 0
    refused: Annotated[str, Meta(max_length=300)] = ""


@dataclass(frozen=True)
class Champion:
    tenant: str
    model: str
    version: int

    @property
    def name(self) -> str:
        """The registered model's name in MLflow."""
        return f"{self.tenant}.{self.model}"


@dataclass(frozen=True)
class SharedEncoder:
    """A sentence encoder that every organisation may use."""

    name: str
    sha256: str


@dataclass(frozen=True)
class InHand:
    """A request that is not settled: for version `number` of MLflow, which may be refused already."""

    tenant: str
    model: str
    number: int
    is_refused: bool


@dataclass(frozen=True)
class AskedFor:
    """A model that is asked for; `version` is the one that answers now, if any."""

    tenant: str
    model: str
    version: int | None


def connect(url: str) -> Connection:
    """Connect and listen for jobs and promotions. Raises UnsafeLogin for a login that could do more than read them."""
    connection = psycopg.connect(url, autocommit=True, connect_timeout=_CONNECT_SECONDS)
    row = connection.execute(
        "SELECT rolsuper OR rolinherit OR rolcreaterole OR rolcreatedb OR rolbypassrls"
        " OR EXISTS (SELECT FROM pg_class WHERE relowner = pg_roles.oid) FROM pg_roles WHERE rolname = current_user"
    ).fetchone()
    if row is None or row[0]:
        raise UnsafeLogin("DATABASE_URL is not the login assort_registrar. Run ./assort manage prepare, and use that.")
    connection.execute("LISTEN job")
    connection.execute("LISTEN route")
    return connection


def count(url: str) -> int:
    """Return how many jobs wait to be recorded. Connects for this question alone."""
    with psycopg.connect(url, autocommit=True, connect_timeout=_CONNECT_SECONDS) as connection:
        cursor = connection.cursor(row_factory=scalar_row)
        found = cursor.execute("SELECT count(*) FROM public.job WHERE queue = 'record' AND state = 'queued'").fetchone()
        return int(found or 0)


def wait(connection: Connection, seconds: float) -> None:
    """Return when there may be news, or after `seconds`."""
    if not list(connection.notifies(timeout=0)):
        # Not left to psycopg, which looks ten times a second.
        select.select([connection], [], [], seconds)
    # Every job of every organisation is announced here; what comes at once is looked at once.
    if list(connection.notifies(timeout=0)):
        time.sleep(_GATHER_SECONDS)
        list(connection.notifies(timeout=0))


def due(connection: Connection) -> list[Assignment]:
    """Return the jobs to do now, at most one an organisation."""
    with connection.cursor(row_factory=class_row(Assignment)) as cursor:
        return cursor.execute(_DUE).fetchall()


def champions(connection: Connection) -> list[Champion]:
    with connection.cursor(row_factory=class_row(Champion)) as cursor:
        return cursor.execute("SELECT tenant, model, version FROM public.route").fetchall()


def encoders(connection: Connection) -> list[SharedEncoder]:
    with connection.cursor(row_factory=class_row(SharedEncoder)) as cursor:
        return cursor.execute("SELECT name, sha256 FROM public.encoder WHERE withdrawn_at IS NULL").fetchall()


def champion(connection: Connection, tenant: str, model: str) -> int | None:
    """Return the number of the version that answers."""
    with connection.cursor(row_factory=scalar_row) as cursor:
        statement = "SELECT version FROM public.route WHERE tenant = %s AND model = %s"
        found: int | None = cursor.execute(statement, (tenant, model)).fetchone()
        return found


def asked_for(connection: Connection, name: str) -> AskedFor | None:
    """Return the model of this name in MLflow, or None where it cannot be one of an active organisation."""
    match = _NAME.fullmatch(name)
    if match is None:
        return None
    active = "SELECT 1 FROM public.organisation WHERE tenant = %s AND status = 'active'"
    if connection.execute(active, (match["tenant"],)).fetchone() is None:
        return None
    return AskedFor(match["tenant"], match["model"], champion(connection, match["tenant"], match["model"]))


def in_hand(connection: Connection) -> Mapping[str, InHand]:
    """Return the newest request of each model that has an open one, by the model's name in MLflow."""
    with connection.cursor(row_factory=class_row(InHand)) as cursor:
        return {f"{found.tenant}.{found.model}": found for found in cursor.execute(_IN_HAND).fetchall()}


def request(connection: Connection, job_id: str, tenant: str, subject: str) -> None:
    """Have the organisation's worker look at a version that was made champion in MLflow."""
    connection.execute(
        "INSERT INTO public.job (id, tenant, kind, queue, subject, note, state, attempt, outcome, created_at)"
        " VALUES (%s, %s, 'adopt', 'batch', %s, '', 'queued', 0, '', clock_timestamp())",
        (job_id, tenant, subject),
    )
    connection.execute("NOTIFY job")


def deleted(connection: Connection) -> set[str]:
    """Return the tenants of which nothing may be left."""
    with connection.cursor(row_factory=scalar_row) as cursor:
        return set(cursor.execute("SELECT tenant FROM public.organisation WHERE status = 'deleted'").fetchall())


def succeed(connection: Connection, job: Assignment) -> None:
    _finish(connection, job, "succeeded")


def fail(connection: Connection, job: Assignment, why: str) -> None:
    """Count a failed attempt. The job is tried again, later every time; the last attempt ends it."""
    attempt = job.attempt + 1
    connection.execute(
        "UPDATE public.job SET attempt = %s, sent_at = clock_timestamp() WHERE id = %s AND state = 'queued'",
        (attempt, job.id),
    )
    if attempt >= ATTEMPTS:
        give_up(connection, job, why)
    else:
        log.warning("%s %s.%s failed, attempt %d: %s", job.kind, job.tenant, job.subject, attempt, why)


def give_up(connection: Connection, job: Assignment, why: str) -> None:
    log.error("%s %s.%s (%s) failed for good: %s", job.kind, job.tenant, job.subject, job.id, why)
    _finish(connection, job, "failed")


def _finish(connection: Connection, job: Assignment, outcome: str) -> None:
    connection.execute(
        "UPDATE public.job SET state = 'done', outcome = %s, finished_at = clock_timestamp()"
        " WHERE id = %s AND state = 'queued'",
        (outcome, job.id),
    )
