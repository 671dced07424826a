"""What a pipeline registered is copied from its own organisation's part of the store, and from nowhere else."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from classifier.registrar import inbox, tenant_files
from classifier.registrar.holdings import Registered
from classifier.registrar.tenant_files import FilesRefused

ACME, GLOBEX = "a" * 16, "g" * 16


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """The data of a service with two organisations, each with a model in the store."""
    for tenant in (ACME, GLOBEX):
        (tmp_path / "tenants" / tenant).mkdir(parents=True)
        model = tmp_path / "mlflow" / tenant / "model"
        model.mkdir(parents=True)
        (model / "manifest.json").write_text(tenant)
        (model / "weights.npy").write_text("weights")
    return tmp_path


def deliver(data: Path, location: object, *, version_id: str | None = None) -> dict[str, Any]:
    """Deliver what lies there to Acme and return the request."""
    version = Registered(str(location), version_id, None)
    inbox.deliver(data, ACME, "job_1", model="support", number=2, version=version)
    return dict(json.loads((folder(data) / "request.json").read_text()))


def folder(data: Path) -> Path:
    return data / "tenants" / ACME / "inbox" / "job_1"


def files(data: Path) -> set[str]:
    return {path.name for path in (folder(data) / "served").iterdir()}


@pytest.mark.parametrize("as_uri", [True, False])
def test_the_files_of_a_version_are_copied(data: Path, as_uri: bool) -> None:
    place = data / "mlflow" / ACME / "model"
    assert deliver(data, place.as_uri() if as_uri else place)["problem"] is None
    assert files(data) == {"manifest.json", "weights.npy"}


def test_the_folder_in_a_pyfunc_is_found_and_its_code_stays_where_it_is(data: Path) -> None:
    pyfunc = data / "mlflow" / ACME / "pyfunc"
    (pyfunc / "data").mkdir(parents=True)
    (data / "mlflow" / ACME / "model").rename(pyfunc / "data" / "served")
    (pyfunc / "code").mkdir()
    (pyfunc / "code" / "evil.py").write_text("raise SystemExit")
    (pyfunc / "MLmodel").write_text("flavors:")
    assert deliver(data, pyfunc)["problem"] is None
    assert files(data) == {"manifest.json", "weights.npy"}


def test_of_a_version_of_ours_nothing_is_copied(data: Path) -> None:
    assert deliver(data, "nowhere", version_id="mv_1")["version_id"] == "mv_1"
    assert not (folder(data) / "served").exists()


@pytest.mark.parametrize(
    "location",
    [
        "{data}/mlflow/" + GLOBEX + "/model",
        "file://{data}/mlflow/" + GLOBEX + "/model",
        "{data}/mlflow/" + ACME + "/../" + GLOBEX + "/model",
        "file://{data}/mlflow/" + ACME + "/%2e%2e/" + GLOBEX + "/model",
        "{data}/tenants/" + GLOBEX,
        "{data}/mlflow/" + ACME + "x/model",
        "{data}/mlflow",
        "mlflow/" + ACME + "/model",
        "s3://bucket/" + ACME + "/model",
        "file://elsewhere{data}/mlflow/" + ACME + "/model",
        "models:/m-1",
        "/etc",
        "\0",
        "",
    ],
)
def test_what_lies_elsewhere_is_refused_a_strangers_model_above_all(data: Path, location: str) -> None:
    problem = deliver(data, location.format(data=data))["problem"]
    assert problem.startswith("Its files cannot be used: they are not in the")
    assert files(data) == set()


@pytest.mark.parametrize("part", ["model", "model/manifest.json", "model/more.npy"])
def test_a_link_to_a_strangers_model_is_not_followed(data: Path, part: str) -> None:
    own, theirs = data / "mlflow" / ACME, data / "mlflow" / GLOBEX
    if (own / part).exists():
        (own / part).rename(own / "away")
    (own / part).symlink_to(theirs / part if (theirs / part).exists() else theirs / "model/weights.npy")
    assert "Its files cannot be used" in deliver(data, own / "model")["problem"]
    assert GLOBEX not in {path.read_text() for path in (folder(data) / "served").iterdir()}


def test_what_is_no_plain_file_is_refused(data: Path) -> None:
    os.mkfifo(data / "mlflow" / ACME / "model" / "pipe.npy")
    assert "pipe.npy is not a plain file" in deliver(data, data / "mlflow" / ACME / "model")["problem"]


def test_a_folder_in_the_folder_is_refused(data: Path) -> None:
    (data / "mlflow" / ACME / "model" / "more").mkdir()
    assert "more is not a plain file" in deliver(data, data / "mlflow" / ACME / "model")["problem"]


@pytest.mark.parametrize("name", [".hidden", "a b", "ä.npy", "x" * 101, "line\nbreak"])
def test_odd_names_are_refused(data: Path, name: str) -> None:
    (data / "mlflow" / ACME / "model" / name).touch()
    assert "is no name for a file of a model" in deliver(data, data / "mlflow" / ACME / "model")["problem"]


def test_too_many_files_are_refused(data: Path) -> None:
    for number in range(tenant_files.LIMIT_FILES):
        (data / "mlflow" / ACME / "model" / f"{number}.npy").touch()
    assert "there are more than 100 files" in deliver(data, data / "mlflow" / ACME / "model")["problem"]


def test_too_many_bytes_are_refused_however_they_are_spread(data: Path) -> None:
    limit = len(ACME) + len("weights") - 1
    with (
        tenant_files.opened(data, "mlflow", ACME, "model") as source,
        tenant_files.opened(data, "tenants") as target,
        pytest.raises(FilesRefused, match="more bytes than a model may have"),
    ):
        tenant_files.transfer(source, target, limit=limit)


def test_a_folder_without_a_manifest_is_refused(data: Path) -> None:
    (data / "mlflow" / ACME / "model" / "manifest.json").unlink()
    assert "data is no folder" in deliver(data, data / "mlflow" / ACME / "model")["problem"]


def test_an_inbox_that_leads_to_a_stranger_gets_nothing(data: Path) -> None:
    (data / "tenants" / ACME / "inbox").symlink_to(data / "tenants" / GLOBEX)
    with pytest.raises(FilesRefused, match="is no folder"):
        deliver(data, data / "mlflow" / ACME / "model")
    assert list((data / "tenants" / GLOBEX).iterdir()) == []


def test_an_organisation_that_is_gone_gets_no_folder(data: Path) -> None:
    (data / "tenants" / ACME).rmdir()
    with pytest.raises(FilesRefused):
        deliver(data, data / "mlflow" / ACME / "model")
    assert not (data / "tenants" / ACME).exists()


def test_a_version_that_mlflow_does_not_have_is_delivered_as_a_problem(data: Path) -> None:
    inbox.deliver(data, ACME, "job_1", model="support", number=2, version=None)
    request = json.loads((folder(data) / "request.json").read_text())
    assert (request["problem"], request["sha256"]) == ("Its files cannot be used: MLflow has no such version.", None)


def test_a_pyfunc_with_more_than_the_models_folder_is_refused(data: Path) -> None:
    place = data / "mlflow" / ACME / "pyfunc" / "data"
    for name in ("served", "more"):
        (place / name).mkdir(parents=True)
    assert "data is to hold the model's folder, and nothing else" in deliver(data, place.parent)["problem"]


def test_a_file_is_read_up_to_its_limit_and_no_further(data: Path) -> None:
    with tenant_files.opened(data, "mlflow", ACME, "model") as place:
        assert tenant_files.read(place, "weights.npy", limit=7) == b"weights"
        with pytest.raises(FilesRefused, match="has more than 6 bytes"):
            tenant_files.read(place, "weights.npy", limit=6)
