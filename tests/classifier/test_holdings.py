"""What the registrar reads of MLflow, and of whom it lets a name in MLflow speak."""

import psycopg
import pytest

from classifier.registrar import assignments
from classifier.registrar.assignments import AskedFor
from classifier.registrar.holdings import Holdings, RegistryDown
from tenants import ids
from tests import universe
from tests.service import Service


def test_a_version_that_mlflow_does_not_have_is_none(service: Service) -> None:
    holdings = Holdings(service.instance.environment("registrar")["MLFLOW_DATABASE_URL"])
    assert holdings.registered(f"{ids.new_tenant()}.support", 1) is None
    holdings.close()


def test_a_database_that_does_not_answer_is_told_apart_from_an_empty_one() -> None:
    holdings = Holdings("postgresql://nobody@127.0.0.1:1/mlflow")
    for _ in range(2):
        with pytest.raises(RegistryDown):
            holdings.is_ready()


def test_a_name_in_mlflow_is_a_model_of_an_active_organisation_or_nobodys(committed: None, service: Service) -> None:
    made, _ = universe.organisation("Initech", universe.person("peter"))
    with psycopg.connect(service.instance.environment("registrar")["DATABASE_URL"]) as public:
        assert assignments.asked_for(public, f"{made.tenant}.support") == AskedFor(made.tenant, "support", None)
        for name in ("support", f"{made.tenant}.../etc", f"{made.tenant}.Support", f"{ids.new_tenant()}.support"):
            assert assignments.asked_for(public, name) is None
