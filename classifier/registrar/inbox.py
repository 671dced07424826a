"""Lays what an outside pipeline registered into the organisation's folder, where its worker looks at it.

Nothing of it is loaded or run here: who can write to MLflow's store may have put anything there. A version's files come
from the organisation's own part of the store and from nowhere else, whatever MLflow's tables say of them.
"""

from pathlib import Path
from urllib.parse import unquote, urlsplit

import msgspec

from classifier.registrar import tenant_files
from classifier.registrar.holdings import Registered
from classifier.registrar.tenant_files import FilesRefused

FOLDER, REQUEST, FILES = "inbox", "request.json", "served"
_MANIFEST = "manifest.json"
# Where MLflow's pyfunc keeps the folder that it was given.
_PYFUNC = "data"


def deliver(data: Path, tenant: str, job_id: str, *, model: str, number: int, version: Registered | None) -> None:
    """Write the request of the job, with the version's files, or with the reason why they cannot be had.

    Raises FilesRefused where the organisation's folder cannot take it.
    """
    with (
        tenant_files.opened(data / "tenants", tenant) as own,
        tenant_files.made(own, FOLDER, job_id) as folder,
    ):
        problem = None
        try:
            # Of a version that bears our tag, the worker has the files itself.
            if version is None or version.version_id is None:
                with tenant_files.made(folder, FILES) as target:
                    _fetch(data / "mlflow", tenant, version, target)
        except FilesRefused as error:
            problem = f"Its files cannot be used: {error}."
        request = {
            "model": model,
            "number": number,
            "version_id": version.version_id if version else None,
            "sha256": version.sha256 if version else None,
            "problem": problem,
        }
        tenant_files.write(folder, REQUEST, msgspec.json.encode(request))


def _fetch(store: Path, tenant: str, version: Registered | None, target: int) -> None:
    if version is None:
        raise FilesRefused("MLflow has no such version")
    parts = _place(store, tenant, version.location)
    if _MANIFEST not in _names(store, parts):
        inner = _names(store, (*parts, _PYFUNC))
        if len(inner) != 1:
            raise FilesRefused(f"{_PYFUNC} is to hold the model's folder, and nothing else")
        parts = (*parts, _PYFUNC, inner[0])
    with tenant_files.opened(store, *parts) as folder:
        tenant_files.transfer(folder, target)


def _names(store: Path, parts: tuple[str, ...]) -> list[str]:
    with tenant_files.opened(store, *parts) as folder:
        return tenant_files.names(folder)


def _place(store: Path, tenant: str, location: str) -> tuple[str, ...]:
    """Return the parts of the location below the store. Raises FilesRefused unless they are the organisation's."""
    parsed = urlsplit(location)
    if parsed.scheme not in ("", "file") or parsed.netloc not in ("", "localhost"):
        raise FilesRefused("they are not in the store that Assort reads")
    path = unquote(parsed.path) if parsed.scheme else location
    if "\0" in path or ".." in path.split("/") or not Path(path).is_relative_to(store / tenant):
        raise FilesRefused("they are not in the organisation's part of the store; log to the experiment of its id")
    return Path(path).relative_to(store).parts
