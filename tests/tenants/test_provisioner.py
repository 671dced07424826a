import time
from collections.abc import Callable

import psycopg
import pytest
import redis

from tenants import accounts, isolation, keys
from tenants.errors import Conflict, InvalidKey
from tenants.models import ApiKey, Job, Organisation
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
    accounts.delete(organisation=made, by="peter")
    assert eventually(lambda: Organisation.objects.get(pk=made.pk).status == "deleted")
    assert eventually(lambda: not list(isolation.directory(made.tenant).parent.glob(f"*{made.tenant}")))
    assert f"t_{made.tenant}" not in owner_broker(service).acl_users()
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
