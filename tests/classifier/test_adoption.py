"""What somebody else says is a model is not believed: it is data that is checked, and none of it is run."""

import hashlib
import json
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from classifier import adoption
from classifier.adoption import Refused
from classifier.ml import artefact
from classifier.ml.isotonic import Isotonic
from classifier.ml.predictor import Predictor
from tests.classifier import recorded


@pytest.fixture
def predictor() -> Predictor:
    return recorded.trained("text").served


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "served"


def forged(folder: Path, name: str, content: bytes) -> None:
    """Replace a file of the artefact, with the hash in the manifest that goes with it."""
    (folder / name).write_bytes(content)
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest["files"][name] = hashlib.sha256(content).hexdigest()
    (folder / "manifest.json").write_text(json.dumps(manifest))


def test_a_model_in_our_format_is_loaded_with_its_hash(predictor: Predictor, folder: Path) -> None:
    sha256 = artefact.save(predictor, folder)
    loaded = adoption.load(folder, sha256=sha256)
    assert (loaded.sha256, loaded.predictor.labels) == (sha256, predictor.labels)
    assert adoption.load(folder, sha256=None).sha256 == sha256


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"labels": ("a", "b", "c")}, "It has not one probability for each of its labels."),
        ({"labels": ("a", "a")}, "Its labels are to be two or more different texts"),
        ({"labels": ("a", "b" * 501)}, "Its labels are to be two or more different texts"),
        ({"labels": ("a", "\0")}, "Its labels are to be two or more different texts"),
        ({"labels": ("a", "\ud800")}, "Its labels are to be two or more different texts"),
        ({"labels": ("a", 1)}, "Its labels are to be two or more different texts"),
        ({"golden": ()}, "It has no golden rows to check it with."),
        ({"golden": ("",)}, "It is not a model in our format."),
        ({"temperature": -1.0}, "Its temperature is to be a number above 0."),
        ({"isotonic": Isotonic(np.array([0.1, 0.9]), np.array([0.9, 0.1]))}, "Its isotonic steps are to rise"),
        ({"isotonic": Isotonic(np.array([0.1, 0.9]), np.array([0.1, 1.9]))}, "Its isotonic steps are to rise"),
    ],
)
def test_a_model_whose_parts_do_not_fit_is_refused(
    predictor: Predictor, folder: Path, changed: dict[str, Any], why: str
) -> None:
    artefact.save(replace(predictor, **changed), folder)
    with pytest.raises(Refused) as refused:
        adoption.load(folder, sha256=None)
    assert str(refused.value).startswith(why)


@pytest.mark.parametrize("changed", [{"name": 7}, {"type": ["text"]}])
def test_a_column_without_a_name_or_a_type_is_refused(
    predictor: Predictor, folder: Path, changed: dict[str, Any]
) -> None:
    schema = predictor.schema
    columns = tuple(replace(column, **changed) for column in schema.features)
    artefact.save(replace(predictor, schema=replace(schema, features=columns)), folder)
    with pytest.raises(Refused, match="Its columns are to have a name and a type"):
        adoption.load(folder, sha256=None)


def test_a_changed_byte_is_refused_without_a_word_about_our_folders(predictor: Predictor, folder: Path) -> None:
    artefact.save(predictor, folder)
    array = next(folder.glob("*.npy"))
    array.write_bytes(array.read_bytes()[:-1] + b"\x7f")
    with pytest.raises(Refused) as refused:
        adoption.load(folder, sha256=None)
    assert str(refused.value).startswith(f"It is not a model in our format: {array.name} has changed")


def test_another_hash_than_the_one_that_was_said_is_refused(predictor: Predictor, folder: Path) -> None:
    artefact.save(predictor, folder)
    with pytest.raises(Refused, match=r"manifest\.json has changed"):
        adoption.load(folder, sha256="5" * 64)


class Trap:
    """Makes a file when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return (Path.touch, (self.path,))


def test_a_pickle_in_an_array_is_refused_and_not_opened(predictor: Predictor, folder: Path) -> None:
    artefact.save(predictor, folder)
    trap, array = Trap(folder.parent / "opened"), BytesIO()
    np.save(array, np.array([trap], dtype=object), allow_pickle=True)
    forged(folder, "golden.npy", array.getvalue())
    with pytest.raises(Refused):
        adoption.load(folder, sha256=None)
    assert not trap.path.exists()
    np.load(BytesIO(array.getvalue()), allow_pickle=True)
    assert trap.path.exists()  # The trap works where somebody opens it.


@pytest.mark.parametrize("name", ["settings.json", "golden.json", "golden.npy"])
@pytest.mark.parametrize("content", [b"", b"{", b"[" * 100_000, b'{"a": NaN}', b"\x00\xff", b"[]"])
def test_whatever_stands_in_a_file_is_refused(predictor: Predictor, folder: Path, name: str, content: bytes) -> None:
    artefact.save(predictor, folder)
    forged(folder, name, content)
    with pytest.raises(Refused):
        adoption.load(folder, sha256=None)


def test_an_array_that_claims_to_be_huge_is_refused(predictor: Predictor, folder: Path) -> None:
    artefact.save(predictor, folder)
    header = BytesIO()
    np.lib.format.write_array_header_1_0(header, {"descr": "<f8", "fortran_order": False, "shape": (2**50,)})
    forged(folder, "golden.npy", header.getvalue())
    with pytest.raises(Refused):
        adoption.load(folder, sha256=None)


def test_a_link_to_another_file_is_refused(predictor: Predictor, folder: Path) -> None:
    artefact.save(predictor, folder)
    array = next(folder.glob("*.npy"))
    array.rename(folder.parent / "elsewhere")
    array.symlink_to(folder.parent / "elsewhere")
    with pytest.raises(Refused):
        adoption.load(folder, sha256=None)
