"""What the tests about the repository itself read: the files that belong to it."""

import ast
import os
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from saas.instance import ROOT

PACKAGES = ("saas", "tenants", "classifier", "frontend")
# Folders that begin with a dot hold what tools and runs leave, but for these.
HIDDEN_BUT_KEPT = {".ci", ".github"}
NOT_OURS = {"node_modules", "__pycache__", "build", "dist"}


@cache
def files() -> tuple[Path, ...]:
    """Return every file that is ours, relative to the root."""
    return tuple(sorted(_walk()))


def folders() -> set[str]:
    """Return the top-level folders that are ours."""
    return {path.parts[0] for path in files() if len(path.parts) > 1}


def modules(*packages: str) -> tuple[Path, ...]:
    """Return the Python files of these packages, without migrations."""
    chosen = (path for path in files() if path.suffix == ".py" and path.parts[0] in packages)
    return tuple(path for path in chosen if "migrations" not in path.parts)


def read(path: Path) -> str:
    return (ROOT / path).read_text(encoding="utf-8")


def parsed(path: Path) -> ast.Module:
    return ast.parse(read(path), filename=str(path))


def _walk() -> Iterator[Path]:
    for folder, inner, names in os.walk(ROOT):
        inner[:] = [name for name in inner if _is_ours(name)]
        yield from (Path(folder, name).relative_to(ROOT) for name in names)


def _is_ours(name: str) -> bool:
    return name not in NOT_OURS and (not name.startswith(".") or name in HIDDEN_BUT_KEPT) and "egg-info" not in name
