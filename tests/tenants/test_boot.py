"""A process with a login that can do too much, or on a server that forgets, does not start."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest
import redis
from django.core.checks import Tags, run_checks
from django.db import connection

from tenants import boot, broker, isolation
from tenants.models import Organisation
from tenants.secrets import derive
from tests.service import Service


@contextmanager
def logged_in(url: str, **changed: str) -> Iterator[psycopg.Cursor[Any]]:
    with psycopg.connect(url, **changed) as opened, opened.cursor() as cursor:  # type: ignore[arg-type]  # its own types
        yield cursor


def test_the_webs_own_logins_are_safe(db: None) -> None:
    decoy = isolation.queue(boot.NOBODY, "infer")
    boot.check_process(broker.connect(), decoys=[("RPOP", decoy), ("KEYS", "*")])


def test_the_owners_login_is_refused(service: Service) -> None:
    with (
        logged_in(service.instance.owner_database_url()) as cursor,
        pytest.raises(boot.UnsafeConfiguration, match=r"may make roles.*prepare"),
    ):
        boot.check_login(cursor, may_inherit=())


def test_a_workers_login_is_refused_to_a_process_of_all(service: Service, acme: Organisation) -> None:
    worker = isolation.worker_login(acme.tenant)
    password = derive(service.instance.secrets["fleet_secret"], acme.tenant, "postgres")
    url = service.instance.owner_database_url()
    with logged_in(url, user=worker, password=password) as cursor:
        boot.check_login(cursor, may_inherit=(isolation.schema(acme.tenant),))
        with pytest.raises(boot.UnsafeConfiguration, match="inherits t_"):
            boot.check_login(cursor, may_inherit=())


def test_a_login_that_owns_a_table_is_refused(db: None) -> None:
    class Answer:
        """What PostgreSQL would say of a login that somebody made by hand."""

        def execute(self, query: str) -> None:
            with connection.cursor() as cursor:
                cursor.execute(query)
                self.row = cursor.fetchone()

        def fetchone(self) -> Any:
            return (*self.row[:3], True, self.row[4])

    with pytest.raises(boot.UnsafeConfiguration, match="owns tables"):
        boot.check_login(Answer(), may_inherit=())


def test_an_administrators_login_to_the_broker_is_refused(service: Service) -> None:
    admin = redis.Redis.from_url(service.instance.owner_redis_url())
    with pytest.raises(boot.UnsafeConfiguration, match=r"may run KEYS.*provisioner"):
        boot.check_refused(admin, [("KEYS", "*")])


def test_a_broker_that_drops_messages_is_refused(service: Service) -> None:
    admin = redis.Redis.from_url(service.instance.owner_redis_url(), decode_responses=True)
    boot.check_broker(admin)
    admin.config_set("maxmemory-policy", "allkeys-lru")
    try:
        with pytest.raises(boot.UnsafeConfiguration, match="Set it to noeviction"):
            boot.check_broker(admin)
    finally:
        admin.config_set("maxmemory-policy", "noeviction")


@pytest.mark.parametrize(
    ("name", "value", "number"),
    [
        ("DEBUG", True, "tenants.E001"),
        ("TENANT_LIMIT_SET_CALLS", True, "tenants.E002"),
        ("SHOW_PUBLIC_IF_NO_TENANT_FOUND", True, "tenants.E003"),
        ("CELERY_ACCEPT_CONTENT", ["json", "pickle"], "tenants.E004"),
        ("CELERY_WORKER_ENABLE_REMOTE_CONTROL", True, "tenants.E005"),
        ("API_KEY_PEPPER", None, "tenants.E006"),
    ],
)
def test_an_unsafe_setting_is_an_error_with_a_hint(settings: Any, name: str, value: object, number: str) -> None:
    setattr(settings, name, settings.SECRET_KEY if value is None else value)
    [error] = [found for found in run_checks(tags=[Tags.security]) if found.id == number]
    assert error.hint


def test_a_process_with_an_unsafe_setting_does_not_start(db: None, settings: Any) -> None:
    settings.DEBUG = True
    with pytest.raises(boot.UnsafeConfiguration, match="DEBUG"):
        boot.check_process(broker.connect(), decoys=[])


def test_servers_that_are_too_old_are_refused(monkeypatch: pytest.MonkeyPatch, service: Service) -> None:
    admin = redis.Redis.from_url(service.instance.owner_redis_url(), decode_responses=True)
    monkeypatch.setattr(boot, "BROKERS", {"valkey": (99, 0)})
    with pytest.raises(boot.UnsafeConfiguration, match="is too old"):
        boot.check_broker(admin)
    monkeypatch.setattr(boot, "POSTGRESQL", 990000)
    with (
        logged_in(service.instance.owner_database_url()) as cursor,
        pytest.raises(boot.UnsafeConfiguration, match="PostgreSQL is older"),
    ):
        boot.check_login(cursor, may_inherit=())


def test_an_app_in_two_places_is_an_error_with_a_hint(settings: Any) -> None:
    settings.TENANT_APPS = [*settings.TENANT_APPS, settings.SHARED_APPS[-1]]
    [error] = [found for found in run_checks(tags=[Tags.database]) if found.id == "tenants.E007"]
    assert settings.SHARED_APPS[-1] in error.msg
    assert error.hint
