"""What is printed for an organisation with hosts of its own is what the chart makes of it."""

from pathlib import Path

import pytest
import yaml

from tenants.models import Organisation
from tests import universe
from tests.deploy.chart import parsed
from tests.deploy.conftest import render
from tests.service import Service


@pytest.fixture
def organisation(service: Service, committed: None) -> Organisation:
    founded, _ = universe.organisation("Apart", universe.person("ann"))
    return founded


def test_the_objects_are_those_of_the_chart(service: Service, organisation: Organisation, tmp_path: Path) -> None:
    slug, tenant = organisation.slug, organisation.tenant
    values = {
        "image": {"repository": "r.example/assort"},
        "dedicated": [{"slug": slug, "tenant": tenant, "replicas": 3}],
    }
    (tmp_path / "values.yaml").write_text(yaml.safe_dump(values))
    command = ("tenant", "deploy", slug, "--dry-run", "--namespace", "customers")
    printed = service.manage(*command, "--values", str(tmp_path / "values.yaml"))
    assert printed.returncode == 0, printed.stderr
    made, whole = parsed(printed.stdout), render(values)
    name = f"dedicated-{slug}"
    assert made.of("Deployment") == {name: whole.of("Deployment")[name]}
    assert made.of("Deployment")[name]["spec"]["replicas"] == 3
    assert made.of("NetworkPolicy") == {"dedicated": whole.of("NetworkPolicy")["dedicated"]}
    assert made.of("PodDisruptionBudget").keys() == {name}
    assert f"--dedicated {slug}={tenant}" in printed.stdout


def test_without_values_it_is_one_host_of_the_usual_kind(service: Service, organisation: Organisation) -> None:
    made = parsed(service.manage("tenant", "deploy", organisation.slug, "--dry-run").stdout)
    [deployment] = made.of("Deployment").values()
    assert deployment["spec"]["replicas"] == 1
    assert deployment["spec"]["template"]["spec"]["containers"][0]["args"] == [
        "run",
        "fleet",
        "--only",
        organisation.slug,
    ]


def test_nothing_is_printed_of_nobody_and_nothing_is_applied(service: Service, organisation: Organisation) -> None:
    assert "no active organisation" in service.manage("tenant", "deploy", "nobody", "--dry-run").stderr
    assert "--dry-run shows" in service.manage("tenant", "deploy", organisation.slug).stderr
