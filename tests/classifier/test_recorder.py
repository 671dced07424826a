"""What is asked of the recorder a second time, because nobody knows what became of the first, is done once."""

from collections.abc import Iterator

import pytest

from classifier.encoders import shelf
from classifier.registrar import environment
from classifier.registrar.assignments import Request
from classifier.registrar.child import Recorder, RecorderFailed
from tenants import ids
from tests.classifier import recorded
from tests.classifier.recorded import Registrar
from tests.service import Service


@pytest.fixture(scope="module")
def registrar(service: Service) -> Registrar:
    return Registrar(service)


@pytest.fixture(scope="module")
def recorder(registrar: Registrar) -> Iterator[Recorder]:
    """One of this module, beside the service's own."""
    recorder = Recorder(environment.recorder(registrar.environment))
    yield recorder
    recorder.end()


@pytest.fixture
def tenant(registrar: Registrar) -> str:
    tenant = ids.new_tenant()
    (registrar.tenants / tenant).mkdir()
    return tenant


def register(recorder: Recorder, registrar: Registrar, tenant: str, number: int) -> Request:
    """Have a version recorded, and return what was asked."""
    version_id = recorded.store(registrar, tenant, "support", number)
    asked: Request = {"do": "register", "tenant": tenant, "model": "support", "number": number}
    asked["version_id"] = version_id
    recorder.ask(asked)
    return asked


def runs(registrar: Registrar, tenant: str) -> int:
    statement = "SELECT 1 FROM runs JOIN experiments USING (experiment_id) WHERE experiments.name = %s"
    return len(registrar.mlflow(statement, tenant))


def test_a_version_is_recorded_once(recorder: Recorder, registrar: Registrar, tenant: str) -> None:
    asked = [register(recorder, registrar, tenant, number) for number in (1, 2)]
    for each in asked:
        recorder.ask(each)
    assert registrar.versions(tenant, "support") == {each["number"]: each["version_id"] for each in asked}
    assert runs(registrar, tenant) == 2


def test_an_encoder_is_recorded_once(recorder: Recorder, registrar: Registrar) -> None:
    sha256 = shelf.default()
    assert sha256 is not None
    name = shelf.library().get(sha256).name
    for _ in range(2):
        recorder.ask({"do": "register_encoder", "name": name, "sha256": sha256})
    tagged = "SELECT 1 FROM model_version_tags WHERE name = %s AND key = 'assort.sha256' AND value = %s"
    assert len(registrar.mlflow(tagged, f"assort.encoder.{name}", sha256)) == 1


@pytest.mark.parametrize("verb", ["unregister", "forget"])
def test_what_is_gone_goes_again_and_so_does_what_never_was(
    recorder: Recorder, registrar: Registrar, tenant: str, verb: str
) -> None:
    model: Request = {"model": "support"} if verb == "unregister" else {}
    recorder.ask({"do": verb, "tenant": ids.new_tenant(), **model})
    register(recorder, registrar, tenant, 1)
    for _ in range(2):
        recorder.ask({"do": verb, "tenant": tenant, **model})
        assert (registrar.versions(tenant, "support"), runs(registrar, tenant)) == ({}, 0)


def test_a_refusal_of_what_is_gone_in_mlflow_changes_nothing(
    recorder: Recorder, registrar: Registrar, tenant: str
) -> None:
    asked = register(recorder, registrar, tenant, 1)
    said: Request = {"version_id": "", "version": 0, "refused": "It is worse.", "champion": 1}
    recorder.ask({"do": "settle", "tenant": tenant, "model": "support", "number": 9, **said})
    assert registrar.versions(tenant, "support") == {1: asked["version_id"]}


def test_what_mlflow_does_not_know_is_no_success(recorder: Recorder, tenant: str) -> None:
    with pytest.raises(RecorderFailed, match="MlflowException"):
        recorder.ask({"do": "promote", "tenant": tenant, "model": "support", "number": 1})
