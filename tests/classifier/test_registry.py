import pytest

from classifier import registry
from classifier.errors import ModelNotReady
from classifier.ml.errors import ArtefactDamaged
from classifier.models import Model
from tenants import isolation
from tenants.errors import Conflict, InvalidInput, NotFound
from tenants.models import Organisation, Route
from tests.classifier import rows


def test_a_promotion_is_the_gateways_route(acme: Organisation) -> None:
    with isolation.entered(acme):
        version = rows.trained(acme)
    route = Route.objects.get(tenant=acme.tenant, model="support")
    assert (route.version, route.kind, route.labels, route.sha256) == (1, "text", 3, version.sha256)


def test_a_roll_back_goes_to_the_champion_before(inside_acme: Organisation) -> None:
    dataset = rows.ready(inside_acme)
    first, second = rows.trained(inside_acme, dataset), rows.trained(inside_acme, dataset)
    model = registry.get("support")
    assert model.champion == second
    assert registry.roll_back(model=model, by="alice") == first


def test_roll_backs_go_on_backwards_and_not_to_and_fro(inside_acme: Organisation) -> None:
    dataset = rows.ready(inside_acme)
    for _ in range(3):
        rows.trained(inside_acme, dataset)
    numbers = [registry.roll_back(model=registry.get("support"), by="alice").number for _ in range(2)]
    assert numbers == [2, 1]
    with pytest.raises(Conflict):
        registry.roll_back(model=registry.get("support"), by="alice")


def test_there_is_no_roll_back_from_the_first(inside_acme: Organisation) -> None:
    rows.trained(inside_acme)
    with pytest.raises(Conflict, match="no earlier champion"):
        registry.roll_back(model=registry.get("support"), by="alice")


def test_a_model_without_a_version_answers_nothing(inside_acme: Organisation) -> None:
    with pytest.raises(ModelNotReady, match="no version yet"):
        registry.champion(Model.objects.create(name="new", created_by="alice"))


def test_an_unknown_policy_is_refused(inside_acme: Organisation) -> None:
    with pytest.raises(InvalidInput):
        registry.set_policy(model=Model(name="new"), policy="yes", by="alice")


def test_a_changed_byte_is_not_served(inside_acme: Organisation) -> None:
    version = rows.trained(inside_acme)
    folder = registry.folder_of(inside_acme.tenant, "support") / "1" / "served"
    array = next(path for path in folder.iterdir() if path.suffix == ".bin")
    array.write_bytes(array.read_bytes()[:-1] + b"\x7f")
    with pytest.raises(ArtefactDamaged):
        registry.load(tenant=inside_acme.tenant, model_name="support", number=version.number)


def test_an_artefact_that_was_swapped_whole_is_not_served(inside_acme: Organisation) -> None:
    rows.trained(inside_acme)
    rows.trained(inside_acme, rows.ready(inside_acme, rows.TABLE), "sizes")
    support, sizes = (registry.folder_of(inside_acme.tenant, name) / "1" for name in ("support", "sizes"))
    (support / "served").rename(support / "away")
    (sizes / "served").rename(support / "served")
    with pytest.raises(ArtefactDamaged):
        registry.load(tenant=inside_acme.tenant, model_name="support", number=1)


def test_deleting_a_model_destroys_files_and_route(
    acme: Organisation, django_capture_on_commit_callbacks: object
) -> None:
    with django_capture_on_commit_callbacks(execute=True), isolation.entered(acme):  # type: ignore[operator]  # pytest-django's
        rows.trained(acme)
        registry.delete(tenant=acme.tenant, model=registry.get("support"), by="alice")
    assert not registry.folder_of(acme.tenant, "support").exists()
    assert not Route.objects.filter(tenant=acme.tenant, model="support").exists()


def test_a_stranger_finds_neither_model_nor_version(acme: Organisation, globex: Organisation) -> None:
    with isolation.entered(acme):
        rows.trained(acme)
    with isolation.entered(globex), pytest.raises(NotFound):
        registry.get("support")


def test_the_earlier_champion_is_known_before_anybody_goes_back_to_it(inside_acme: Organisation) -> None:
    dataset = rows.ready(inside_acme)
    first = rows.trained(inside_acme, dataset)
    assert registry.earlier_champion(first.model) is None
    rows.trained(inside_acme, dataset)
    assert registry.earlier_champion(first.model) == first


def test_the_history_has_each_versions_numbers_and_not_the_whole_of_them(inside_acme: Organisation) -> None:
    version = rows.trained(inside_acme)
    listed = registry.history(version.model).get()
    assert listed.accuracy == version.metrics["accuracy"]
    assert listed.interval == list(version.metrics["accuracy_interval"])
    assert "metrics" in listed.get_deferred_fields()
