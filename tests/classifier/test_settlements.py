"""What an organisation's worker answers to a request stands in MLflow, and the alias is where it belongs."""

import json
from contextlib import closing

import pytest

from classifier.registrar import assignments
from classifier.registrar.holdings import Holdings
from classifier.registrar.requests import Requests
from tenants import ids
from tests.classifier import recorded
from tests.classifier.recorded import Registrar
from tests.service import Service


@pytest.fixture
def registrar(service: Service) -> Registrar:
    return Registrar(service)


@pytest.fixture
def tenant(registrar: Registrar) -> str:
    """Two recorded versions of `support`, of which the first answers."""
    tenant = ids.new_tenant()
    (registrar.tenants / tenant).mkdir()
    for number in (1, 2):
        version_id = recorded.store(registrar, tenant, "support", number)
        assert registrar.outcome(registrar.submit(tenant, "register", f"support@{number}", version_id)) == "succeeded"
    registrar.route(tenant, "support", 1)
    assert registrar.has_champion(tenant, "support", 1)
    return tenant


def settle(registrar: Registrar, tenant: str, number: int, **said: object) -> str:
    job = registrar.submit(tenant, "settle", f"support@{number}", note=json.dumps(said))
    return registrar.outcome(job)


def alias(registrar: Registrar, tenant: str) -> int | None:
    rows = registrar.mlflow("SELECT version FROM registered_model_aliases WHERE name = %s", f"{tenant}.support")
    return rows[0][0] if rows else None


def test_a_refused_version_says_why_and_the_alias_goes_back(registrar: Registrar, tenant: str) -> None:
    registrar.move(tenant, "support", 2)
    assert settle(registrar, tenant, 2, refused="It is worse.") == "succeeded"
    assert registrar.tag(tenant, "support", 2, "assort.refused") == "It is worse."
    assert registrar.has_champion(tenant, "support", 1)


def test_an_alias_that_was_moved_on_is_left_to_the_next_request(registrar: Registrar, tenant: str) -> None:
    assert settle(registrar, tenant, 2, refused="It is worse.") == "succeeded"
    registrar.move(tenant, "support", 2)
    assert settle(registrar, tenant, 1, refused="It is old.") == "succeeded"
    assert alias(registrar, tenant) == 2


def test_without_a_champion_the_alias_goes(registrar: Registrar, tenant: str) -> None:
    registrar.public("DELETE FROM route WHERE tenant = %s", tenant)
    assert settle(registrar, tenant, 1, refused="There is no model support.") == "succeeded"
    assert alias(registrar, tenant) is None


def test_a_version_that_answers_is_noted_and_a_later_promotion_moves_on(registrar: Registrar, tenant: str) -> None:
    registrar.move(tenant, "support", 2)
    registrar.route(tenant, "support", 2)
    version_id = registrar.versions(tenant, "support")[2]
    assert settle(registrar, tenant, 2, version_id=version_id, version=2) == "succeeded"
    assert registrar.has_champion(tenant, "support", 2)
    registrar.route(tenant, "support", 1)
    assert registrar.has_champion(tenant, "support", 1)


def test_a_version_that_has_another_number_here_is_found_by_its_tags(registrar: Registrar, tenant: str) -> None:
    registrar.mlflow(
        "DELETE FROM model_version_tags WHERE name = %s AND version = 2 AND key LIKE 'assort.version%%'",
        f"{tenant}.support",
    )
    registrar.move(tenant, "support", 2)
    version_id = ids.new("mv")
    assert settle(registrar, tenant, 2, version_id=version_id, version=7) == "succeeded"
    registrar.route(tenant, "support", 7)
    assert registrar.has_champion(tenant, "support", 2)
    assert registrar.tag(tenant, "support", 2, "assort.version") == "7"


def test_a_version_that_was_refused_and_answers_now_says_so_no_more(registrar: Registrar, tenant: str) -> None:
    settle(registrar, tenant, 2, refused="The model is pinned.")
    version_id = registrar.versions(tenant, "support")[2]
    settle(registrar, tenant, 2, version_id=version_id, version=2)
    assert registrar.tag(tenant, "support", 2, "assort.refused") is None


def test_a_version_that_is_gone_in_mlflow_is_recorded_from_our_files(registrar: Registrar, tenant: str) -> None:
    version_id = recorded.store(registrar, tenant, "support", 3)
    assert settle(registrar, tenant, 9, version_id=version_id, version=3) == "succeeded"
    assert registrar.versions(tenant, "support")[3] == version_id


@pytest.mark.parametrize(
    "said", [{"version_id": "../.."}, {"version": -1}, {"refused": "a" * 301}, {"version": "1"}, {"refused": None}]
)
def test_a_note_that_cannot_be_meant_fails_at_once(registrar: Registrar, said: dict[str, object]) -> None:
    assert settle(registrar, ids.new_tenant(), 1, **said) == "failed"


def test_an_alias_of_nobody_is_nobodys_request(registrar: Registrar, tenant: str) -> None:
    registrar.move(tenant, "support", 2)
    with (
        closing(Holdings(registrar.environment["MLFLOW_DATABASE_URL"])) as holdings,
        assignments.connect(registrar.environment["DATABASE_URL"]) as public,
    ):
        assert f"{tenant}.support" in holdings.moved()
        Requests(holdings, registrar.service.instance.data).look(public)
    assert registrar.public("SELECT 1 FROM job WHERE tenant = %s AND kind = 'adopt'", tenant) == []
    assert alias(registrar, tenant) == 2
