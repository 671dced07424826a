from __future__ import annotations

import json
import mmap
import os
import shutil
import tarfile
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from classifier.ml import artefact
from classifier.ml.errors import ArtefactDamaged
from classifier.ml.linear import Linear
from classifier.ml.pool import Pool
from classifier.ml.text_linear import TextLinear
from classifier.ml.train import Trained

from .conftest import python, records, texts

# Two models as the first release saved them: a text model that was tuned from another, and a linear one of a table.
FORMAT_1 = Path(__file__).with_name("format_1.tar.gz")


def is_mapped(array: NDArray[Any]) -> bool:
    base: object = array
    while isinstance(base, np.ndarray):
        base = base.base
    return isinstance(base.obj if isinstance(base, memoryview) else base, mmap.mmap)


def forge(directory: Path, name: str, content: bytes) -> None:
    """Replace a file and its hash, as somebody who may write the manifest could."""
    (directory / name).write_bytes(content)
    manifest = json.loads((directory / "manifest.json").read_bytes())
    manifest["files"][name] = sha256(content).hexdigest()
    (directory / "manifest.json").write_text(json.dumps(manifest))


def test_a_model_answers_after_loading_as_it_did_before(trained: Trained, tmp_path: Path) -> None:
    recorded = artefact.save(trained.served, tmp_path / "model")
    loaded = artefact.load(tmp_path / "model", sha256=recorded)
    data = texts(50, seed=5) if loaded.schema.kind == "text" else records(50, seed=5)
    inputs = loaded.schema.inputs([dict(zip(data.names, row, strict=True)) for row in data.rows])
    assert np.array_equal(loaded.probabilities(inputs), trained.served.probabilities(inputs))
    assert (loaded.labels, loaded.schema) == (trained.served.labels, trained.served.schema)


def test_the_manifest_covers_every_file(trained: Trained, tmp_path: Path) -> None:
    recorded = artefact.save(trained.served, tmp_path)
    assert recorded == sha256((tmp_path / "manifest.json").read_bytes()).hexdigest()
    manifest = json.loads((tmp_path / "manifest.json").read_bytes())
    assert set(manifest["files"]) | {"manifest.json"} == {path.name for path in tmp_path.iterdir()}
    assert manifest["versions"]["numpy"] == np.__version__
    assert {path.suffix for path in tmp_path.iterdir()} == {".json", ".npy", ".bin"}


def test_one_changed_byte_in_any_file_is_noticed(trained: Trained, tmp_path: Path) -> None:
    recorded = artefact.save(trained.served, tmp_path)
    for path in sorted(tmp_path.iterdir()):
        content = path.read_bytes()
        middle = len(content) // 2
        path.write_bytes(content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :])
        with pytest.raises(ArtefactDamaged, match=path.name):
            artefact.load(tmp_path, sha256=recorded)
        path.write_bytes(content)
    artefact.load(tmp_path, sha256=recorded)


def test_a_missing_and_an_additional_file_are_noticed(trained: Trained, tmp_path: Path) -> None:
    artefact.save(trained.served, tmp_path)
    (tmp_path / "more.npy").write_bytes(b"")
    with pytest.raises(ArtefactDamaged, match=r"more\.npy"):
        artefact.load(tmp_path)
    (tmp_path / "more.npy").unlink()
    (tmp_path / "settings.json").unlink()
    with pytest.raises(ArtefactDamaged, match=r"settings\.json"):
        artefact.load(tmp_path)


def test_a_link_out_of_the_directory_is_refused(text_model: Trained, tmp_path: Path) -> None:
    artefact.save(text_model.served, tmp_path / "model")
    (tmp_path / "model" / "settings.json").rename(tmp_path / "elsewhere.json")
    (tmp_path / "model" / "settings.json").symlink_to(tmp_path / "elsewhere.json")
    with pytest.raises(ArtefactDamaged, match=r"settings\.json"):
        artefact.load(tmp_path / "model")


def test_a_directory_without_a_manifest_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ArtefactDamaged, match=r"manifest\.json"):
        artefact.load(tmp_path)


def test_other_answers_to_the_golden_rows_are_refused(trained: Trained, tmp_path: Path) -> None:
    artefact.save(trained.served, tmp_path / "a")
    artefact.save(replace(trained.served, temperature=trained.served.temperature * 1.01), tmp_path / "b")
    forge(tmp_path / "a", "golden.npy", (tmp_path / "b" / "golden.npy").read_bytes())
    with pytest.raises(ArtefactDamaged, match="no longer gives the answers"):
        artefact.load(tmp_path / "a")


def test_a_pickle_in_place_of_an_array_is_never_loaded(text_model: Trained, tmp_path: Path) -> None:
    artefact.save(text_model.served, tmp_path)
    np.save(tmp_path / "golden.npy", np.array([{"a": 1}], dtype=object), allow_pickle=True)
    forge(tmp_path, "golden.npy", (tmp_path / "golden.npy").read_bytes())
    with pytest.raises(ArtefactDamaged, match="allow_pickle"):
        artefact.load(tmp_path)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("form", "magic"),
        ("labels", None),
        ("schema", {}),
        ("temperature", "warm"),
        ("format", 99),
        ("files", {"notes.txt": "0" * 64}),
    ],
)
def test_a_manifest_that_makes_no_sense_is_refused(
    text_model: Trained, tmp_path: Path, key: str, value: object
) -> None:
    artefact.save(text_model.served, tmp_path)
    manifest = json.loads((tmp_path / "manifest.json").read_bytes())
    (tmp_path / "manifest.json").write_text(json.dumps(manifest | {key: value}))
    with pytest.raises(ArtefactDamaged):
        artefact.load(tmp_path)


@pytest.mark.parametrize(
    "place",
    [
        {"dtype": "|O"},
        {"dtype": "magic"},
        {"shape": [2**70]},
        {"shape": [2**62, 4]},
        {"shape": [-4]},
        {"at": 10**9},
        {"at": -64},
        {"at": None},
        {"more": 1},
    ],
    ids=str,
)
def test_an_array_that_cannot_be_is_refused(text_model: Trained, tmp_path: Path, place: dict[str, Any]) -> None:
    artefact.save(text_model.served, tmp_path)
    manifest = json.loads((tmp_path / "manifest.json").read_bytes())
    manifest["arrays"]["weights"] |= place
    (tmp_path / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(ArtefactDamaged, match="does not hold a model"):
        artefact.load(tmp_path)


def test_n_grams_that_lead_out_of_the_weights_are_refused(text_model: Trained, tmp_path: Path) -> None:
    artefact.save(text_model.served, tmp_path)
    manifest = json.loads((tmp_path / "manifest.json").read_bytes())
    # The hashes, read as numbers of columns.
    manifest["arrays"]["columns"]["at"] = manifest["arrays"]["hashes"]["at"]
    (tmp_path / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(ArtefactDamaged, match="beyond the"):
        artefact.load(tmp_path)


def test_what_parts_have_in_common_is_stored_once(trained: Trained, tmp_path: Path) -> None:
    model = trained.served
    twice = replace(model, scorer=Pool.of((model.scorer, model.scorer), (0.5, 0.5)))
    artefact.save(model, tmp_path / "once")
    artefact.save(twice, tmp_path / "twice")
    sizes = [(tmp_path / name / "arrays.bin").stat().st_size for name in ("once", "twice")]
    assert sizes[0] == sizes[1]
    assert np.allclose(artefact.load(tmp_path / "twice").probabilities(model.golden), model.probabilities(model.golden))


def test_a_loaded_model_holds_one_file_open(trained: Trained, tmp_path: Path) -> None:
    artefact.save(trained.served, tmp_path)
    before = len(os.listdir("/proc/self/fd"))
    models = [artefact.load(tmp_path) for _ in range(3)]
    assert len(os.listdir("/proc/self/fd")) - before == len(models)


def test_arrays_stay_in_their_file_and_cannot_be_written_to(trained: Trained, tmp_path: Path) -> None:
    artefact.save(trained.served, tmp_path)
    _, arrays = artefact.load(tmp_path).scorer.pack()
    # Few weights are in half precision there, and computed with in single.
    of_file = {name: array for name, array in arrays.items() if not name.endswith("weights")}
    assert [name for name, array in of_file.items() if not is_mapped(array)] == []
    assert not any(array.flags.writeable for array in of_file.values())


def test_many_weights_stay_in_their_file(text_model: Trained, tmp_path: Path) -> None:
    scorer = text_model.served.scorer
    assert isinstance(scorer, TextLinear)
    labels = tuple(f"label {number:,}" for number in range(5_000))
    linear = Linear(np.ones((scorer.vectoriser.width, 5_000), np.float32), np.zeros(5_000, np.float32))
    large = replace(text_model.served, labels=labels, scorer=replace(scorer, linear=linear))
    artefact.save(large, tmp_path)
    assert is_mapped(artefact.load(tmp_path).scorer.pack()[1]["weights"])


def test_a_model_goes_on_when_its_files_are_removed(text_model: Trained, tmp_path: Path) -> None:
    artefact.save(text_model.served, tmp_path / "model")
    loaded = artefact.load(tmp_path / "model")
    shutil.rmtree(tmp_path / "model")
    assert np.array_equal(loaded.probabilities(["my parcel"]), text_model.served.probabilities(["my parcel"]))


def test_a_loaded_model_is_saved_as_the_same_bytes(trained: Trained, tmp_path: Path) -> None:
    first = artefact.save(trained.served, tmp_path / "first")
    assert artefact.save(artefact.load(tmp_path / "first"), tmp_path / "second") == first


@pytest.mark.parametrize("name", ["text", "table"])
def test_a_model_of_format_1_still_gives_its_answers(tmp_path: Path, name: str) -> None:
    with tarfile.open(FORMAT_1) as files:
        files.extractall(tmp_path, filter="data")
    loaded = artefact.load(tmp_path / name, sha256=sha256((tmp_path / name / "manifest.json").read_bytes()).hexdigest())
    expected = np.load(tmp_path / name / "golden.npy")
    artefact.save(loaded, tmp_path / "saved_anew")
    again = artefact.load(tmp_path / "saved_anew")
    assert json.loads((tmp_path / "saved_anew" / "manifest.json").read_bytes())["format"] == 2
    for model in (loaded, again):
        assert np.allclose(model.probabilities(model.golden), expected, rtol=0, atol=1e-6)
        assert len(model.explain(model.golden, [0] * len(expected))) == len(expected)


def test_a_used_directory_is_not_overwritten(text_model: Trained, tmp_path: Path) -> None:
    artefact.save(text_model.served, tmp_path)
    with pytest.raises(FileExistsError, match="not empty"):
        artefact.save(text_model.served, tmp_path)


def test_serving_imports_neither_scikit_learn_nor_pandas() -> None:
    code = "import sys, classifier.ml.artefact; print(sorted({'sklearn', 'pandas', 'django'} & set(sys.modules)))"
    assert python(code).strip() == "[]"
