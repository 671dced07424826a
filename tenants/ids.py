"""Identifiers: a prefix that says what they name, then random characters that say nothing."""

import secrets
import string

ALPHABET = string.ascii_lowercase + string.digits
TENANT_LENGTH = 16


def random_text(length: int, alphabet: str = ALPHABET) -> str:
    return "".join(secrets.choice(alphabet) for _ in range(length))


def new(prefix: str) -> str:
    """Return for instance `ds_` and 20 random characters (103 bits)."""
    return f"{prefix}_{random_text(20)}"


def new_tenant() -> str:
    """Return the 16 characters from which an organisation's schema, roles, keys and folder are named."""
    return random_text(TENANT_LENGTH)
