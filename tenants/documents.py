"""JSON that somebody has sent: what is small on its way may become large in memory, a hundred bytes from three."""

import re

from tenants.errors import TooLarge

# A thousand columns for each of the inputs of a request, and some more.
MOST_VALUES = 300_000
# A text, or the beginning of one that has no end: nothing of it is looked at twice.
_TEXT = re.compile(rb'"(?:[^"\\]|\\.)*+"?', re.DOTALL)


def check_size(body: bytes) -> None:
    """Raise TooLarge for a document with so many values that to read it would take too much memory."""
    if _most_values(body) > MOST_VALUES and _most_values(_TEXT.sub(b"", body)) > MOST_VALUES:
        raise TooLarge(f"The body has more than {MOST_VALUES:,} values. Send less in each request, or rows as a file.")


def _most_values(text: bytes) -> int:
    """Each value but the first follows one of these."""
    return text.count(b",") + text.count(b"[") + text.count(b"{")
