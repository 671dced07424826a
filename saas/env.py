"""Reads settings from the environment, and refuses values that cannot be meant."""

import os
from urllib.parse import unquote, urlsplit


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


def database(name: str) -> dict[str, object]:
    """Split postgresql://user:password@host:port/database into Django's keys."""
    url = urlsplit(text(name))
    if url.scheme not in {"postgres", "postgresql"} or not url.path.strip("/"):
        raise BadEnvironment(f"{name} is not of the form postgresql://user:password@host:port/database.")
    return {
        "NAME": url.path.strip("/"),
        "USER": unquote(url.username or ""),
        "PASSWORD": unquote(url.password or ""),
        "HOST": url.hostname or "127.0.0.1",
        "PORT": str(url.port or 5432),
    }
