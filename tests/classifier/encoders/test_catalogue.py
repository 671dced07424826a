"""The encoders of an installation, in a real database: added, found by organisations, withdrawn."""

from pathlib import Path

import pytest

from classifier.encoders import bundled, catalogue, shelf
from classifier.ml.errors import EncoderMissing
from tenants import ids, isolation
from tenants.errors import Conflict, InvalidInput, NotFound
from tenants.models import Encoder, Organisation
from tests.classifier.encoders import small
from tests.service import Service


@pytest.fixture
def added(db: None, tmp_path: Path) -> Encoder:
    """An encoder of this test."""
    return add(tmp_path, f"test-{ids.random_text(8)}")


def add(folder: Path, name: str, *, seed: int = 0) -> Encoder:
    published = folder / ids.random_text(8)
    return catalogue.add(name=name, directory=small.publish(published, seed=seed), by="operator")


def test_every_organisation_finds_it(added: Encoder, globex: Organisation) -> None:
    with isolation.entered(globex):
        found = catalogue.get(added.name)
    assert (found.sha256, found.licence, found.width, found.tokens) == (added.sha256, "mit", 16, 32)
    assert "added_by" in found.get_deferred_fields()
    assert shelf.library().get(added.sha256).embed(["my card"]).shape == (1, 16)


def test_adding_it_again_changes_nothing(added: Encoder, tmp_path: Path) -> None:
    assert add(tmp_path, added.name).pk == added.pk


def test_another_of_the_same_name_is_refused(added: Encoder, tmp_path: Path) -> None:
    with pytest.raises(Conflict, match="Choose another name"):
        add(tmp_path, added.name, seed=1)


def test_one_that_was_withdrawn_is_in_no_list_and_its_models_go_on(added: Encoder, globex: Organisation) -> None:
    catalogue.withdraw(name=added.name)
    with isolation.entered(globex), pytest.raises(NotFound):
        catalogue.get(added.name)
    assert shelf.holds(added.sha256)
    with pytest.raises(NotFound):
        catalogue.withdraw(name=added.name)


@pytest.mark.parametrize("name", ["", "assort.mine", "../up", "a" * 64])
def test_a_name_that_cannot_be_is_refused(db: None, tmp_path: Path, name: str) -> None:
    with pytest.raises(InvalidInput, match="name has 1 to 63"):
        add(tmp_path, name)


def test_weights_that_are_not_the_expected_are_refused(db: None, tmp_path: Path) -> None:
    folder = small.publish(tmp_path / "published")
    with pytest.raises(InvalidInput, match="do not use them"):
        catalogue.add(name="other", directory=folder, by="operator", weights_sha256="0" * 64)


def test_the_service_came_with_one(service: Service, acme: Organisation) -> None:
    with isolation.entered(acme):
        usual = catalogue.default()
    assert usual is not None
    assert (usual.name, usual.licence, usual.weights_sha256) == (bundled.NAME, "apache-2.0", bundled.WEIGHTS_SHA256)
    assert shelf.default() == usual.sha256
    assert bundled.add() is None


def test_without_the_package_it_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bundled, "PACKAGE", "no-such-package")
    with pytest.raises(EncoderMissing, match="without --no-encoder installs it"):
        bundled.folder()


def test_operators_add_list_and_remove_on_the_command_line(service: Service, committed: None, tmp_path: Path) -> None:
    name = f"test-{ids.random_text(8)}"
    folder = small.publish(tmp_path / "published", seed=7)
    assert service.manage("encoder", "add", name, str(folder)).stdout.startswith(f"{name} ")
    assert f"{name}  " in service.manage("encoder", "list").stdout
    assert service.manage("encoder", "remove", name).stdout == f"{name} removed\n"
    again = service.manage("encoder", "remove", name)
    assert (again.returncode, again.stderr.count("\n")) == (1, 1)
    Encoder.objects.filter(name=name).delete()
