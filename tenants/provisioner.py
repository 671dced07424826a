"""The one process that makes and destroys what belongs to an organisation. It has no open port.

Its work comes through the table `provisioning`. Schema, roles and tables are made in one transaction; the broker's
user and the folder, which no transaction covers, are made last within it and taken back when it fails.
"""

import logging
import time
from contextlib import suppress
from datetime import timedelta
from typing import Any

import redis
from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone

from tenants import boot, broker, folders, isolation, logs, notify, schemas, wakeups
from tenants.heartbeats import Heart
from tenants.models import (
    Appointment,
    Job,
    Letter,
    Organisation,
    Provisioning,
    Quarantine,
    QuotaMark,
    Route,
    TenantLease,
)
from tenants.secrets import derive

log = logging.getLogger(__name__)

# The broker is looked at so often, since it must know its users again within a second; work is announced.
WAIT_SECONDS = 0.5
SWEEP_SECONDS = 5.0
RETRY_AFTER = timedelta(seconds=30)
DELETED = ".deleted-"


def run() -> None:
    """Serve requests until the process is told to stop."""
    client = broker.connect()
    boot.check_broker(client)
    boot.check_sessions()
    users = BrokerUsers(client)
    users.watch()
    heart = Heart("provisioner")
    with wakeups.listening("provisioning") as calls:
        notify.ready()
        swept = -SWEEP_SECONDS
        is_called = True
        while True:
            if is_called or time.monotonic() - swept > SWEEP_SECONDS:
                sweep(client)
                with connection.cursor() as cursor:
                    heart.beat(cursor.execute)
                swept = time.monotonic()
            users.watch()
            is_called = wakeups.wait(calls, WAIT_SECONDS)


def sweep(client: redis.Redis) -> None:
    """Do all that there is to do."""
    while serve_next(client):
        pass
    retry_deletions()
    remove_folders()


def serve_next(client: redis.Redis) -> bool:
    """Serve the oldest request, and say whether there was one."""
    with transaction.atomic():
        waiting = Provisioning.objects.filter(state=Provisioning.State.REQUESTED).order_by("requested_at")
        request = waiting.select_for_update(skip_locked=True, of=("self",)).select_related("organisation").first()
        if request is None:
            return False
        with logs.about(tenant=request.organisation_id):
            _try(request, client)
    return True


def _try(request: Provisioning, client: redis.Redis) -> None:
    started = time.monotonic()
    try:
        with transaction.atomic():
            _serve(request, client)
    except Exception:  # Whatever went wrong, the next customer's request must still be served.
        log.exception("%s %s failed", request.action, request.organisation_id)
        _fail(request)
    else:
        took = time.monotonic() - started
        log.info("%s %s in %.2f s", request.action, request.organisation_id, took)


def _serve(request: Provisioning, client: redis.Redis) -> None:
    organisation = request.organisation
    if request.action == Provisioning.Action.CREATE:
        create(organisation, client)
    else:
        destroy(organisation, client)
    request.state = Provisioning.State.DONE
    request.finished_at = timezone.now()
    request.save(update_fields=["state", "finished_at"])


def _fail(request: Provisioning) -> None:
    if request.action == Provisioning.Action.CREATE:
        request.organisation.delete()  # Nothing was made, so nothing but this row is left to go.
    else:
        request.state = Provisioning.State.FAILED
        request.error = "See the provisioner's log."
        request.finished_at = timezone.now()
        request.save(update_fields=["state", "error", "finished_at"])


def create(organisation: Organisation, client: redis.Redis) -> None:
    tenant = organisation.tenant
    schemas.create(tenant, worker_password=worker_password(tenant, "postgres"))
    try:
        settle(organisation)
        broker.set_worker_user(client, tenant, worker_password(tenant, "broker"))
    except BaseException:
        with suppress(FileNotFoundError):
            folders.remove(isolation.directory(tenant))
        raise
    organisation.status = Organisation.Status.ACTIVE
    organisation.save(update_fields=["status"])


def settle(organisation: Organisation) -> None:
    """Give the organisation a number as a user of the system, unless it has one, and its folder to that user."""
    if organisation.uid is None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT nextval('public.organisation_uid')")
            (organisation.uid,) = cursor.fetchone()
        organisation.save(update_fields=["uid"])
    folders.settle(organisation.tenant, organisation.uid)


def destroy(organisation: Organisation, client: redis.Redis) -> None:
    """Destroy everything, and keep a tombstone, so that the random id is never used again."""
    tenant = organisation.tenant
    broker.drop_worker_user(client, tenant)
    schemas.drop(tenant)
    folder = isolation.directory(tenant)
    if folder.exists():
        # Out of reach at once. A worker that is just ending may still write into it, so it is removed later.
        transaction.on_commit(lambda: folder.rename(folder.with_name(f"{DELETED}{tenant}")))
    for kind in (Appointment, Job, Letter, Quarantine, QuotaMark, Route, TenantLease):
        kind.objects.filter(tenant=tenant).delete()
    for of_organisation in (organisation.api_keys, organisation.invitations, organisation.memberships):
        of_organisation.all().delete()
    organisation.name = organisation.slug = f"deleted-{tenant}"
    organisation.status = Organisation.Status.DELETED
    organisation.save(update_fields=["name", "slug", "status"])


def retry_deletions() -> None:
    """Take up again what failed: an organisation that is to be deleted must not stay for want of a second try."""
    failed = Provisioning.objects.filter(action=Provisioning.Action.DELETE, state=Provisioning.State.FAILED)
    due = failed.filter(finished_at__lt=timezone.now() - RETRY_AFTER)
    due.update(state=Provisioning.State.REQUESTED, finished_at=None)


def remove_folders() -> None:
    """Remove the files of deleted organisations."""
    for folder in isolation.tenants_directory().glob(f"{DELETED}*"):
        try:
            folders.remove(folder)
        except OSError as error:
            log.info("%s is removed later: %s", folder.name, error)


def worker_password(tenant: str, use: str) -> str:
    """Return the password of the organisation's workers for `use`: `postgres` or `broker`."""
    return derive(settings.FLEET_SECRET, isolation.checked(tenant), use)


class BrokerUsers:
    """Keeps the broker's users as PostgreSQL says, also when the broker comes back empty."""

    def __init__(self, client: redis.Redis) -> None:
        self.client = client
        self.connection: Any = None

    def rebuild(self) -> None:
        for process in broker.PROCESS_RULES:
            password = derive(settings.LOGIN_SECRET, "broker", process)
            broker.set_process_user(self.client, process, password)
        broker.load_scripts(self.client)
        kept = (Organisation.Status.ACTIVE, Organisation.Status.SUSPENDED)
        tenants = set(Organisation.objects.filter(status__in=kept).values_list("tenant", flat=True))
        for tenant in tenants:
            broker.set_worker_user(self.client, tenant, worker_password(tenant, "broker"))
        for tenant in broker.worker_users(self.client) - tenants:
            broker.drop_worker_user(self.client, tenant)
        log.info("the broker knows %d organisations", len(tenants))

    def watch(self) -> None:
        """Rebuild when the broker has gone away meanwhile: then a connection that nobody uses was closed."""
        try:
            if self.connection is None:
                opened = self.client.connection_pool.get_connection()
                self.rebuild()
                self.connection = opened
            self.connection.can_read(timeout=0)
        except redis.ConnectionError:
            # Not back yet. The next round, half a second from now, tries again.
            self.connection = None
