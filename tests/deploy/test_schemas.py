"""Nothing here is refused by Helm's lint, by Kubernetes' schemas, by the chart's own, or by Compose's."""

import subprocess
import sys
from typing import Any

import helm_python
import kubernetes_validate
import pytest
import yaml

from saas import roles
from saas.instance import ROOT
from tests.deploy.chart import EVERYTHING, Rendered
from tests.deploy.conftest import CHART, render

COMPOSE = ROOT / "deploy" / "compose.yaml"
# Definitions of KEDA and of Prometheus' operator, which are not Kubernetes' own.
FOREIGN = {"ScaledObject", "PodMonitor"}
WARNING = 2


@pytest.mark.parametrize("version", ["1.27", "1.34"])
@pytest.mark.parametrize("release", ["default", "everything"], indirect=True)
def test_every_object_is_one_of_kubernetes(release: Rendered, version: str) -> None:
    own = [each for each in release.objects if each["kind"] not in FOREIGN]
    assert len(own) > 25
    for each in own:
        kubernetes_validate.validate(each, version, strict=True)


@pytest.mark.parametrize("values", [{}, yaml.safe_load(EVERYTHING.read_text())], ids=["default", "everything"])
def test_helm_finds_nothing_to_say(values: dict[str, Any]) -> None:
    report = helm_python.lint(CHART, values, strict=True)
    assert report["errors"] == []
    assert [each for each in report["messages"] if each["severity"] >= WARNING] == []


@pytest.mark.parametrize(
    "values",
    [
        {"fleat": {}},
        {"image": {"repository": "assort", "digest": "sha256:short"}},
        {"fleet": {"autoscaling": {"min": 0}}},
        {"dedicated": [{"slug": "acme"}]},
        {"dedicated": [{"slug": "acme", "tenant": "../../etc/passwd"}]},
        {"mlflow": {"artifactRoot": "/data"}},
        {"publicUrl": "assort.example"},
        {"user": 0},
    ],
    ids=str,
)
def test_values_that_mean_nothing_or_harm_are_refused(values: dict[str, Any]) -> None:
    with pytest.raises(helm_python.HelmError), helm_python.Chart.load(CHART) as chart:
        chart.validate_schema(values)


def test_without_autoscaling_the_numbers_are_those_of_the_values() -> None:
    off = {"autoscaling": {"enabled": False}}
    made = render({"gateway": {**off, "replicas": 4}, "web": off, "fleet": {**off, "replicas": 3}})
    numbers = {name: each["spec"]["replicas"] for name, each in made.of("Deployment").items()}
    assert (numbers["gateway"], numbers["web"], numbers["fleet"]) == (4, 2, 3)
    assert not made.of("HorizontalPodAutoscaler") | made.of("ScaledObject")


def test_the_compose_file_is_one() -> None:
    schema = ("--builtin-schema", "vendor.compose-spec")
    checked = subprocess.run(
        [sys.executable, "-m", "check_jsonschema", *schema, str(COMPOSE)], capture_output=True, text=True, check=False
    )
    assert checked.returncode == 0, checked.stdout


def test_in_the_compose_file_every_role_has_its_own_secrets_and_no_power() -> None:
    services = yaml.safe_load(COMPOSE.read_text())["services"]
    assert services.keys() == {*roles.ROLES, "postgres", "valkey"}
    for name, service in services.items():
        assert [file["path"] for file in service["env_file"]] == [f"secrets/{name}.env"]
        assert (service["read_only"], service["cap_drop"]) == (True, ["ALL"])
        assert name in {"postgres", "valkey"} or service["command"] == ["run", name]
    assert {name for name, service in services.items() if "ports" in service} == {"gateway", "mlflow"}
