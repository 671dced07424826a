"""What each login to the broker may not do, were it stolen: tried with the login itself."""

import hashlib
from collections.abc import Callable, Iterator

import pytest
import redis
from redis.lock import Lock

from tenants import broker, isolation
from tests.isolation import logins
from tests.isolation.neighbours import Neighbour
from tests.service import Service

LOGINS = ("web", "relay", "fleet", "worker")
# Commands that look around, change the server, reach another database or run what somebody wrote.
WITH_POWER = (
    *("KEYS *", "SCAN 0", "RANDOMKEY", "DBSIZE", "INFO", "MONITOR", "SLOWLOG GET", "LATENCY LATEST", "MEMORY STATS"),
    *("ACL LIST", "ACL GETUSER default", "ACL SETUSER intruder", "ACL DELUSER default", "ACL LOG", "ACL WHOAMI"),
    *("CONFIG GET *", "CONFIG SET maxmemory 1", "MODULE LIST", "COMMAND", "LOLWUT"),
    *("CLIENT LIST", "CLIENT KILL TYPE normal", "CLIENT PAUSE 1", "CLIENT NO-EVICT on", "CLIENT TRACKING on"),
    *("SELECT 1", "SWAPDB 0 1", "MOVE {theirs} 1", "FLUSHALL", "FLUSHDB", "SHUTDOWN NOSAVE", "SAVE", "BGREWRITEAOF"),
    *("EVAL return(1) 0", "SCRIPT LOAD return(1)", "SCRIPT FLUSH", "FUNCTION LIST", "FUNCTION FLUSH"),
    *("SUBSCRIBE __redis__:invalidate", "PSUBSCRIBE *", "SSUBSCRIBE x", "PUBSUB CHANNELS", "PUBLISH elsewhere x"),
    *("REPLICAOF NO ONE", "PSYNC ? -1", "SYNC", "FAILOVER", "CLUSTER INFO", "MIGRATE 127.0.0.1 1 {theirs} 0 1"),
    *("DUMP {theirs}", "RESTORE {theirs} 0 x", "OBJECT ENCODING {theirs}", "TYPE {theirs}", "SORT {theirs}"),
    *("COPY {theirs} {own}", "RENAME {theirs} {own}", "LMOVE {theirs} {own} LEFT LEFT", "RPOPLPUSH {theirs} {own}"),
    *("LRANGE {theirs} 0 -1", "LPOP {theirs}", "RPOP {theirs}", "BRPOP {theirs} 1", "LINDEX {theirs} 0"),
    *("DEL {theirs}", "UNLINK {theirs}", "EXPIRE {theirs} 1", "LTRIM {theirs} 1 0", "LSET {theirs} 0 x"),
    *("GET {theirs}", "HGETALL {theirs}", "EXISTS {theirs}", "APPEND {theirs} x", "SET {theirs} x"),
)
# A worker's own commands, on what is another's, also beside its own keys and within a transaction.
OF_A_WORKER = (
    *("LLEN {theirs}", "LPUSH {theirs} x", "RPUSH {theirs} x", "BRPOP {own} {theirs} 1", "DEL {own} {theirs}"),
    *("WATCH {theirs}", "HSET {theirs} a b", "ZADD {theirs} 1 a", "RPUSH {reply} x", "BLPOP {own_reply} 1"),
    *("EVALSHA {release} 1 {theirs} token", "EVALSHA {release} 2 {own} {theirs} token", "LPUSH fleet:wake x"),
    *("GET web:limits", "EVALSHA {take} 1 web:limits 1", "PUBLISH web:keys x", "SUBSCRIBE web:keys"),
)
OF_A_PROCESS = {
    "web": ("LLEN {theirs}", "BRPOP fleet:wake 1", "EVALSHA {take} 1 {theirs} 1", "PUBLISH elsewhere x"),
    "relay": ("BLPOP {reply} 1", "GET web:limits", "BRPOP fleet:wake 1", "PUBLISH web:keys x"),
    "fleet": ("LPUSH {theirs} x", "BLPOP {reply} 1", "GET web:limits", "PUBLISH web:keys x"),
}
ITS_OWN = {
    "web": "LPUSH {theirs} x",
    "relay": "LLEN {theirs}",
    "fleet": "LLEN {theirs}",
    "worker": "LLEN {own}",
}


@pytest.fixture(scope="module")
def clients(service: Service, theirs: Neighbour) -> Iterator[dict[str, redis.Redis]]:
    made = {process: logins.broker_of(service, process) for process in ("web", "relay", "fleet")}
    made["worker"] = logins.broker_of_worker(service, theirs.tenant)
    yield made
    for client in made.values():
        client.close()


@pytest.fixture(scope="module")
def ask(clients: dict[str, redis.Redis], ours: Neighbour, theirs: Neighbour) -> Callable[[str, str], object]:
    """Send a command in words, of which those in braces are keys and scripts."""
    words = {
        "theirs": isolation.queue(ours.tenant, "probe"),
        "own": isolation.queue(theirs.tenant, "probe"),
        "reply": isolation.reply_list(ours.tenant, "gateway"),
        "own_reply": isolation.reply_list(theirs.tenant, "gateway"),
        "release": hashlib.sha1(Lock.LUA_RELEASE_SCRIPT.encode(), usedforsecurity=False).hexdigest(),
        "take": broker.script("take_rows"),
    }

    def asked(login: str, command: str) -> object:
        return clients[login].execute_command(*command.format_map(words).split())

    return asked


@pytest.mark.proves(
    "broker", "Valkey", "Each stolen login looks around, changes the server, or takes another's messages"
)
@pytest.mark.parametrize("command", WITH_POWER)
@pytest.mark.parametrize("login", LOGINS)
def test_no_login_has_any_power(ask: Callable[[str, str], object], login: str, command: str) -> None:
    with pytest.raises(redis.exceptions.NoPermissionError):
        ask(login, command)


@pytest.mark.proves("broker", "Valkey", "A worker's own commands on another's keys, beside its own and in scripts")
@pytest.mark.parametrize("command", OF_A_WORKER)
def test_a_workers_commands_stay_with_its_own_keys(ask: Callable[[str, str], object], command: str) -> None:
    with pytest.raises(redis.exceptions.NoPermissionError):
        ask("worker", command)


@pytest.mark.proves("broker", "Valkey", "A transaction that hides another's key behind one's own")
def test_a_transaction_hides_nothing(clients: dict[str, redis.Redis], ours: Neighbour, theirs: Neighbour) -> None:
    pipeline = clients["worker"].pipeline(transaction=True)
    pipeline.llen(isolation.queue(theirs.tenant, "probe"))
    pipeline.rpop(isolation.queue(ours.tenant, "probe"))
    with pytest.raises(redis.exceptions.NoPermissionError):
        pipeline.execute()


@pytest.mark.proves("broker", "Valkey", "Each process's stolen login does what another process is for")
@pytest.mark.parametrize(("login", "command"), [(name, each) for name, all in OF_A_PROCESS.items() for each in all])
def test_a_process_does_what_it_is_for_and_nothing_else(
    ask: Callable[[str, str], object], login: str, command: str
) -> None:
    with pytest.raises(redis.exceptions.NoPermissionError):
        ask(login, command)


@pytest.mark.proves("broker", "Valkey", "A worker logs in as another, as a process, or without a password")
@pytest.mark.parametrize("user", ["t_{ours}", "web", "relay", "fleet", "default"])
def test_its_password_opens_no_other_login(service: Service, ours: Neighbour, theirs: Neighbour, user: str) -> None:
    own = logins.broker_of_worker(service, theirs.tenant)
    own.connection_pool.connection_kwargs["username"] = user.format(ours=ours.tenant)
    with own, pytest.raises(redis.exceptions.AuthenticationError):
        own.ping()


@pytest.mark.control
@pytest.mark.parametrize("login", LOGINS)
def test_a_login_does_what_it_is_for(ask: Callable[[str, str], object], login: str) -> None:
    assert isinstance(ask(login, ITS_OWN[login]), int)
