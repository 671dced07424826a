"""Reads and writes folders in which somebody else can put anything, links to other folders included.

They are an organisation's own, where its workers write, and its part of MLflow's store, where outside pipelines do.
"""

import os
import re
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import islice
from pathlib import Path

# More than any artefact has; the disk is everybody's.
LIMIT_BYTES = 1024**3
LIMIT_FILES = 100
_NAME = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9_.-]{0,99}")
_CHUNK = 1024**2


class FilesRefused(Exception):
    """A file is missing, too large, or not a plain file."""


@contextmanager
def opened(root: Path, *parts: str) -> Iterator[int]:
    """Open the folder `parts` below `root` without following a link. Raises FilesRefused."""
    descriptor = os.open(root, os.O_RDONLY | os.O_DIRECTORY)
    try:
        for part in parts:
            descriptor = _into(descriptor, part, parts)
        yield descriptor
    finally:
        os.close(descriptor)


@contextmanager
def made(folder: int, *parts: str) -> Iterator[int]:
    """Open the folder `parts` below an open one, and make what is missing of it. Raises FilesRefused."""
    descriptor = os.dup(folder)
    try:
        for part in parts:
            with suppress(FileExistsError):
                os.mkdir(part, 0o700, dir_fd=descriptor)
                _give(part, descriptor)
            descriptor = _into(descriptor, part, parts)
        yield descriptor
    finally:
        os.close(descriptor)


def names(folder: int, *, limit: int = LIMIT_FILES) -> list[str]:
    """Return the names of all that is in a folder. Raises FilesRefused for more than `limit`, and for odd names."""
    with os.scandir(folder) as entries:
        found = sorted(entry.name for entry in islice(entries, limit + 1))
    if len(found) > limit:
        raise FilesRefused(f"there are more than {limit} files in one folder")
    if odd := next((name for name in found if not _NAME.fullmatch(name)), None):
        raise FilesRefused(f"{odd[:80]!a} is no name for a file of a model")
    return found


def read(folder: int, name: str, *, limit: int = LIMIT_BYTES) -> bytes:
    """Return the content of a plain file. Raises FilesRefused for anything else, and above `limit` bytes."""
    with os.fdopen(_plain(folder, name), "rb") as stream:
        content = stream.read(limit + 1)
    if len(content) > limit:
        raise FilesRefused(f"{name} has more than {limit} bytes")
    return content


def write(folder: int, name: str, content: bytes) -> None:
    """Write a new file. Raises FilesRefused where there is something of that name."""
    with os.fdopen(_new(folder, name), "wb") as stream:
        stream.write(content)


def copy(folder: int, target: Path, *, limit: int = LIMIT_BYTES) -> None:
    """Copy the plain files of a flat folder to `target`. Raises FilesRefused when they have more than `limit` bytes."""
    target.mkdir()
    for name in sorted(os.listdir(folder)):
        content = read(folder, name, limit=limit)
        limit -= len(content)
        (target / name).write_bytes(content)


def transfer(source: int, target: int, *, limit: int = LIMIT_BYTES) -> None:
    """Copy the plain files of a flat folder into an open one. Raises FilesRefused for more than `limit` bytes."""
    for name in names(source):
        with os.fdopen(_plain(source, name), "rb") as given, os.fdopen(_new(target, name), "wb") as stream:
            while chunk := given.read(_CHUNK):
                limit -= len(chunk)
                if limit < 0:
                    raise FilesRefused("the files have more bytes than a model may have")
                stream.write(chunk)


def _into(descriptor: int, part: str, parts: tuple[str, ...]) -> int:
    """Return the folder `part` of an open one, which is closed."""
    try:
        inner = os.open(part, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=descriptor)
    except OSError as error:
        raise FilesRefused(f"{'/'.join(parts)} is no folder: {error.strerror}") from error
    os.close(descriptor)
    return inner


def _plain(folder: int, name: str) -> int:
    try:
        # Without O_NONBLOCK a named pipe would keep us waiting.
        descriptor = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=folder)
    except OSError as error:
        raise FilesRefused(f"{name} cannot be read: {error.strerror}") from error
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise FilesRefused(f"{name} is not a plain file")
    return descriptor


def _new(folder: int, name: str) -> int:
    try:
        descriptor = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600, dir_fd=folder)
    except OSError as error:
        raise FilesRefused(f"{name} cannot be written: {error.strerror}") from error
    _give(name, folder)
    return descriptor


def _give(name: str, folder: int) -> None:
    """Let what was made in an open folder belong to whom the folder belongs, who is to use it."""
    owner = os.fstat(folder)
    if owner.st_uid != os.geteuid():
        os.chown(name, owner.st_uid, owner.st_gid, dir_fd=folder, follow_symlinks=False)
