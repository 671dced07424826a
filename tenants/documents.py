"""JSON that somebody has sent: what is small on its way may become large in memory, a hundred bytes from three."""

from collections.abc import Iterator

from tenants.errors import TooLarge

# A thousand columns for each of the inputs of a request, and some more.
MOST_VALUES = 300_000
PIECE = 64 * 1024


def check_size(body: bytes) -> None:
    """Raise TooLarge for a document with so many values that to read it would take too much memory."""
    if _values(body) <= MOST_VALUES:
        return
    count = 0
    for piece in _outside_of_texts(body):
        count += _values(piece)
        if count > MOST_VALUES:
            detail = f"The body has more than {MOST_VALUES:,} values. Send less in each request, or rows as a file."
            raise TooLarge(detail)


def _values(text: bytes) -> int:
    """Each value but the first follows one of these."""
    return text.count(b",") + text.count(b"[") + text.count(b"{")


def _outside_of_texts(body: bytes) -> Iterator[bytes]:
    """Yield what stands between the texts, a piece at a time: all of it would take the memory that is to be saved."""
    plain = body.replace(b"\\\\", b"").replace(b'\\"', b"")
    is_text = 0
    for start in range(0, len(plain), PIECE):
        parts = plain[start : start + PIECE].split(b'"')
        yield b"".join(parts[is_text::2])
        is_text = (is_text + len(parts) - 1) % 2
