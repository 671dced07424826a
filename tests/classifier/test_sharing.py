"""Models that the operator shares: published from one organisation, used by the others."""

import json
from collections.abc import Iterator

import pytest

from classifier import inference, registry, sharing, silencing, trainer, training
from classifier.loaded import LoadedModels
from classifier.ml.errors import ArtefactDamaged
from classifier.models import TrainingJob
from tenants import ids, isolation
from tenants.errors import Conflict, InvalidInput, NotFound
from tenants.models import Organisation, SharedModel
from tests.classifier import rows


@pytest.fixture
def shared(acme: Organisation) -> Iterator[SharedModel]:
    """A version of Acme's, published under a name of this test."""
    with isolation.entered(acme):
        rows.trained(acme)
    published = publish(acme, f"test-{ids.random_text(8)}")
    yield published
    sharing.withdraw(name=published.name)


def publish(organisation: Organisation, name: str, version: int = 1) -> SharedModel:
    return sharing.publish(organisation=organisation, model="support", version=version, name=name, by="operator")


def start_from(base: str, organisation: Organisation, text: str = rows.MESSAGES) -> TrainingJob:
    """Start a training in the organisation, which is entered, on a data set of this text."""
    return training.start(
        organisation=organisation,
        dataset=rows.ready(organisation, text),
        model_name="own",
        by="carol",
        options={"base": base},
    )


def ask(organisation: Organisation, shared: SharedModel) -> dict[str, object]:
    request = {"id": "cls_1", "inputs": ["my password"], "top_k": 1, "explain": False}
    models = LoadedModels(organisation.tenant)
    (reply,) = inference.answer_together([request], model=shared.full_name, version=shared.number, models=models)
    return reply


def test_another_organisation_gets_answers_of_a_published_version(globex: Organisation, shared: SharedModel) -> None:
    with isolation.entered(globex):
        reply = ask(globex, shared)
    assert [result["label"] for result in reply["results"]] == ["account"]  # type: ignore[attr-defined]  # a list


def test_no_row_goes_along(shared: SharedModel) -> None:
    files = [path for path in sharing.folder_of(shared.name, 1).rglob("*.json") if path.name != "settings.json"]
    kept = "".join(path.read_text() for path in files) + json.dumps(shared.schema)
    assert "and my" not in kept
    assert json.loads((sharing.folder_of(shared.name, 1) / "served" / "golden.json").read_text()) == shared.labels


def test_an_organisation_learns_nothing_of_where_it_comes_from(globex: Organisation, shared: SharedModel) -> None:
    with isolation.entered(globex):
        [seen] = sharing.versions_of(shared.full_name)
    assert {"source", "published_by"} <= seen.get_deferred_fields()


def test_publishing_the_same_version_again_changes_nothing(acme: Organisation, shared: SharedModel) -> None:
    assert publish(acme, shared.name).id == shared.id


def test_it_is_as_silent_as_the_version_it_was_published_from(
    acme: Organisation, globex: Organisation, shared: SharedModel
) -> None:
    with isolation.entered(acme):
        version = registry.get_version(registry.get("support"), 1)
        silencing.change(version=version, by="alice", threshold=1.0)
    with isolation.entered(globex):
        assert [result["label"] for result in ask(globex, shared)["results"]] == ["account"]  # type: ignore[attr-defined]  # a list
    publish(acme, shared.name)
    with isolation.entered(globex):
        assert [result["label"] for result in ask(globex, shared)["results"]] == [None]  # type: ignore[attr-defined]  # a list


def test_a_second_version_serves_and_the_first_stays(acme: Organisation, shared: SharedModel) -> None:
    with isolation.entered(acme):
        rows.trained(acme, rows.ready(acme, rows.MESSAGES + "the tax on my invoice,billing\n"))
    publish(acme, shared.name, version=2)
    with isolation.entered(acme):
        assert sharing.get(shared.full_name).number == 2
        assert sharing.get_version(shared.full_name, 1).model == sharing.get(shared.full_name).model


def test_a_withdrawn_model_is_not_there_and_its_number_is_not_used_again(
    acme: Organisation, shared: SharedModel
) -> None:
    assert sharing.withdraw(name=shared.name) == 1
    with isolation.entered(acme), pytest.raises(NotFound):
        sharing.get(shared.full_name)
    assert not sharing.folder_of(shared.name, 1).exists()
    assert publish(acme, shared.name).number == 2


def test_a_version_whose_bytes_were_changed_is_refused(acme: Organisation, shared: SharedModel) -> None:
    manifest = sharing.folder_of(shared.name, 1) / "served" / "manifest.json"
    manifest.write_text(manifest.read_text() + " ")
    with isolation.entered(acme), pytest.raises(ArtefactDamaged):
        sharing.load(shared.full_name, 1)


@pytest.mark.parametrize("name", ["", "Support", "a.b", "../x", "x" * 64])
def test_a_name_that_cannot_be_is_refused(acme: Organisation, name: str) -> None:
    with pytest.raises(InvalidInput):
        publish(acme, name)


def test_a_version_that_is_not_there_is_not_published(acme: Organisation) -> None:
    with pytest.raises(NotFound):
        publish(acme, "none", version=99)


def test_no_organisation_changes_a_shared_model(globex: Organisation, shared: SharedModel) -> None:
    with isolation.entered(globex), pytest.raises(Conflict, match="shared by the operator"):
        sharing.check_own(shared.full_name)


def test_a_training_starts_from_a_shared_model(globex: Organisation, shared: SharedModel) -> None:
    few = "text,label\n" + "\n".join(rows.LINES[::5]) + "\n"
    with isolation.entered(globex):
        job = start_from(shared.full_name, globex, few)
        trainer.train(job.id, tenant=globex.tenant)
        version = registry.get_version(registry.get("own"), 1)
        predictor = registry.load(tenant=globex.tenant, model_name="own", number=1)
    assert version.parameters["base"] == f"{shared.full_name}@1"
    assert version.parameters["candidates"][0]["name"].startswith("tuned from the base")
    assert predictor.labels == ("account", "billing", "bug")


def test_a_base_that_is_none_is_pointed_at(inside_acme: Organisation) -> None:
    with pytest.raises(InvalidInput) as refused:
        start_from("assort.none", inside_acme)
    assert refused.value.errors[0].pointer == "/options/base"


def test_a_table_cannot_start_from_a_text_model(acme: Organisation, shared: SharedModel) -> None:
    with isolation.entered(acme), pytest.raises(InvalidInput, match="Only a text model"):
        start_from(shared.full_name, acme, rows.TABLE)


def test_a_training_starts_only_from_a_text_model(acme: Organisation, globex: Organisation) -> None:
    with isolation.entered(acme):
        rows.trained(acme, rows.ready(acme, rows.TABLE))
    published = publish(acme, f"test-{ids.random_text(8)}")
    with isolation.entered(globex), pytest.raises(InvalidInput, match="Only a text model can be started from"):
        start_from(published.full_name, globex)
    sharing.withdraw(name=published.name)
