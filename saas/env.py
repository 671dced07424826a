"""Reads settings from the environment, and refuses values that cannot be meant."""

import json
import os
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from ipaddress import ip_network
from typing import Any, NamedTuple
from urllib.parse import unquote, urlencode, urlsplit

from tenants import servers


class BadEnvironment(Exception):
    """An environment variable is missing or has a value that makes no sense."""


def text(name: str, default: str | None = None) -> str:
    value = os.environ.get(name, default)
    if value is None:
        raise BadEnvironment(f"{name} is not set. Start this process with ./assort, which sets it.")
    return value


def secret(name: str) -> str:
    value = text(name)
    if len(value) < 32:
        raise BadEnvironment(f"{name} is shorter than 32 characters. Set it to a long random value.")
    return value


def choice(name: str, allowed: tuple[str, ...], default: str | None = None) -> str:
    value = text(name, default)
    if value not in allowed:
        raise BadEnvironment(f"{name} is {value!r}. Set it to one of: {', '.join(allowed)}.")
    return value


def passwords(name: str) -> dict[str, dict[str, str]]:
    """Read {"organisation": {"postgres": "…", "broker": "…"}}, none where the variable is not set."""
    try:
        given: dict[str, dict[str, str]] = json.loads(text(name, "{}"))
        return {tenant: {use: str(of[use]) for use in ("postgres", "broker")} for tenant, of in given.items()}
    except (ValueError, TypeError, AttributeError, LookupError):
        # What is in it is secret, so it is not repeated.
        raise BadEnvironment(f"{name} does not hold passwords. Print this host's secret anew.") from None


def networks(name: str) -> tuple[str, ...]:
    """Split addresses and networks at their commas."""
    given = tuple(part.strip() for part in text(name, "").split(",") if part.strip())
    for part in given:
        try:
            ip_network(part)
        except ValueError as error:
            raise BadEnvironment(
                f"{name}: {error}. Give addresses and networks, such as 127.0.0.1,10.0.0.0/8."
            ) from None
    return given


class Mail(NamedTuple):
    """How letters are sent, in the words of Django's settings."""

    backend: str = "django.core.mail.backends.console.EmailBackend"
    host: str = ""
    port: int = 0
    user: str = ""
    password: str = ""
    use_ssl: bool = False
    use_tls: bool = False


def mail(name: str, *, is_required: bool = False) -> Mail:
    """Split smtp://user:password@host:port, or smtps:// for TLS from the first byte.

    Without an address letters go to the process's log. A server that takes a password is spoken to over TLS only.
    """
    given = text(name, "")
    if not given and is_required:
        raise BadEnvironment(f"{name} is not set. In production letters need a mail server.")
    if not given:
        return Mail()
    url = urlsplit(given)
    if url.scheme not in {"smtp", "smtps"} or not url.hostname:
        raise BadEnvironment(f"{name} is not of the form smtp://user:password@host:port, or smtps://….")
    is_tls = url.scheme == "smtps"
    return Mail(
        "django.core.mail.backends.smtp.EmailBackend",
        url.hostname,
        url.port or (465 if is_tls else 587),
        unquote(url.username or ""),
        unquote(url.password or ""),
        use_ssl=is_tls,
        use_tls=not is_tls and bool(url.username),
    )


def database(name: str) -> dict[str, Any]:
    """Split postgresql://user:password@host:port/database?sslmode=… into Django's keys."""
    url = urlsplit(text(name))
    if url.scheme not in {"postgres", "postgresql"} or not url.path.strip("/"):
        raise BadEnvironment(f"{name} is not of the form postgresql://user:password@host:port/database.")
    options = servers.said(url.geturl())
    _refuse_unknown(name, options, servers.POSTGRESQL_TLS)
    return {
        "NAME": url.path.strip("/"),
        "USER": unquote(url.username or ""),
        "PASSWORD": unquote(url.password or ""),
        "HOST": url.hostname or "127.0.0.1",
        "PORT": str(url.port or 5432),
        "OPTIONS": options,
    }


def broker(name: str) -> str:
    """Return redis://user:password@host:port, or rediss://… for TLS.

    There the server's certificate is looked at by everybody, unless ssl_cert_reqs says otherwise: kombu would not.
    """
    url = urlsplit(text(name))
    if url.scheme not in {"redis", "rediss"} or not url.hostname:
        raise BadEnvironment(f"{name} is not of the form redis://user:password@host:port, or rediss://….")
    if url.path.strip("/") not in {"", "0"}:
        raise BadEnvironment(f"{name} names another database than 0, the only one that is used.")
    options = servers.said(url.geturl())
    _refuse_unknown(name, options, servers.BROKER_TLS if url.scheme == "rediss" else frozenset())
    if url.scheme == "rediss":
        options = {"ssl_cert_reqs": "required"} | options
    return url._replace(query=urlencode(options, safe="/")).geturl()


def _refuse_unknown(name: str, options: Mapping[str, str], known: AbstractSet[str]) -> None:
    if unknown := sorted(options.keys() - known):
        raise BadEnvironment(
            f"{name} says {', '.join(unknown)}, which means nothing here. "
            f"After the question mark may stand: {', '.join(sorted(known)) or 'nothing'}."
        )
