"""A model as files: JSON and arrays, nothing that can be executed.

manifest.json   what the model is, where each array stands, and the sha256 of every other file
settings.json   levels, and how many n-grams there are
golden.json     a few inputs, and in golden.npy the probabilities that they had when the model was saved
arrays.bin      the arrays, in the form in which they are computed with

Format 1 had a file *.npy for each array, the n-grams in settings.json, and weights in half precision.
"""

from __future__ import annotations

import hashlib
import json
import os
import platform
from collections.abc import Mapping
from importlib.metadata import version
from io import BufferedReader, BytesIO
from mmap import ACCESS_READ, mmap
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from . import arrays
from .errors import ArtefactDamaged
from .isotonic import Isotonic
from .origin import Origin
from .pool import PARTS, Pool
from .predictor import Predictor, Scorer
from .schema import Schema
from .scope import Scope
from .sentences import NO_ENCODERS, Encoders

FORMAT = 2
READABLE = (1, FORMAT)
MANIFEST, ARRAYS = "manifest.json", "arrays.bin"
TEXTS = ("settings.json", "golden.json")
# JSON takes many times its size in memory, and what is large belongs into the arrays.
TEXT_BYTES = 16 * 1024 * 1024
SCOPE, ISOTONIC = "scope_", "isotonic_"
FORMS: Mapping[str, type[Scorer]] = {**PARTS, Pool.form: Pool}

_LIBRARIES = ("numpy", "scipy", "scikit-learn")
_LIBRARIES_OF_ENCODERS = ("onnxruntime", "tokenizers")
_TOLERANCE = 1e-5
# An encoder computes in 8 bits, which processors of other makes round differently; it has a check of its own.
_TOLERANCE_WITH_ENCODER = 0.02


def save(model: Predictor, directory: Path, *, origin: Origin | None = None) -> str:
    """Write a model into a new or empty directory; returns its manifest's sha256, which covers every file.

    The manifest names the `origin`, where it is known. Raises FileExistsError when there is something in the directory.
    """
    directory.mkdir(parents=True, exist_ok=True)
    if any(directory.iterdir()):
        raise FileExistsError(f"{directory} is not empty; save a model into a directory of its own.")
    settings, packed = model.scorer.pack()
    scope, of_scope = model.scope.pack() if model.scope else (None, {})
    of_isotonic = model.isotonic.pack() if model.isotonic else {}
    content, places = arrays.join(packed | arrays.named(SCOPE, of_scope) | arrays.named(ISOTONIC, of_isotonic))
    files = {
        "settings.json": _json(settings),
        "golden.json": _json(model.golden),
        "golden.npy": _npy(model.probabilities(model.golden)),
        ARRAYS: content,
    }
    manifest = _json(
        {
            "format": FORMAT,
            "form": model.scorer.form,
            "schema": model.schema.to_json(),
            "labels": model.labels,
            "temperature": model.temperature,
            "encoders": list(model.scorer.encoders),
            "scope": scope,
            "arrays": places,
            "origin": origin,
            "versions": _versions(with_encoder=bool(model.scorer.encoders)),
            "files": {name: _sha256(content) for name, content in sorted(files.items())},
        }
    )
    for name, content in files.items():
        (directory / name).write_bytes(content)
    (directory / MANIFEST).write_bytes(manifest)
    return _sha256(manifest)


def load(directory: Path, encoders: Encoders = NO_ENCODERS, *, sha256: str | None = None) -> Predictor:
    """The model in a directory, with its sentence encoder if it has one; with `sha256`, only if its manifest has that
    hash.

    Its arrays stay in their file, mapped into memory, so that the processes that serve a model share one copy.
    Raises ArtefactDamaged when a byte differs, a file is missing or there is one too many, or when the golden
    inputs get other probabilities than when the model was saved (by more than 1e-5, as a change of libraries
    could cause; with an encoder by more than 0.02). Raises EncoderMissing where the encoder is not there.
    """
    manifest = _manifest(directory, sha256)
    try:
        texts, found = _contents(directory, manifest)
        model = _model(manifest, texts, found, encoders)
        golden = found["golden"]
        answers = model.probabilities(model.golden)
        tolerance = _TOLERANCE_WITH_ENCODER if model.scorer.encoders else _TOLERANCE
        same = answers.shape == golden.shape and bool(np.allclose(answers, golden, rtol=0, atol=tolerance))
    except (KeyError, ValueError, TypeError, IndexError, AttributeError, OverflowError) as error:
        raise ArtefactDamaged(f"{directory} does not hold a model in format {FORMAT}: {error!r}.") from error
    if not same:
        made_with = manifest.get("versions")
        raise ArtefactDamaged(
            f"The model in {directory} no longer gives the answers it was saved with ({made_with}); "
            "train it again, or go back to those library versions."
        )
    return model


def _model(
    manifest: Mapping[str, Any], texts: Mapping[str, bytes], found: dict[str, NDArray[Any]], encoders: Encoders
) -> Predictor:
    schema = Schema.from_json(manifest["schema"])
    scorer = FORMS[manifest["form"]].unpack(schema, json.loads(texts["settings.json"]), found, encoders)
    golden = tuple(json.loads(texts["golden.json"]))
    # A model that was saved before there were scopes has none.
    settings = manifest.get("scope")
    scope = Scope.unpack(settings, arrays.within(SCOPE, found)) if settings else None
    of_isotonic = arrays.within(ISOTONIC, found)
    return Predictor(
        schema=schema,
        labels=tuple(manifest["labels"]),
        temperature=float(manifest["temperature"]),
        scorer=scorer,
        golden=golden,
        scope=scope,
        isotonic=Isotonic.unpack(of_isotonic) if of_isotonic else None,
    )


def _versions(*, with_encoder: bool) -> dict[str, str]:
    """Of what the numbers were computed with."""
    names = (*_LIBRARIES, *(_LIBRARIES_OF_ENCODERS if with_encoder else ()))
    return {"python": platform.python_version()} | {name: version(name) for name in names}


def _manifest(directory: Path, sha256: str | None) -> dict[str, Any]:
    """The manifest, if it is in a format that can be read and names the files that are there."""
    path = directory / MANIFEST
    _check_length(path)
    content = _read(path) if sha256 is None else _unchanged(path, sha256)
    try:
        manifest: dict[str, Any] = json.loads(content)
        form, named = manifest["format"], set(manifest["files"])
    except (ValueError, KeyError, TypeError) as error:
        raise ArtefactDamaged(f"{directory / MANIFEST} is not the manifest of a model.") from error
    if form not in READABLE:
        raise ArtefactDamaged(f"{directory} is in format {form!r}, and this version reads {FORMAT}; upgrade.")
    found = {path.name for path in directory.iterdir()} - {MANIFEST}
    if found != named:
        names = ", ".join(sorted(found ^ named))
        raise ArtefactDamaged(f"{directory} lacks files or has some too many: {names}.")
    return manifest


def _contents(directory: Path, manifest: Mapping[str, Any]) -> tuple[dict[str, bytes], dict[str, NDArray[Any]]]:
    """The texts by their names, and the arrays by theirs. Every file is compared with its hash."""
    texts: dict[str, bytes] = {}
    found: dict[str, NDArray[Any]] = {}
    for name, sha256 in manifest["files"].items():
        if name == ARRAYS:
            found |= arrays.split(_mapped(directory / name, sha256), manifest["arrays"])
        elif name.endswith(".npy"):
            content = BytesIO(_unchanged(directory / name, sha256))
            found[name.removesuffix(".npy")] = np.load(content, allow_pickle=False)
        elif name in TEXTS:
            _check_length(directory / name)
            texts[name] = _unchanged(directory / name, sha256)
        else:
            raise ValueError(f"{name} is no part of a model")
    return texts, found


def _check_length(path: Path) -> None:
    with _opened(path) as file:
        length = os.fstat(file.fileno()).st_size
    if length > TEXT_BYTES:
        raise ArtefactDamaged(f"{path} has {length:,} bytes, and may have {TEXT_BYTES:,}; make the model smaller.")


def _read(path: Path) -> bytes:
    with _opened(path) as file:
        return file.read()


def _unchanged(path: Path, sha256: str) -> bytes:
    content = _read(path)
    if _sha256(content) != sha256:
        raise _changed(path)
    return content


def _mapped(path: Path, sha256: str) -> mmap:
    """The file that was hashed is the one that is mapped, whatever its name leads to by then.

    Hashing reads past the map, so that of a large model only what answers touch becomes memory.
    """
    with _opened(path) as file:
        if hashlib.file_digest(file, "sha256").hexdigest() != sha256:
            raise _changed(path)
        return mmap(file.fileno(), 0, access=ACCESS_READ)


def _opened(path: Path) -> BufferedReader:
    """A regular file. A link could lead out of the directory, so it is refused."""
    if path.is_symlink() or not path.is_file():
        raise ArtefactDamaged(f"{path} is missing; restore it from a backup, or train the model again.")
    return path.open("rb")


def _changed(path: Path) -> ArtefactDamaged:
    return ArtefactDamaged(f"{path} has changed since it was saved; restore it from a backup.")


def _json(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, allow_nan=False, indent=1).encode("utf-8", "surrogatepass")


def _npy(array: NDArray[Any]) -> bytes:
    buffer = BytesIO()
    np.save(buffer, array, allow_pickle=False)
    return buffer.getvalue()


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
