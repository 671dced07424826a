"""Valkey or Redis, as the provisioner's login sees it: each command that it needs is tried, without touching a key."""

import secrets
import time
from collections.abc import Iterator, Sequence
from typing import Any
from urllib.parse import unquote, urlsplit

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from saas.doctor import encryption
from saas.doctor.clock import skew
from saas.doctor.finding import Finding, missing, ok, warning
from tenants import servers
from tenants.boot import BROKERS

_SECONDS = 5
# A user and a key that nothing else is called.
_NOBODY = f"doctor-{secrets.token_hex(6)}"
# What is needed for what; a command that is tried leaves nothing behind together with those that follow it.
COMMANDS: tuple[tuple[str, Sequence[str], str], ...] = (
    ("acl|setuser", ("ACL", "SETUSER", _NOBODY, "reset", "off"), "make a user for each organisation"),
    ("acl|users", ("ACL", "USERS"), "see which users there are"),
    ("acl|deluser", ("ACL", "DELUSER", _NOBODY), "remove a user with its organisation"),
    ("script|load", ("SCRIPT", "LOAD", "return 1"), "load the scripts that count requests"),
    ("scan", ("SCAN", "0", "MATCH", f"{_NOBODY}:*", "COUNT", "1"), "find what a deleted organisation leaves"),
    ("del", ("DEL", f"t:{_NOBODY}"), "remove what a deleted organisation leaves"),
)
_NO_SUCH_COMMAND = "this service does not offer it: use one with access lists, or run Valkey yourself."


def examine(url: str) -> Iterator[Finding]:
    """Yield what is found; with nothing but the first of it where the broker does not let this login in."""
    at = urlsplit(url)
    where, login = f"{at.hostname}:{at.port or 6379}", unquote(at.username or "") or "default"
    client = redis.Redis.from_url(
        url,
        decode_responses=True,
        socket_timeout=_SECONDS,
        socket_connect_timeout=_SECONDS,
        retry=Retry(NoBackoff(), 0),
    )
    try:
        with client:
            client.ping()
            yield ok("broker", f"the broker answers at {where}")
            yield from _encryption(url)
            yield from _server(client, login)
            for command, words, purpose in COMMANDS:
                yield _tried(client, login, command, words, purpose)
    except redis.RedisError as error:
        todo = "start it, open its port, or correct REDIS_URL."
        yield missing("broker", f"the broker at {where} does not let us in: {error}", todo)


def _encryption(url: str) -> Iterator[Finding]:
    said, is_encrypted = servers.said(url), urlsplit(url).scheme == "rediss"
    yield from encryption.examine(
        "the broker",
        urlsplit(url).hostname or "",
        is_encrypted=is_encrypted,
        is_checked=is_encrypted and said.get("ssl_cert_reqs", "required") == "required",
        authority=servers.authority(said),
        mend="rediss://…?ssl_ca_certs=FILE in REDIS_URL, with the certificate of its authority.",
    )


def _tried(client: redis.Redis, login: str, command: str, words: Sequence[str], purpose: str) -> Finding:
    about = f"command {command}"
    try:
        client.execute_command(*words)
    except redis.exceptions.NoPermissionError:
        return missing(about, f"the login to the broker may not {purpose}", f"ACL SETUSER {login} +{command}")
    except redis.ResponseError as error:
        return missing(about, f"the login to the broker cannot {purpose} ({error})", _NO_SUCH_COMMAND)
    return ok(about, f"the login to the broker may {purpose}")


def _server(client: redis.Redis, login: str) -> Iterator[Finding]:
    try:
        found: Any = client.info("everything")
    except redis.exceptions.NoPermissionError:
        yield missing(
            "command info", "the login to the broker may not ask which version it is", f"ACL SETUSER {login} +info"
        )
        return
    yield _version(found)
    yield _policy(found)
    yield _persistence(found)
    yield skew("the broker", lambda: _time(client), time.time)


def _version(found: dict[str, Any]) -> Finding:
    name = "valkey" if "valkey_version" in found else "redis"
    version = str(found[f"{name}_version"])
    if tuple(int(part) for part in version.split(".")[:2]) < BROKERS[name]:
        return missing("broker version", f"{name} {version} is too old", "use Valkey 8, Redis 7.2 or newer.")
    return ok("broker version", f"{name} {version} is new enough")


def _policy(found: dict[str, Any]) -> Finding:
    policy = found.get("maxmemory_policy")
    if policy != "noeviction":
        said = f"with the maxmemory-policy {policy} the broker drops messages when it is full"
        return missing(
            "eviction", said, "CONFIG SET maxmemory-policy noeviction, and the same in its configuration file."
        )
    return ok("eviction", "the broker refuses when it is full, and drops nothing (noeviction)")


def _persistence(found: dict[str, Any]) -> Finding:
    if not int(found.get("aof_enabled", 0)):
        said = (
            "the broker keeps no file of what it is told: a restart empties it, jobs are sent again, limits begin anew"
        )
        return warning("persistence", said, "appendonly yes.")
    return ok("persistence", "the broker keeps what it is told in a file (appendonly)")


def _time(client: redis.Redis) -> float:
    # Its answer has no types.
    found: Any = client.time()
    seconds, microseconds = found
    return float(seconds) + float(microseconds) / 1e6
