"""What deploy/on-kind brings to a cluster fits the chart, and is what Kubernetes knows."""

import re

import kubernetes_validate
import pytest
import yaml

from saas.instance import ROOT
from tests.deploy.chart import Rendered, parsed
from tests.deploy.conftest import render

BESIDE = parsed((ROOT / "deploy" / "on-kind.yaml").read_text())
SCRIPT = (ROOT / "deploy" / "on-kind").read_text()


@pytest.fixture(scope="module")
def made() -> Rendered:
    return render(yaml.safe_load((ROOT / "deploy" / "on-kind-values.yaml").read_text()))


def test_what_stands_beside_the_chart_are_objects_of_kubernetes() -> None:
    for each in BESIDE.objects:
        kubernetes_validate.validate(each, "1.34", strict=True)


def test_the_chart_runs_the_image_that_the_node_has(made: Rendered) -> None:
    images = {container["image"] for container in made.containers().values()}
    assert images == {"localhost/assort:kind"}
    assert f"kind load docker-image {images.pop()} " in SCRIPT


def test_files_are_on_the_claim_that_stands_beside_it(made: Rendered) -> None:
    volumes = [volume for pod in made.pods().values() for volume in pod.get("volumes", ())]
    claims = {volume["persistentVolumeClaim"]["claimName"] for volume in volumes if "persistentVolumeClaim" in volume}
    assert claims == set(BESIDE.of("PersistentVolumeClaim"))


def test_the_address_is_that_of_the_gateway_on_this_machine(made: Rendered) -> None:
    (ports,) = re.findall(r"port-forward service/assort-gateway (\d+):(\d+)", SCRIPT)
    assert int(ports[1]) in {port["port"] for port in made.of("Service")["gateway"]["spec"]["ports"]}
    assert f"address=http://127.0.0.1:{ports[0]}\n" in SCRIPT
    assert f"publicUrl: http://127.0.0.1:{ports[0]}\n" in (ROOT / "deploy" / "on-kind-values.yaml").read_text()


def test_the_fleet_is_scaled_by_keda(made: Rendered) -> None:
    assert set(made.of("ScaledObject")) == {"fleet"}
