"""An outside pipeline does what docs/outside-versions.md says, with MLflow's own client, and its version answers."""

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from saas import process
from saas.instance import ROOT
from tenants import ids
from tests.classifier.recorded import Registrar
from tests.end_to_end.stranger import Api
from tests.service import Service

PIPELINE = re.compile(r"```python\n(.+?)```", re.DOTALL)
SCRIPT = PIPELINE.findall((ROOT / "docs" / "outside-versions.md").read_text())[0]
# What an outside pipeline does beside training: it moves the alias of a registered model.
MOVE = """
import sys, time, mlflow
name, *numbers = sys.argv[1:]
client = mlflow.MlflowClient()
for number in numbers:
    client.set_registered_model_alias(name, "champion", number)
    time.sleep(0.7)
"""
# It registers somebody else's champion under a name of its own.
STEAL = """
import sys, mlflow
theirs, ours = sys.argv[1:]
client = mlflow.MlflowClient()
place = client.get_model_version_download_uri(theirs, "1")
made = client.create_model_version(ours, source=place)
client.set_registered_model_alias(ours, "champion", made.version)
"""


class Pipeline:
    """Somebody with MLflow's client and the organisation's id."""

    def __init__(self, registrar: Registrar, tenant: str, folder: Path) -> None:
        self.registrar, self.tenant, self.folder = registrar, tenant, folder

    def run(self, script: str, *arguments: str) -> None:
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(self.folder),
            "PYTHONPATH": str(ROOT),
            "ORGANISATION": self.tenant,
            "MLFLOW_TRACKING_URI": self.registrar.environment["MLFLOW_DATABASE_URL"],
        }
        command = [sys.executable, "-c", script, *arguments]
        ended = subprocess.run(
            command, cwd=self.folder, env=environment, capture_output=True, text=True, check=False, timeout=120
        )
        assert ended.returncode == 0, ended.stderr

    def move(self, model: str, *numbers: int) -> None:
        """Make one version after the other champion, a little apart."""
        self.run(MOVE, f"{self.tenant}.{model}", *map(str, numbers))

    def refused(self, model: str, number: int) -> bool:
        """Whether the version says why it is refused, within a minute."""
        return process.wait_for(lambda: bool(self.reason(model, number)), 60)

    def reason(self, model: str, number: int) -> str:
        return self.registrar.tag(self.tenant, model, number, "assort.refused") or ""


@pytest.fixture
def pipeline(service: Service, api: Api, csv_file: Path, tmp_path: Path) -> Pipeline:
    """A pipeline with the rows that version 1 of `support` was trained on, when that version is recorded."""
    api.train(api.upload(csv_file)["id"], "support")
    tenant = api.get("me")["organisation"]["id"].removeprefix("org_")
    registrar = Registrar(service)
    assert registrar.has_champion(tenant, "support", 1, seconds=60)
    return Pipeline(registrar, tenant, tmp_path)


def answers(api: Api, version: int) -> bool:
    found = api.classify("support", ["my password is wrong"]).json()
    return bool(found["version"] == version and found["results"][0]["label"] == "account")


def test_a_version_of_an_outside_pipeline_answers(pipeline: Pipeline, api: Api) -> None:
    pipeline.run(SCRIPT)
    assert process.wait_for(lambda: answers(api, 2), 30), pipeline.registrar.log()
    version = api.get("models/support/versions/2")
    assert version["created_by"] == "MLflow"
    assert version["verdict"].startswith("Promoted in MLflow: On the same")
    assert pipeline.registrar.has_champion(pipeline.tenant, "support", 2, seconds=60)
    assert pipeline.registrar.versions(pipeline.tenant, "support")[2] == version["id"]


def test_our_own_versions_go_on_counting_after_it(pipeline: Pipeline, api: Api, csv_file: Path) -> None:
    pipeline.run(SCRIPT)
    assert process.wait_for(lambda: answers(api, 2), 30)
    api.train(api.upload(csv_file)["id"], "support")
    ours = api.get("models/support/versions/3")["id"]
    assert pipeline.registrar.outcome(ours) == "succeeded"
    assert pipeline.registrar.versions(pipeline.tenant, "support")[3] == ours


def test_the_alias_rolls_back_to_a_version_of_ours(pipeline: Pipeline, api: Api) -> None:
    pipeline.run(SCRIPT)
    assert process.wait_for(lambda: answers(api, 2), 30)
    pipeline.move("support", 1)
    assert process.wait_for(lambda: answers(api, 1), 30)
    pipeline.move("support", 2, 1, 2)  # To and fro: the last word counts.
    assert pipeline.registrar.has_champion(pipeline.tenant, "support", 2, seconds=60)
    assert answers(api, 2)


def test_a_version_that_lacks_a_label_is_refused_and_the_alias_goes_back(
    pipeline: Pipeline, api: Api, csv_file: Path
) -> None:
    lines = csv_file.read_text().splitlines(keepends=True)
    csv_file.write_text("".join(line for line in lines if not line.endswith(",bug\n")))
    pipeline.run(SCRIPT)
    assert pipeline.refused("support", 2)
    assert pipeline.registrar.has_champion(pipeline.tenant, "support", 1, seconds=60)
    assert pipeline.reason("support", 2) == "It does not know 'bug' of the champion's labels. Train it on all."
    assert answers(api, 1)


def test_a_pinned_model_does_not_follow_the_alias(pipeline: Pipeline, api: Api) -> None:
    api.client.patch("models/support", json={"policy": "pinned"}).raise_for_status()
    pipeline.run(SCRIPT)
    assert pipeline.refused("support", 2)
    assert pipeline.registrar.has_champion(pipeline.tenant, "support", 1, seconds=60)
    assert answers(api, 1)


def test_a_strangers_version_never_answers(
    pipeline: Pipeline, api: Api, service: Service, open_api: Callable[[str], Api], csv_file: Path
) -> None:
    stranger = open_api(service.create_organisation(f"globex-{ids.random_text(6)}", "carol@example.test")["key"])
    stranger.train(stranger.upload(csv_file)["id"], "secret")
    theirs = stranger.get("me")["organisation"]["id"].removeprefix("org_")
    assert pipeline.registrar.has_champion(theirs, "secret", 1, seconds=60)
    pipeline.run(STEAL, f"{theirs}.secret", f"{pipeline.tenant}.support")
    assert pipeline.refused("support", 2)
    assert "they are not in the organisation's part of the store" in pipeline.reason("support", 2)
    assert pipeline.registrar.has_champion(pipeline.tenant, "support", 1, seconds=60)
    assert answers(api, 1)
    assert list((pipeline.registrar.tenants / pipeline.tenant / "inbox").rglob("manifest.json")) == []
