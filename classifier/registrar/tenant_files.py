"""Reads from an organisation's folder, in which its own workers can put anything, links to other folders included."""

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

# More than any artefact has; the disk is everybody's.
LIMIT_BYTES = 1024**3


class FilesRefused(Exception):
    """A file is missing, too large, or not a plain file."""


@contextmanager
def opened(root: Path, *parts: str) -> Iterator[int]:
    """Open the folder `parts` below `root` without following a link. Raises FilesRefused."""
    descriptor = os.open(root, os.O_RDONLY | os.O_DIRECTORY)
    try:
        for part in parts:
            try:
                inner = os.open(part, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=descriptor)
            except OSError as error:
                raise FilesRefused(f"{'/'.join(parts)} is no folder: {error.strerror}") from error
            os.close(descriptor)
            descriptor = inner
        yield descriptor
    finally:
        os.close(descriptor)


def read(folder: int, name: str, *, limit: int = LIMIT_BYTES) -> bytes:
    """Return the content of a plain file. Raises FilesRefused for anything else, and above `limit` bytes."""
    try:
        # Without O_NONBLOCK a named pipe would keep us waiting.
        descriptor = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=folder)
    except OSError as error:
        raise FilesRefused(f"{name} cannot be read: {error.strerror}") from error
    with os.fdopen(descriptor, "rb") as stream:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise FilesRefused(f"{name} is not a plain file")
        content = stream.read(limit + 1)
    if len(content) > limit:
        raise FilesRefused(f"{name} has more than {limit} bytes")
    return content


def copy(folder: int, target: Path, *, limit: int = LIMIT_BYTES) -> None:
    """Copy the plain files of a flat folder to `target`. Raises FilesRefused when they have more than `limit` bytes."""
    target.mkdir()
    for name in sorted(os.listdir(folder)):
        content = read(folder, name, limit=limit)
        limit -= len(content)
        (target / name).write_bytes(content)
