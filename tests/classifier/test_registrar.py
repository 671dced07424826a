import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from classifier.encoders import shelf
from classifier.ml.sentences import SentenceEncoder
from classifier.registrar import environment
from classifier.registrar.child import Recorder, RecorderFailed
from saas import process
from saas.instance import ROOT
from tenants import ids
from tests.classifier import recorded
from tests.classifier.recorded import INPUTS, Registrar
from tests.service import Service


@pytest.fixture
def registrar(service: Service) -> Registrar:
    return Registrar(service)


@pytest.fixture
def tenant(registrar: Registrar) -> str:
    tenant = ids.new_tenant()
    (registrar.tenants / tenant).mkdir()
    return tenant


def register(registrar: Registrar, tenant: str, subject: str, kind: str = "text") -> str:
    model, _, number = subject.partition("@")
    version_id = recorded.store(registrar, tenant, model, int(number), kind)
    return registrar.submit(tenant, "register", subject, version_id)


def runs(registrar: Registrar, tenant: str) -> list[str]:
    rows = registrar.mlflow(
        "SELECT r.run_uuid FROM runs r JOIN experiments e USING (experiment_id) WHERE e.name = %s", tenant
    )
    return [run for (run,) in rows]


def weights(registrar: Registrar, tenant: str) -> list[Path]:
    return list((registrar.recorded / tenant).rglob("arrays.bin"))


@pytest.mark.parametrize("kind", ["text", "table"])
def test_another_service_gets_our_answers_from_the_champion(
    registrar: Registrar, tenant: str, kind: str, tmp_path: Path
) -> None:
    job = register(registrar, tenant, "support@1", kind)
    registrar.route(tenant, "support", 1)
    assert registrar.outcome(job) == "succeeded"
    assert registrar.has_champion(tenant, "support", 1)
    answers = registrar.consume(f"{tenant}.support@champion", INPUTS[kind], cwd=tmp_path)
    served = recorded.trained(kind).served
    expected = served.probabilities(INPUTS[kind])
    for answer, probabilities in zip(answers, expected, strict=True):
        assert answer["label"] == served.labels[probabilities.argmax()]
        assert [answer[f"probability_{label}"] for label in served.labels] == pytest.approx(probabilities, abs=1e-12)


@pytest.fixture
def encoder(service: Service) -> SentenceEncoder:
    """The installation's own."""
    sha256 = shelf.default()
    assert sha256 is not None
    return shelf.library().get(sha256)


def test_another_service_gets_our_answers_from_a_model_with_an_encoder(
    registrar: Registrar, tenant: str, encoder: SentenceEncoder, tmp_path: Path
) -> None:
    served = recorded.with_encoder(encoder)
    version_id = recorded.store(registrar, tenant, "support", 1, served=served)
    assert registrar.outcome(registrar.submit(tenant, "register", "support@1", version_id)) == "succeeded"
    answers = registrar.consume(f"{tenant}.support/1", INPUTS["text"], cwd=tmp_path)
    expected = served.probabilities(INPUTS["text"]).max(axis=1)
    assert [answer["confidence"] for answer in answers] == pytest.approx(expected, abs=1e-6)
    (copied,) = (registrar.recorded / tenant).rglob(f"code/assort_ml/encoders/{encoder.sha256}/graph.onnx")
    requirements = (copied.parents[4] / "requirements.txt").read_text()
    assert {"onnxruntime", "tokenizers"} <= {line.partition("==")[0] for line in requirements.splitlines()}


def test_encoders_are_registered_with_their_licence_and_files(
    registrar: Registrar, tenant: str, encoder: SentenceEncoder
) -> None:
    registrar.outcome(register(registrar, tenant, "support@1"))
    tagged = "SELECT key, value FROM model_version_tags WHERE name = %s"
    name = f"assort.encoder.{encoder.name}"
    assert process.wait_for(lambda: bool(registrar.mlflow(tagged, name)), 30), registrar.log()
    noted = dict(registrar.mlflow(tagged, name))
    assert (noted["assort.sha256"], noted["assort.licence"]) == (encoder.sha256, "apache-2.0")
    # Other tests may have added others.
    manifests = (registrar.recorded / "encoders").rglob("encoder.json")
    assert encoder.sha256 in {hashlib.sha256(manifest.read_bytes()).hexdigest() for manifest in manifests}


def test_a_version_is_recorded_with_all_that_is_known_of_it(registrar: Registrar, tenant: str) -> None:
    registrar.outcome(register(registrar, tenant, "support@1"))
    (run,) = runs(registrar, tenant)
    params = dict(registrar.mlflow("SELECT key, value FROM params WHERE run_uuid = %s", run))
    metrics = dict(registrar.mlflow("SELECT key, value FROM metrics WHERE run_uuid = %s", run))
    tags = dict(registrar.mlflow("SELECT key, value FROM tags WHERE run_uuid = %s", run))
    assert params == {"quality": "auto", "seed": "0"}
    assert metrics["accuracy"] == recorded.trained("text").evaluation.accuracy
    assert tags["assort.dataset_sha256"] == "5" * 64
    assert tags["assort.library.scikit-learn"] == "1.9.1"
    (matrix,) = (registrar.recorded / tenant).rglob("confusion_matrix.json")
    confusion = recorded.trained("text").evaluation.to_json()["confusion"]
    assert json.loads(matrix.read_text())["cells"] == list(confusion)


def test_what_is_recorded_holds_no_pickle_and_no_rows(registrar: Registrar, tenant: str) -> None:
    registrar.outcome(register(registrar, tenant, "support@1"))
    folder = registrar.recorded / tenant
    suffixes = {path.suffix for path in folder.rglob("*") if path.is_file()}
    assert suffixes == {"", ".bin", ".json", ".npy", ".py", ".txt", ".yaml"}
    (description,) = folder.rglob("MLmodel")
    assert "examples" not in description.read_text()


def test_mlflow_counts_as_we_do_when_jobs_come_in_the_wrong_order(registrar: Registrar, tenant: str) -> None:
    first = recorded.store(registrar, tenant, "support", 1)
    second = register(registrar, tenant, "support@2")
    assert registrar.outcome(second) == "succeeded"
    assert registrar.outcome(registrar.submit(tenant, "register", "support@1", first)) == "succeeded"
    assert registrar.versions(tenant, "support") == {1: first, 2: second}


def test_a_number_whose_files_are_lost_stays_taken(registrar: Registrar, tenant: str) -> None:
    third = register(registrar, tenant, "support@3")
    assert registrar.outcome(third) == "succeeded"
    assert registrar.versions(tenant, "support") == {1: None, 2: None, 3: third}


def test_a_version_that_is_registered_is_not_registered_again(registrar: Registrar, tenant: str) -> None:
    job = register(registrar, tenant, "support@1")
    registrar.outcome(job)
    registrar.public("UPDATE job SET state = 'queued', outcome = '', finished_at = NULL WHERE id = %s", job)
    assert registrar.outcome(job) == "succeeded"
    assert registrar.versions(tenant, "support") == {1: job}
    assert len(runs(registrar, tenant)) == 1


@pytest.mark.parametrize("moment", ["experiments", "runs", "logged_models", "registered_models"])
def test_a_kill_in_the_middle_registers_nothing_twice(registrar: Registrar, tenant: str, moment: str) -> None:
    reached = f"SELECT 1 FROM {moment} WHERE {_OF_TENANT[moment]}"
    job = register(registrar, tenant, "support@1")
    assert process.wait_for(lambda: bool(registrar.mlflow(reached, tenant)), 20)
    registrar.kill()
    assert registrar.outcome(job) == "succeeded"
    assert registrar.versions(tenant, "support") == {1: job}
    assert len(runs(registrar, tenant)) == len(weights(registrar, tenant)) == 1


_OF_EXPERIMENT = "experiment_id IN (SELECT experiment_id FROM experiments WHERE name = %s)"
_OF_TENANT = {
    "experiments": "name = %s",
    "runs": _OF_EXPERIMENT,
    "logged_models": _OF_EXPERIMENT,
    "registered_models": "starts_with(name, %s)",
}


def test_the_champion_follows_promotion_and_roll_back(registrar: Registrar, tenant: str) -> None:
    registrar.outcome(register(registrar, tenant, "support@1"))
    registrar.outcome(register(registrar, tenant, "support@2"))
    for version in (1, 2, 1):
        registrar.route(tenant, "support", version)
        assert registrar.has_champion(tenant, "support", version)


def test_a_damaged_artefact_is_not_recorded(registrar: Registrar, tenant: str) -> None:
    version_id = recorded.store(registrar, tenant, "support", 1)
    weights = registrar.tenants / tenant / "models/support/1/served/arrays.bin"
    weights.write_bytes(weights.read_bytes()[:-1] + b"!")
    registrar.submit(tenant, "register", "support@1", version_id, attempt=9)
    assert registrar.outcome(version_id) == "failed"
    assert registrar.versions(tenant, "support") == {}
    assert "arrays.bin has changed" in registrar.log()


def test_a_failed_attempt_is_counted_and_tried_again(registrar: Registrar, tenant: str) -> None:
    version_id = recorded.store(registrar, tenant, "support", 1)
    folder = registrar.tenants / tenant / "models/support/1"
    folder.rename(folder.with_name("away"))
    registrar.submit(tenant, "register", "support@1", version_id)
    tried = "SELECT 1 FROM job WHERE id = %s AND state = 'queued' AND attempt > 0"
    assert process.wait_for(lambda: bool(registrar.public(tried, version_id)), 20)
    folder.with_name("away").rename(folder)
    assert registrar.outcome(version_id) == "succeeded"


def test_a_link_into_another_organisations_folder_is_not_followed(registrar: Registrar, tenant: str) -> None:
    victim = ids.new_tenant()
    version_id = recorded.store(registrar, victim, "secret", 1)
    theirs = registrar.tenants / victim / "models" / "secret"
    ours = registrar.tenants / tenant / "models" / "secret"
    ours.parent.mkdir()
    ours.symlink_to(theirs)
    registrar.submit(tenant, "register", "secret@1", version_id, attempt=9)
    assert registrar.outcome(version_id) == "failed"
    assert registrar.versions(tenant, "secret") == {}


@pytest.mark.parametrize("subject", ["../../etc@1", "support@0", "support", "@1", ""])
def test_a_subject_that_cannot_be_meant_fails_at_once(registrar: Registrar, tenant: str, subject: str) -> None:
    assert registrar.outcome(registrar.submit(tenant, "register", subject, ids.new("mv"))) == "failed"


def test_a_deleted_model_leaves_nothing_and_its_name_counts_anew(registrar: Registrar, tenant: str) -> None:
    registrar.outcome(register(registrar, tenant, "support@1"))
    kept = register(registrar, tenant, "other@1")
    registrar.outcome(kept)
    assert registrar.outcome(registrar.submit(tenant, "unregister", "support")) == "succeeded"
    assert registrar.versions(tenant, "support") == {}
    assert registrar.versions(tenant, "other") == {1: kept}
    assert len(runs(registrar, tenant)) == len(weights(registrar, tenant)) == 1
    shutil.rmtree(registrar.tenants / tenant / "models" / "support")
    again = register(registrar, tenant, "support@1")
    registrar.outcome(again)
    assert registrar.versions(tenant, "support") == {1: again}


def test_nothing_is_left_of_a_deleted_organisation(registrar: Registrar, tenant: str) -> None:
    registrar.outcome(register(registrar, tenant, "support@1"))
    registrar.public(
        "INSERT INTO organisation"
        " (tenant, schema_name, name, slug, plan_id, status, retention, keep_inputs, created_at)"
        " SELECT %s, %s, 'gone', %s, name, 'deleted', '24h', false, now() FROM plan LIMIT 1",
        *(tenant, f"t_{tenant}", f"deleted-{tenant}"),
    )
    left = "SELECT name FROM experiments WHERE name = %s UNION SELECT name FROM registered_models WHERE name = %s"
    assert process.wait_for(lambda: not registrar.mlflow(left, tenant, f"{tenant}.support"), 10)
    assert process.wait_for(lambda: not (registrar.recorded / tenant).exists(), 10)


def test_while_mlflows_database_is_down_jobs_wait_without_failing(registrar: Registrar, tenant: str) -> None:
    registrar.mlflow("ALTER DATABASE assort_mlflow CONNECTION LIMIT 0")
    # From the main database: ours is closed to this very login now.
    end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'assort_mlflow'"
    recorded.query(registrar.environment["DATABASE_URL"], end)
    job = register(registrar, tenant, "support@1")
    assert process.wait_for(lambda: "everything to record waits" in registrar.log(), 20)
    assert registrar.public("SELECT state, attempt FROM job WHERE id = %s", job) == [("queued", 0)]
    recorded.query(registrar.environment["DATABASE_URL"], "ALTER DATABASE assort_mlflow CONNECTION LIMIT -1")
    assert registrar.outcome(job) == "succeeded"


def test_the_registrar_itself_loads_neither_mlflow_nor_django() -> None:
    program = "import sys, classifier.registrar.__main__; print({'mlflow', 'django', 'numpy'} & set(sys.modules))"
    ended = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    assert ended.stdout == "set()\n"


def test_the_recorder_ends_when_it_has_been_idle(registrar: Registrar) -> None:
    recorder = Recorder(environment.recorder(registrar.environment), idle_seconds=0.0)
    with pytest.raises(RecorderFailed, match="NotATenant"):
        recorder.ask({"do": "forget", "tenant": ".."})
    assert recorder.pid is not None
    recorder.end_if_idle()
    assert recorder.pid is None


def test_a_recorder_that_was_killed_is_started_again(registrar: Registrar) -> None:
    recorder = Recorder(environment.recorder(registrar.environment))
    request: dict[str, str | int] = {"do": "forget", "tenant": ids.new_tenant()}
    recorder.ask(request)
    assert recorder.pid is not None
    os.kill(recorder.pid, signal.SIGKILL)
    os.waitid(os.P_PID, recorder.pid, os.WEXITED | os.WNOWAIT)
    recorder.ask(request)
    recorder.end()


def test_a_login_that_may_do_more_is_refused(registrar: Registrar) -> None:
    owner = registrar.environment | {"DATABASE_URL": registrar.service.instance.owner_database_url()}
    command = [sys.executable, "-m", "classifier.registrar"]
    ended = subprocess.run(command, cwd=ROOT, env=owner, capture_output=True, text=True, check=False, timeout=20)
    assert ended.returncode != 0
    assert "is not the login assort_registrar" in ended.stderr


def test_versions_lie_on_the_storage_that_is_named_and_not_in_the_data(
    registrar: Registrar, tenant: str, tmp_path: Path
) -> None:
    version_id = recorded.store(registrar, tenant, "support", 1, "text")
    told = registrar.environment | {"ASSORT_MLFLOW_ARTIFACTS": (tmp_path / "storage").as_uri()}
    recorder = Recorder(environment.recorder(told))
    recorder.ask({"do": "register", "tenant": tenant, "model": "support", "number": 1, "version_id": version_id})
    recorder.end()
    assert list((tmp_path / "storage" / tenant).rglob("arrays.bin"))
    assert not (registrar.recorded / tenant).exists()
    answers = registrar.consume(f"{tenant}.support/1", INPUTS["text"], cwd=tmp_path)
    assert len(answers) == len(INPUTS["text"])
