"""The addresses of PostgreSQL and of the broker: the same one for another login, and how TLS is spoken there.

DATABASE_URL says that in libpq's words, REDIS_URL in redis-py's, after a question mark; whoever is told an address is
told that with it. A password is in an address only while a process is being told its own.
"""

from collections.abc import Mapping
from pathlib import Path
from urllib.parse import parse_qsl, quote, urlsplit

# What an address may say besides. A client's own certificate is not among it: each process has a login, and a password.
POSTGRESQL_TLS = frozenset({"sslmode", "sslrootcert", "sslnegotiation", "ssl_min_protocol_version", "channel_binding"})
BROKER_TLS = frozenset({"ssl_cert_reqs", "ssl_ca_certs", "ssl_check_hostname"})
# libpq's word for the authorities that the system trusts.
_SYSTEM = "system"


def with_login(url: str, user: str, password: str, database: str | None = None) -> str:
    """Return the address for another login, and to another database where one is named."""
    split = urlsplit(url)
    path = split.path if database is None else f"/{database}"
    return split._replace(netloc=f"{quote(user)}:{quote(password)}@{_place(url)}", path=path).geturl()


def without_login(url: str) -> str:
    return urlsplit(url)._replace(netloc=_place(url)).geturl()


def said(url: str) -> dict[str, str]:
    """Return what stands after the question mark."""
    return dict(parse_qsl(urlsplit(url).query, keep_blank_values=True))


def tls(options: Mapping[str, object]) -> dict[str, str]:
    """Return of a connection's options to PostgreSQL those that say how TLS is spoken."""
    return {name: str(value) for name, value in options.items() if name in POSTGRESQL_TLS}


def authority(options: Mapping[str, str]) -> Path | None:
    """Return the file that says whose certificates are believed, or None where that is left to the system."""
    named = options.get("sslrootcert") or options.get("ssl_ca_certs")
    return Path(named) if named and named != _SYSTEM else None


def _place(url: str) -> str:
    return urlsplit(url).netloc.rpartition("@")[2]
