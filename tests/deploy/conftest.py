from collections.abc import Mapping
from typing import Any

import helm_python
import pytest
import yaml

from saas.instance import ROOT
from tests.deploy.chart import EVERYTHING, Rendered, parsed

CHART = ROOT / "deploy" / "chart"


def render(values: Mapping[str, Any]) -> Rendered:
    with helm_python.Chart.load(CHART) as chart:
        made = chart.render(dict(values), name="assort", namespace="customers")
    return parsed("\n---\n".join(text for name, text in made.items() if name.endswith(".yaml")))


@pytest.fixture(scope="session")
def default() -> Rendered:
    """What an installation gets that says nothing."""
    return render({})


@pytest.fixture(scope="session")
def everything() -> Rendered:
    """What one gets that turns everything on."""
    return render(yaml.safe_load(EVERYTHING.read_text()))


@pytest.fixture
def release(request: pytest.FixtureRequest) -> Rendered:
    """The one of the two that a test names."""
    rendered: Rendered = request.getfixturevalue(request.param)
    return rendered
