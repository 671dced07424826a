"""Identifiers: a prefix that says what they name, then random characters that say nothing."""

import os
import secrets
import string
import threading
from functools import cache

ALPHABET = string.ascii_lowercase + string.digits
TENANT_LENGTH = 16
# Randomness is asked of the kernel in pieces of so many bytes: a question for each name is most of what a name costs.
PIECE = 4096

_drawn: dict[str, bytes] = {}
_lock = threading.Lock()


def random_text(length: int, alphabet: str = ALPHABET) -> str:
    """Return characters that nobody can guess, each equally likely. `alphabet` has at most 128 of them, in ASCII."""
    letters, surplus = _table(alphabet)
    with _lock:
        text = _drawn.get(alphabet, b"")
        while len(text) < length:
            # The bytes that would make some characters likelier than others are left out.
            text += secrets.token_bytes(PIECE).translate(letters, surplus)
        _drawn[alphabet] = text[length:]
    return text[:length].decode()


def _start_anew() -> None:
    """Draw anew in a forked child, which would give out the same names as its parent."""
    global _lock  # noqa: PLW0603  # Another thread of the parent may have held it.
    _lock = threading.Lock()
    _drawn.clear()


os.register_at_fork(after_in_child=_start_anew)


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
