import time
from collections.abc import Callable

import psycopg
import pytest
import redis
from psycopg import sql

from tenants import accounts, ids, isolation, keys
from tenants.errors import Conflict, InvalidKey, Unavailable
from tenants.models import ApiKey, Job, Organisation, Provisioning
from tenants.secrets import derive
from tests import universe
from tests.service import Service


def eventually(condition: Callable[[], bool], seconds: float = 10) -> bool:
    deadline = time.monotonic() + seconds
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.05)
    return condition()


def owner_broker(service: Service) -> redis.Redis:
    return redis.Redis.from_url(service.instance.owner_redis_url(), decode_responses=True)


def test_a_sign_up_takes_less_than_five_seconds(committed: None) -> None:
    started = time.monotonic()
    universe.organisation("Initech", universe.person("peter"))
    assert time.monotonic() - started < 5


def test_deletion_destroys_everything_and_frees_the_address(committed: None, service: Service) -> None:
    peter = universe.person("peter")
    made, _ = universe.organisation("Initech", peter)
    slug = made.slug
    queue = isolation.queue(made.tenant, "probe")
    owner_broker(service).lpush(queue, "what nobody has read")
    accounts.delete(organisation=made, by="peter")
    assert eventually(lambda: Organisation.objects.get(pk=made.pk).status == "deleted")
    assert eventually(lambda: not list(isolation.directory(made.tenant).parent.glob(f"*{made.tenant}")))
    assert f"t_{made.tenant}" not in owner_broker(service).acl_users()
    assert not owner_broker(service).exists(queue)
    assert not ApiKey.objects.filter(organisation=made).exists()
    assert not Job.objects.filter(tenant=made.tenant).exists()
    again = accounts.found(name="Initech", slug=slug, owner=peter)
    assert again.tenant != made.tenant


def test_deletion_does_not_wait_for_workers_that_are_logged_in(committed: None, service: Service) -> None:
    made, _ = universe.organisation("Initech", universe.person("peter"))
    password = derive(service.instance.secrets["fleet_secret"], made.tenant, "postgres")
    url = service.instance.owner_database_url()
    with psycopg.connect(url, user=f"wk_{made.tenant}", password=password) as worker:
        worker.execute("SELECT 1")
        accounts.delete(organisation=made, by="peter")
        assert eventually(lambda: Organisation.objects.get(pk=made.pk).status == "deleted")
        with pytest.raises(psycopg.OperationalError):
            worker.execute("SELECT 1")


def test_it_is_deleted_once(committed: None) -> None:
    made, _ = universe.organisation("Initech", universe.person("peter"))
    accounts.delete(organisation=made, by="peter")
    with pytest.raises(Conflict, match="being deleted already"):
        accounts.delete(organisation=made, by="peter")


def test_an_organisation_answers_nobody_from_the_moment_it_is_deleted(committed: None) -> None:
    made, key = universe.organisation("Initech", universe.person("peter"))
    accounts.delete(organisation=made, by="peter")
    with pytest.raises(InvalidKey):
        keys.authenticate(key)


def test_a_deletion_that_failed_is_tried_again(committed: None, service: Service) -> None:
    made, _ = universe.organisation("Initech", universe.person("peter"))
    request = Provisioning.objects.filter(organisation=made, action="delete")
    holder = sql.Identifier(f"holds_{made.tenant}")
    # A role on which something in another database depends cannot be dropped.
    url = service.instance.environment("registrar")["MLFLOW_DATABASE_URL"]
    with psycopg.connect(url, autocommit=True) as elsewhere:
        elsewhere.execute(sql.SQL("CREATE SCHEMA {}").format(holder))
        grant = sql.SQL("GRANT USAGE ON SCHEMA {} TO {}")
        elsewhere.execute(grant.format(holder, sql.Identifier(isolation.schema(made.tenant))))
        accounts.delete(organisation=made, by="peter")
        assert eventually(lambda: request.get().state == "failed")
        assert Organisation.objects.get(pk=made.pk).status == "deleting"
        elsewhere.execute(sql.SQL("DROP SCHEMA {}").format(holder))
    isolation.directory(made.tenant).rmdir()  # What is gone already is no hindrance.
    with psycopg.connect(service.instance.owner_database_url()) as owner:
        owner.execute("UPDATE provisioning SET finished_at = finished_at - interval '1 minute' WHERE state = 'failed'")
    assert eventually(lambda: Organisation.objects.get(pk=made.pk).status == "deleted", seconds=30)


def test_nobody_is_founded_in_what_somebody_left_behind(
    committed: None, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    tenant, peter = ids.new_tenant(), universe.person("peter")
    left = sql.Identifier(isolation.schema(tenant))
    with psycopg.connect(service.instance.owner_database_url(), autocommit=True) as owner:
        owner.execute(sql.SQL("CREATE SCHEMA {}").format(left))
        monkeypatch.setattr(ids, "new_tenant", lambda: tenant)
        with pytest.raises(Unavailable, match="Nothing was made"):
            accounts.found(name="Initech", owner=peter)
        assert not Organisation.objects.filter(tenant=tenant).exists()
        assert not owner.execute("SELECT FROM pg_roles WHERE rolname LIKE %s", [f"%{tenant}"]).fetchall()
        owner.execute(sql.SQL("DROP SCHEMA {}").format(left))
