"""The directory of an instance, and small files in it that are always whole."""

import json
import os
from pathlib import Path
from typing import Any


class DirectoryError(Exception):
    """The directory cannot be used; the message says what to do."""


def make(data: Path) -> None:
    try:
        data.mkdir(parents=True, exist_ok=True)
        owner = data.stat().st_uid
        if owner == os.geteuid():
            data.chmod(_mode())
        elif any(data.iterdir()):
            raise DirectoryError(
                f"{data} belongs to user {owner}. Run ./assort as that user, or choose another --data."
            )
        for name in ("logs", "run", "mlflow"):
            (data / name).mkdir(mode=0o700, exist_ok=True)
        (data / "tenants").mkdir(mode=0o700, exist_ok=True)
        (data / "tenants").chmod(_mode())
    except OSError as error:
        raise DirectoryError(f"{data} cannot be used ({error.strerror}). Choose another --data.") from error


def _mode() -> int:
    """Return the mode of a folder that nobody may list; where root has it, organisations' own users pass through."""
    return 0o711 if os.geteuid() == 0 else 0o700


def load(path: Path) -> dict[str, Any]:
    return dict(json.loads(path.read_text())) if path.exists() else {}


def write(path: Path, values: object, *, replace: bool = True) -> None:
    """Write values that `load` returns. Without `replace` the first writer wins."""
    put(path, json.dumps(values), replace=replace)


def put(path: Path, text: str, *, replace: bool = True) -> None:
    """Write in one step, so that nobody ever reads half a file, and nobody who is killed leaves one."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as stream:
        stream.write(text)
        stream.flush()
        os.fsync(stream.fileno())
    if replace:
        draft.replace(path)
        return
    try:
        os.link(draft, path)
    except FileExistsError:
        return
    finally:
        draft.unlink()
