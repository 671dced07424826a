"""Encoders that an operator adds, and what organisations see of them. The tests' transactions are rolled back."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from django.db import ProgrammingError, connection, transaction

from classifier.encoders import catalogue, shelf
from tenants import ids, isolation
from tenants.errors import Conflict, InvalidInput, NotFound
from tenants.models import Encoder, Organisation
from tests.classifier.encoders import tiny

SHELF = isolation.shared_directory() / shelf.FOLDER


@pytest.fixture
def published(tmp_path: Path) -> Path:
    return tiny.publish(tmp_path / "published")


@pytest.fixture
def added(db: None, published: Path) -> Iterator[Encoder]:
    """An encoder under a name of this test."""
    before = set(SHELF.iterdir()) if SHELF.exists() else set()
    yield catalogue.add(name=f"tiny-{ids.random_text(6)}", directory=published, by="operator")
    for folder in set(SHELF.iterdir()) - before:
        for file in folder.iterdir():
            file.unlink()
        folder.rmdir()


def again(encoder: Encoder, published: Path, *, is_default: bool = False) -> Encoder:
    return catalogue.add(name=encoder.name, directory=published, by="operator", is_default=is_default)


def test_what_was_added_is_on_the_shelf_and_in_every_organisation(added: Encoder, globex: Organisation) -> None:
    with isolation.entered(globex):
        seen = catalogue.get(added.name)
    assert (seen.sha256, seen.licence, seen.width, seen.tokens) == (added.sha256, "mit", 16, tiny.PLACES)
    assert shelf.library().get(seen.sha256).name == added.name
    assert not [path for path in SHELF.iterdir() if path.name.startswith(".")]


def test_an_organisation_neither_learns_who_added_it_nor_changes_it(added: Encoder, globex: Organisation) -> None:
    with isolation.entered(globex):
        assert {"added_by", "withdrawn_at"} <= catalogue.get(added.name).get_deferred_fields()
        with pytest.raises(ProgrammingError, match=r"does not exist|permission denied"), transaction.atomic():
            connection.cursor().execute("UPDATE public.encoder SET is_default = true")


def test_workers_may_read_the_folder_and_nobody_else_of_the_machine(added: Encoder) -> None:
    assert (SHELF / added.sha256).stat().st_mode & 0o777 == 0o755


def test_adding_the_same_again_changes_nothing(added: Encoder, published: Path) -> None:
    made = (SHELF / added.sha256).stat().st_ino
    assert again(added, published).id == added.id
    assert (SHELF / added.sha256).stat().st_ino == made


def test_adding_it_again_mends_its_folder(added: Encoder, published: Path) -> None:
    (SHELF / added.sha256 / "graph.onnx").write_bytes(b"damaged")
    assert not shelf.holds(added.sha256)
    again(added, published)
    assert shelf.holds(added.sha256)


def test_another_encoder_of_the_same_name_is_refused(added: Encoder, tmp_path: Path) -> None:
    with pytest.raises(Conflict, match="encoder remove"):
        again(added, tiny.publish(tmp_path / "other", seed=1))


def test_a_withdrawn_one_is_used_by_no_new_training_and_can_be_taken_back(added: Encoder, published: Path) -> None:
    catalogue.withdraw(name=added.name)
    assert shelf.holds(added.sha256)
    with pytest.raises(NotFound):
        catalogue.withdraw(name=added.name)
    assert again(added, published).withdrawn_at is None


def test_there_is_one_default(added: Encoder, published: Path, globex: Organisation) -> None:
    again(added, published, is_default=True)
    assert Encoder.objects.get(is_default=True) == added
    with isolation.entered(globex):
        assert catalogue.default() == added
    catalogue.withdraw(name=added.name)
    with isolation.entered(globex):
        assert catalogue.default() is None


def test_an_installation_without_the_encoder_has_no_default(
    added: Encoder, published: Path, inside_acme: Organisation, settings: object
) -> None:
    settings.ASSORT_ENCODER = False  # type: ignore[attr-defined]  # The fixture takes every setting.
    assert catalogue.default() is None


def test_the_link_to_the_default_follows_and_goes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / shelf.FOLDER).mkdir()
    monkeypatch.setattr(isolation, "shared_directory", lambda: tmp_path)
    assert shelf.default() is None
    for sha256 in ("a" * 64, "b" * 64, None):
        shelf.point_to(sha256)
        assert shelf.default() == sha256
    assert not list((tmp_path / shelf.FOLDER).iterdir())


@pytest.mark.parametrize("name", ["", "assort.tiny", "../x", "a b", "x" * 64])
def test_a_name_that_cannot_be_is_refused(published: Path, name: str) -> None:
    with pytest.raises(InvalidInput, match="An encoder's name"):
        catalogue.add(name=name, directory=published, by="operator")
