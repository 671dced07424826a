"""Where an installation keeps its sentence encoders: a folder that every worker may read and none may write.

In it each encoder has a folder that is named by its hash, and the link `default` leads to the one that trainings use:
the fork server, which has no database, finds it there.
"""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from classifier.ml import sentences
from classifier.ml.errors import MlError
from classifier.ml.sentences import Library
from tenants import ids, isolation

# No shared model can have this name, since theirs begin with a letter or a digit.
FOLDER = "_encoders"
DEFAULT = "default"


def library() -> Library:
    return library_in(_folder())


@cache
def library_in(folder: Path) -> Library:
    return Library(folder)


def default() -> str | None:
    """Return the hash of the encoder to which the link leads."""
    try:
        return os.readlink(_folder() / DEFAULT)
    except FileNotFoundError:
        return None


def point_to(sha256: str | None) -> None:
    """Let the link lead to the encoder with this hash, or take it away."""
    link = _folder() / DEFAULT
    if sha256 is None:
        link.unlink(missing_ok=True)
    elif sha256 != default():
        draft = link.with_name(f".{ids.random_text(12)}")
        draft.symlink_to(sha256)
        draft.replace(link)


def holds(sha256: str) -> bool:
    """Whether the encoder is here, byte for byte."""
    try:
        sentences.load(_folder() / sha256, sha256=sha256)
    except MlError:
        return False
    return True


@contextmanager
def drafted() -> Iterator[Path]:
    """Give the block a folder in which to make an encoder; where it was not placed, it is removed."""
    draft = _folder() / f".{ids.random_text(12)}"
    draft.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
    try:
        yield draft
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def place(draft: Path, sha256: str) -> None:
    """Put a made encoder where models find it; one that is there and whole stays, for it may be in use."""
    if holds(sha256):
        return
    target = _folder() / sha256
    shutil.rmtree(target, ignore_errors=True)
    draft.chmod(0o755)
    draft.rename(target)


def _folder() -> Path:
    return isolation.shared_directory() / FOLDER
