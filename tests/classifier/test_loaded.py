import time

import pytest
from django.db import OperationalError, connection

from classifier import loaded, registry, silencing
from classifier.loaded import LoadedModels
from classifier.ml.predictor import Predictor
from tenants.errors import NotFound
from tenants.models import Organisation
from tests.classifier import rows


@pytest.fixture
def names(inside_acme: Organisation) -> tuple[str, ...]:
    """Three models of the same size."""
    dataset = rows.ready(inside_acme)
    return tuple(rows.trained(inside_acme, dataset, name).model.name for name in ("one", "two", "three"))


@pytest.fixture
def models(inside_acme: Organisation, names: tuple[str, ...]) -> LoadedModels:
    return LoadedModels(inside_acme.tenant)


def pass_by(monkeypatch: pytest.MonkeyPatch, seconds: float) -> None:
    later = time.monotonic() + seconds
    monkeypatch.setattr(time, "monotonic", lambda: later)


def take_the_database_away(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, int]]:
    """Return a list that tells what the database was asked in vain."""
    asked: list[tuple[str, int]] = []

    def fail(model: str, version: int) -> str:
        asked.append((model, version))
        raise OperationalError

    monkeypatch.setattr(loaded, "standing", fail)
    monkeypatch.setattr(connection, "close", lambda: None)
    return asked


def test_several_models_stay_in_memory(models: LoadedModels, names: tuple[str, ...]) -> None:
    first = [models.get(name, 1) for name in names]
    assert [models.get(name, 1) for name in names] == first


def test_the_one_used_longest_ago_goes_first_when_the_room_is_full(
    inside_acme: Organisation, names: tuple[str, ...]
) -> None:
    size = sum(path.stat().st_size for path in (registry.folder_of(inside_acme.tenant, "one") / "1/served").iterdir())
    models = LoadedModels(inside_acme.tenant, room=int(size * 2.5))
    one, two = models.get("one", 1), models.get("two", 1)
    assert models.get("one", 1) is one
    models.get("three", 1)
    assert models.get("one", 1) is one
    assert models.get("two", 1) is not two


def test_what_is_in_memory_never_takes_more_than_the_room(models: LoadedModels, names: tuple[str, ...]) -> None:
    models.get(names[0], 1)
    models.room = int(models.bytes * 1.5)
    for name in names * 2:
        models.get(name, 1)
        assert 0 < models.bytes <= models.room


def test_one_model_finds_room_however_large_it_is(inside_acme: Organisation, names: tuple[str, ...]) -> None:
    models = LoadedModels(inside_acme.tenant, room=1)
    first = models.get("one", 1)
    assert models.get("one", 1) is first
    assert isinstance(models.get("two", 1), Predictor)


def test_a_model_that_was_deleted_stops_answering(models: LoadedModels, monkeypatch: pytest.MonkeyPatch) -> None:
    models.get("one", 1)
    registry.delete(tenant=models.tenant, model=registry.get("one"), by="alice")
    pass_by(monkeypatch, loaded.CHECK_SECONDS + 1)
    with pytest.raises(NotFound):
        models.get("one", 1)


def test_another_version_of_the_same_name_takes_its_place(
    models: LoadedModels, inside_acme: Organisation, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = models.get("one", 1)
    registry.delete(tenant=models.tenant, model=registry.get("one"), by="alice")
    rows.trained(inside_acme, rows.ready(inside_acme, rows.TABLE), "one")
    pass_by(monkeypatch, loaded.CHECK_SECONDS + 1)
    assert models.get("one", 1) is not before
    assert models.get("one", 1).schema.kind == "table"


def test_when_it_is_silent_is_taken_over_and_nothing_loaded_for_it(
    models: LoadedModels, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = models.get("one", 1)
    silencing.change(version=registry.get_version(registry.get("one"), 1), by="alice", threshold=0.75)
    assert models.get("one", 1).silence.threshold is None
    pass_by(monkeypatch, loaded.CHECK_SECONDS + 1)
    after = models.get("one", 1)
    assert (after.silence.threshold, models.get("two", 1).silence.threshold) == (0.75, None)
    assert after.scorer is before.scorer


def test_nobody_is_asked_while_the_gateway_knows_of_no_change(
    models: LoadedModels, monkeypatch: pytest.MonkeyPatch
) -> None:
    models.get("one", 1, reading="first")
    silencing.change(version=registry.get_version(registry.get("one"), 1), by="alice", threshold=0.75)
    pass_by(monkeypatch, loaded.CHECK_SECONDS + 1)
    assert models.get("one", 1, reading="first").silence.threshold is None
    assert models.get("one", 1, reading="second").silence.threshold == 0.75
    # The other gateway may learn of it a moment later.
    assert models.get("one", 1, reading="first").silence.threshold == 0.75


def test_what_was_told_while_the_database_was_away_is_asked_again(
    models: LoadedModels, monkeypatch: pytest.MonkeyPatch
) -> None:
    models.get("one", 1, reading="first")
    asked = take_the_database_away(monkeypatch)
    models.get("one", 1, reading="second")
    models.get("one", 1, reading="second")
    pass_by(monkeypatch, loaded.CHECK_SECONDS + 1)
    models.get("one", 1, reading="second")
    assert asked == [("one", 1)] * 2


def test_a_database_that_is_away_does_not_stop_what_was_checked_just_now(
    models: LoadedModels, monkeypatch: pytest.MonkeyPatch
) -> None:
    predictor = models.get("one", 1)
    asked = take_the_database_away(monkeypatch)
    pass_by(monkeypatch, loaded.CHECK_SECONDS + 1)
    assert [models.get("one", 1) for _ in range(3)] == [predictor] * 3
    assert asked == [("one", 1)]  # And it is not asked again for each request.


def test_a_database_that_is_away_for_long_stops_it(models: LoadedModels, monkeypatch: pytest.MonkeyPatch) -> None:
    models.get("one", 1)
    take_the_database_away(monkeypatch)
    pass_by(monkeypatch, loaded.TRUST_SECONDS + 1)
    with pytest.raises(OperationalError):
        models.get("one", 1)


def test_a_database_that_comes_back_is_believed(models: LoadedModels, monkeypatch: pytest.MonkeyPatch) -> None:
    models.get("one", 1)
    with monkeypatch.context() as away:
        take_the_database_away(away)
        pass_by(away, loaded.CHECK_SECONDS + 1)
        models.get("one", 1)
    registry.delete(tenant=models.tenant, model=registry.get("one"), by="alice")
    pass_by(monkeypatch, 2 * loaded.CHECK_SECONDS + 2)
    with pytest.raises(NotFound):
        models.get("one", 1)
