"""A model as files: JSON and arrays, nothing that can be executed.

manifest.json   what the model is, and the sha256 of every other file
settings.json   vocabularies and levels
golden.json     a few inputs, and in golden.npy the probabilities that they had when the model was saved
*.npy           the arrays
"""

from __future__ import annotations

import hashlib
import json
import platform
from collections.abc import Mapping
from importlib.metadata import version
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .errors import ArtefactDamaged
from .predictor import Predictor, Scorer
from .schema import Schema
from .table_forest import TableForest
from .table_linear import TableLinear
from .text_linear import TextLinear
from .text_sum import TextSum

FORMAT = 1
MANIFEST = "manifest.json"
FORMS: Mapping[str, type[Scorer]] = {form.form: form for form in (TextLinear, TextSum, TableLinear, TableForest)}

_LIBRARIES = ("numpy", "scipy", "scikit-learn")
_TOLERANCE = 1e-5


def save(model: Predictor, directory: Path) -> str:
    """Write a model into a new or empty directory; returns its manifest's sha256, which covers every file.

    Raises FileExistsError when there is something in the directory.
    """
    directory.mkdir(parents=True, exist_ok=True)
    if any(directory.iterdir()):
        raise FileExistsError(f"{directory} is not empty; save a model into a directory of its own.")
    settings, arrays = model.scorer.pack()
    files = {
        "settings.json": _json(settings),
        "golden.json": _json(model.golden),
        "golden.npy": _npy(model.probabilities(model.golden)),
        **{f"{name}.npy": _npy(array) for name, array in arrays.items()},
    }
    manifest = _json(
        {
            "format": FORMAT,
            "form": model.scorer.form,
            "schema": model.schema.to_json(),
            "labels": model.labels,
            "temperature": model.temperature,
            "versions": {"python": platform.python_version(), **{name: version(name) for name in _LIBRARIES}},
            "files": {name: _sha256(content) for name, content in sorted(files.items())},
        }
    )
    for name, content in files.items():
        (directory / name).write_bytes(content)
    (directory / MANIFEST).write_bytes(manifest)
    return _sha256(manifest)


def load(directory: Path, *, sha256: str | None = None) -> Predictor:
    """The model in a directory; with `sha256`, only if its manifest has that hash.

    Raises ArtefactDamaged when a byte differs, a file is missing or there is one too many, or when the golden
    inputs get other probabilities than when the model was saved (by more than 1e-5, as a change of libraries
    could cause).
    """
    manifest, files = _read(directory, sha256)
    try:
        model = _model(manifest, files)
        golden = _array(files["golden.npy"])
        answers = model.probabilities(model.golden)
        same = answers.shape == golden.shape and bool(np.allclose(answers, golden, rtol=0, atol=_TOLERANCE))
    except (KeyError, ValueError, TypeError, IndexError, AttributeError) as error:
        raise ArtefactDamaged(f"{directory} does not hold a model in format {FORMAT}: {error!r}.") from error
    if not same:
        made_with = manifest.get("versions")
        raise ArtefactDamaged(
            f"The model in {directory} no longer gives the answers it was saved with ({made_with}); "
            "train it again, or go back to those library versions."
        )
    return model


def _model(manifest: Mapping[str, Any], files: Mapping[str, bytes]) -> Predictor:
    schema = Schema.from_json(manifest["schema"])
    arrays = {name.removesuffix(".npy"): _array(content) for name, content in files.items() if name.endswith(".npy")}
    scorer = FORMS[manifest["form"]].unpack(schema, json.loads(files["settings.json"]), arrays)
    golden = tuple(json.loads(files["golden.json"]))
    return Predictor(schema, tuple(manifest["labels"]), float(manifest["temperature"]), scorer, golden)


def _read(directory: Path, sha256: str | None) -> tuple[dict[str, Any], dict[str, bytes]]:
    """The manifest and the content of the files it names, each read once and compared with its hash."""
    content = _bytes(directory / MANIFEST)
    if sha256 is not None and _sha256(content) != sha256:
        raise ArtefactDamaged(f"{directory / MANIFEST} has changed since it was recorded; restore it from a backup.")
    try:
        manifest = json.loads(content)
        form, hashes = manifest["format"], dict(manifest["files"])
    except (ValueError, KeyError, TypeError) as error:
        raise ArtefactDamaged(f"{directory / MANIFEST} is not the manifest of a model.") from error
    if form != FORMAT:
        raise ArtefactDamaged(f"{directory} is in format {form!r}, and this version reads {FORMAT}; upgrade.")
    found = {path.name for path in directory.iterdir()} - {MANIFEST}
    if found != set(hashes):
        names = ", ".join(sorted(found ^ set(hashes)))
        raise ArtefactDamaged(f"{directory} lacks files or has some too many: {names}.")
    files = {name: _bytes(directory / name) for name in hashes}
    for name, file in files.items():
        if _sha256(file) != hashes[name]:
            raise ArtefactDamaged(f"{directory / name} has changed since it was saved; restore it from a backup.")
    return manifest, files


def _bytes(path: Path) -> bytes:
    """A regular file's content. A link could lead out of the directory, so it is refused."""
    if path.is_symlink() or not path.is_file():
        raise ArtefactDamaged(f"{path} is missing; restore it from a backup, or train the model again.")
    return path.read_bytes()


def _json(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, allow_nan=False, indent=1).encode("utf-8", "surrogatepass")


def _npy(array: NDArray[Any]) -> bytes:
    buffer = BytesIO()
    np.save(buffer, array, allow_pickle=False)
    return buffer.getvalue()


def _array(content: bytes) -> NDArray[Any]:
    array: NDArray[Any] = np.load(BytesIO(content), allow_pickle=False)
    return array


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
