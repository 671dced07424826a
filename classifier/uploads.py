"""Files that customers send: kept in the organisation's folder under names of our own."""

import hashlib
import json
import time
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tenants import folders, ids, isolation

# A file that was not written to for so long is waited for by nobody.
ABANDONED_SECONDS = 3600


@dataclass(frozen=True)
class Upload:
    """A file on disk that nothing refers to yet. `name` is what the customer called it."""

    path: Path
    name: str
    bytes: int
    sha256: str


def new_path(tenant: str) -> Path:
    """Return a path in the organisation's folder for a file that is about to be written."""
    folder = folders.part(tenant, "uploads")
    sweep(tenant)
    return folder / ids.random_text(20)


def sweep(tenant: str) -> None:
    """Remove what a web process left that died while it received a file."""
    for path in (isolation.directory(tenant) / "uploads").glob("*"):
        # Another request may move its file away, or remove it, at any moment.
        with suppress(FileNotFoundError):
            if time.time() - path.stat().st_mtime > ABANDONED_SECONDS:
                path.unlink()


def write_rows(tenant: str, rows: Iterable[Mapping[str, Any]]) -> Upload:
    """Write rows that came as JSON as the JSONL file they might have been."""
    text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    return write(tenant, text.encode(), name="rows.jsonl")


def write(tenant: str, content: bytes, *, name: str) -> Upload:
    path = new_path(tenant)
    path.write_bytes(content)
    return Upload(path, name, len(content), hashlib.sha256(content).hexdigest())
