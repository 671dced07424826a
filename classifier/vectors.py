"""The vectors of a data set's texts, kept in the organisation's folder: each text is read by an encoder once.

Only the organisation's own workers write there, and a file that is damaged or not of this form is made anew. It goes
with its data set.
"""

import logging
import zipfile
import zlib
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from classifier.ml.sentences import NOTHING, Known, Remembered
from tenants import folders, ids, isolation, logs

log = logging.getLogger(__name__)

FOLDER = "vectors"
_PREFIX = 16


def load(tenant: str, dataset_ids: Iterable[str], *, sha256: str, width: int) -> Known:
    """Return vectors of the encoder with this hash, of the first of the data sets of which there are any."""
    for dataset_id in dataset_ids:
        path = file_of(tenant, dataset_id, sha256)
        if path.is_file() and not path.is_symlink() and (known := _read(path, sha256, width)):
            return known
    return NOTHING


def keep(tenant: str, dataset_id: str, read: Remembered) -> None:
    """Keep what a training has read, in the place of what was kept before."""
    path = folders.part(tenant, FOLDER) / file_of(tenant, dataset_id, read.sha256).name
    draft = path.with_name(f".{ids.random_text(12)}")
    try:
        with draft.open("wb") as file:
            np.savez(file, encoder=np.array(read.sha256), hashes=read.hashes, vectors=read.vectors)
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)


def drop(tenant: str, dataset_id: str) -> None:
    for path in _folder(tenant).glob(f"{dataset_id}-*.npz"):
        path.unlink(missing_ok=True)


def file_of(tenant: str, dataset_id: str, sha256: str) -> Path:
    return _folder(tenant) / f"{dataset_id}-{sha256[:_PREFIX]}.npz"


def _folder(tenant: str) -> Path:
    return isolation.directory(tenant) / FOLDER


def _read(path: Path, sha256: str, width: int) -> Known:
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as found:
            encoder, hashes, vectors = str(found["encoder"]), found["hashes"], found["vectors"]
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile, zlib.error, AttributeError) as error:
        log.warning("%s cannot be read and is made anew: %s", path, logs.words(error))
        return NOTHING
    is_ours = (
        (encoder, hashes.dtype, vectors.dtype) == (sha256, np.uint64, np.float16)
        and hashes.ndim == 1
        and vectors.shape == (len(hashes), width)
        and bool(np.isfinite(vectors).all())
    )
    if not is_ours:
        log.warning("%s is not of this encoder and is made anew", path)
        return NOTHING
    return dict(zip(hashes.tolist(), vectors, strict=True))
