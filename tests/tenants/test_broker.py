import socket
from urllib.parse import quote, urlsplit

import pytest
import redis
from django.conf import settings
from django.db import connection
from redis.backoff import NoBackoff
from redis.retry import Retry

from tenants import broker, isolation, wakeups
from tenants.models import Organisation
from tenants.secrets import derive
from tests.service import Service


def as_user(name: str, password: str) -> redis.Redis:
    at = urlsplit(settings.REDIS_URL)
    return redis.Redis.from_url(f"redis://{name}:{quote(password)}@{at.hostname}:{at.port}")


@pytest.fixture
def workers(service: Service, acme: Organisation) -> redis.Redis:
    """The broker as Acme's worker sees it."""
    password = derive(service.instance.secrets["fleet_secret"], acme.tenant, "broker")
    return as_user(f"t_{acme.tenant}", password)


def test_a_worker_reads_its_own_queue(workers: redis.Redis, acme: Organisation) -> None:
    assert workers.llen(isolation.queue(acme.tenant, "batch")) == 0


@pytest.mark.parametrize("command", ["GET", "LLEN", "RPOP", "HGETALL", "DEL", "SMEMBERS"])
def test_a_worker_is_refused_at_a_strangers_key(workers: redis.Redis, globex: Organisation, command: str) -> None:
    with pytest.raises(redis.exceptions.NoPermissionError):
        workers.execute_command(command, isolation.queue(globex.tenant, "infer"))


LOOKING_AROUND = [
    *("KEYS *", "SCAN 0", "RANDOMKEY", "DBSIZE", "INFO", "SELECT 1", "FLUSHALL", "CONFIG GET *", "ACL LIST"),
    *("MONITOR", "CLIENT LIST", "EVAL return(1) 0", "FUNCTION LIST", "PUBSUB CHANNELS"),
]


@pytest.mark.parametrize("command", LOOKING_AROUND)
def test_a_worker_may_run_no_command_that_looks_around(workers: redis.Redis, command: str) -> None:
    with pytest.raises(redis.exceptions.NoPermissionError):
        workers.execute_command(*command.split())


def test_the_web_process_writes_a_queue_and_cannot_read_it(db: None, globex: Organisation) -> None:
    queue = isolation.queue(globex.tenant, "probe")
    client = broker.connect()
    assert client.lpush(queue, "message") == 1
    for command in ("RPOP", "LRANGE", "LLEN", "DEL"):
        with pytest.raises(redis.exceptions.NoPermissionError):
            client.execute_command(command, queue, *(("0", "-1") if command == "LRANGE" else ()))


def test_the_fleet_counts_a_queue_and_cannot_read_it(service: Service, acme: Organisation) -> None:
    fleet = as_user("fleet", derive(service.instance.secrets["login_secret"], "broker", "fleet"))
    queue = isolation.queue(acme.tenant, "infer")
    assert fleet.llen(queue) == 0
    with pytest.raises(redis.exceptions.NoPermissionError):
        fleet.rpop(queue)


def test_a_broker_that_says_nothing_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(broker, "ANSWER_SECONDS", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        monkeypatch.setattr(settings, "REDIS_URL", f"redis://127.0.0.1:{silent.getsockname()[1]}")
        with pytest.raises(redis.TimeoutError):
            broker.connect(retry=Retry(NoBackoff(), 0)).ping()


def test_every_connection_to_the_database_is_looked_after(db: None) -> None:
    asked = {name: str(value) for name, value in wakeups.login().items() if name.startswith(("keepalives", "tcp_"))}
    assert asked.keys() == {"keepalives_idle", "keepalives_interval", "keepalives_count", "tcp_user_timeout"}
    connection.ensure_connection()
    assert asked.items() <= connection.connection.info.get_parameters().items()


def test_a_selector_stays_in_one_piece() -> None:
    words = broker._words("%W~t:* +lpush (~reply:* -@all +blpop) &web:keys")
    assert words == ["%W~t:*", "+lpush", "(~reply:* -@all +blpop)", "&web:keys"]


def test_a_name_with_a_wildcard_gets_no_user(service: Service) -> None:
    admin = redis.Redis.from_url(service.instance.owner_redis_url())
    with pytest.raises(isolation.NotATenant):
        broker.set_worker_user(admin, "a*", "password")
