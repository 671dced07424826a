"""Files that customers send: kept in the organisation's folder under names of our own."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tenants import ids, isolation


@dataclass(frozen=True)
class Upload:
    """A file on disk that nothing refers to yet. `name` is what the customer called it."""

    path: Path
    name: str
    bytes: int
    sha256: str


def new_path(tenant: str) -> Path:
    """Return a path in the organisation's folder for a file that is about to be written."""
    folder = isolation.directory(tenant) / "uploads"
    folder.mkdir(mode=0o700, exist_ok=True)
    return folder / ids.random_text(20)


def write_rows(tenant: str, rows: Iterable[Mapping[str, Any]]) -> Upload:
    """Write rows that came as JSON as the JSONL file they might have been."""
    text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows).encode()
    path = new_path(tenant)
    path.write_bytes(text)
    return Upload(path, "rows.jsonl", len(text), hashlib.sha256(text).hexdigest())
