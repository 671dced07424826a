"""Users of the broker, and the connections that this project makes to it.

Every user is limited to its own keys by an access list, so a queue that is named by mistake is refused. Section 3.4
of the threat model gives the commands that Celery needs; none of them lists keys, runs scripts from the caller or
reaches another database.
"""

import hashlib
from functools import cache
from pathlib import Path
from typing import Any

import redis
from django.conf import settings
from redis.lock import Lock

from tenants import isolation

# On connecting, redis-py says who it is; the rest keeps a connection alive.
CONNECTION = "+auth +hello +ping +client|setname +client|setinfo"

WORKER_COMMANDS = (
    "+brpop +rpop +lpush +rpush +llen +del +set +get +expire +pexpire +hset +hget +hdel +hlen "
    "+zadd +zrem +zrange +zrangebyscore +zrevrangebyscore +zcount +multi +exec +discard +watch +unwatch "
    "+evalsha +script|exists"
)

# A network that swallows everything must not hold up a process for ever. Nobody waits so long for a message.
ANSWER_SECONDS = 5

SCRIPTS = Path(__file__).parent / "scripts"

PROCESS_RULES = {
    # May put work and wake-up calls into any queue and read none of them. Limits, counters and the cache are its own.
    "web": (
        "%W~t:* %W~fleet:wake +lpush (~reply:* -@all +blpop +del) "
        "(~web:* -@all +get +set +setex +del +exists +incr +incrby +expire +pexpire +pttl +ttl +mget +mset "
        "+evalsha +time +hget +hgetall +hincrby +hdel) "
        "&web:keys +publish +subscribe +unsubscribe"
    ),
    "relay": "%W~t:* %W~fleet:wake +lpush +rpush (~t:* -@all +llen)",
    "fleet": "%R~t:* +llen +hlen +zcard (~fleet:* -@all +brpop +rpop +lpush)",
}


def connect(**options: Any) -> redis.Redis:
    """Return a client with this process's own login."""
    usual = {"socket_timeout": ANSWER_SECONDS, "socket_connect_timeout": ANSWER_SECONDS, "decode_responses": True}
    return redis.Redis.from_url(settings.REDIS_URL, **usual | options)


@cache
def shared() -> redis.Redis:
    """Return this process's client for short commands; threads may share it."""
    return connect(socket_timeout=2)


def set_process_user(client: redis.Redis, name: str, password: str) -> None:
    _set_user(client, name, password, PROCESS_RULES[name])


def set_worker_user(client: redis.Redis, tenant: str, password: str) -> None:
    tenant = isolation.checked(tenant)  # A `*` in it would widen the pattern to everybody's keys.
    _set_user(client, f"t_{tenant}", password, f"~t:{tenant}:* %W~reply:{tenant}:* {WORKER_COMMANDS}")


def load_scripts(client: redis.Redis) -> None:
    """Load Celery's release of its mutex, which workers run, and our own, which the web runs: they may load none."""
    client.script_load(Lock.LUA_RELEASE_SCRIPT)
    for path in SCRIPTS.glob("*.lua"):
        client.script_load(path.read_text())


@cache
def script(name: str) -> str:
    """Return by which name the broker knows one of our scripts, once the provisioner has loaded it."""
    return hashlib.sha1((SCRIPTS / f"{name}.lua").read_bytes(), usedforsecurity=False).hexdigest()


def worker_users(client: redis.Redis) -> set[str]:
    """Return the tenants that the broker knows a user of."""
    names = [str(name) for name in client.acl_users()]
    return {name.removeprefix("t_") for name in names if name.startswith("t_")}


def drop_worker_user(client: redis.Redis, tenant: str) -> None:
    """Remove the organisation's user, which also ends its connections, and everything under its prefix."""
    client.acl_deluser(f"t_{isolation.checked(tenant)}")
    for pattern in (f"t:{tenant}:*", f"reply:{tenant}:*"):
        for key in client.scan_iter(match=pattern, count=1000):
            client.delete(key)


def _set_user(client: redis.Redis, name: str, password: str, rules: str) -> None:
    # One unknown word makes the broker refuse the whole command and keep the older, wider list: redis-py raises.
    client.execute_command(
        "ACL",
        "SETUSER",
        name,
        "reset",
        "on",
        f">{password}",
        "resetchannels",
        "-@all",
        *_words(CONNECTION + " " + rules),
    )


def _words(rules: str) -> list[str]:
    """Split an access list at spaces, but keep a selector in its parentheses together."""
    words: list[str] = []
    inside = False
    for word in rules.split():
        if inside:
            words[-1] += " " + word
        else:
            words.append(word)
        inside = (inside or word.startswith("(")) and not word.endswith(")")
    return words
