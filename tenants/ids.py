"""Identifiers: a prefix that says what they name, then random characters that say nothing."""

import secrets
import string
from functools import cache

ALPHABET = string.ascii_lowercase + string.digits
TENANT_LENGTH = 16


def random_text(length: int, alphabet: str = ALPHABET) -> str:
    """Return characters that nobody can guess, each equally likely. `alphabet` has at most 128 of them, in ASCII."""
    letters, surplus = _table(alphabet)
    text = b""
    while len(text) < length:
        # The bytes that would make some characters likelier than others are left out.
        text += secrets.token_bytes(2 * length).translate(letters, surplus)
    return text[:length].decode()


@cache
def _table(alphabet: str) -> tuple[bytes, bytes]:
    """Return which character each byte stands for, and the bytes that stand for none."""
    even = 256 - 256 % len(alphabet)
    letters = bytes(ord(alphabet[byte % len(alphabet)]) for byte in range(256))
    return letters, bytes(range(even, 256))


def new(prefix: str) -> str:
    """Return for instance `ds_` and 20 random characters (103 bits)."""
    return f"{prefix}_{random_text(20)}"


def new_tenant() -> str:
    """Return the 16 characters from which an organisation's schema, roles, keys and folder are named."""
    return random_text(TENANT_LENGTH)
