"""Where an installation keeps its sentence encoders: a folder that every worker may read and none may write."""

from functools import cache
from pathlib import Path

from classifier.ml.sentences import Library
from tenants import isolation

# No shared model can have this name, since theirs begin with a letter or a digit.
FOLDER = "_encoders"


def library() -> Library:
    return _library(isolation.shared_directory() / FOLDER)


@cache
def _library(folder: Path) -> Library:
    return Library(folder)
