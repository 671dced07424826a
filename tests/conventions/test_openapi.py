"""The OpenAPI document: generated without a complaint, complete, and the one that is committed."""

import json
from typing import Any

import pytest
from django.core.management import call_command

from saas.instance import ROOT
from tests.isolation.test_matrix import CALLS

V1 = "/api/v1"
# The calls of the API's contract; outside tools rely on them.
CONTRACT = {
    f"{V1}/me": {"get"},
    f"{V1}/organisation": {"patch"},
    f"{V1}/api_keys": {"get", "post"},
    f"{V1}/api_keys/{{key_id}}": {"patch", "delete"},
    f"{V1}/usage": {"get"},
    f"{V1}/datasets": {"get", "post"},
    f"{V1}/datasets/{{dataset_id}}": {"get", "delete"},
    f"{V1}/datasets/{{dataset_id}}/rows": {"get", "post"},
    f"{V1}/datasets/{{dataset_id}}/report": {"get"},
    f"{V1}/training_jobs": {"get", "post"},
    f"{V1}/training_jobs/{{job_id}}": {"get"},
    f"{V1}/training_jobs/{{job_id}}/cancel": {"post"},
    f"{V1}/training_jobs/{{job_id}}/events": {"get"},
    f"{V1}/models": {"get"},
    f"{V1}/models/{{model}}": {"get", "patch", "delete"},
    f"{V1}/models/{{model}}/versions": {"get"},
    f"{V1}/models/{{model}}/versions/{{number}}": {"get", "patch"},
    f"{V1}/models/{{model}}/versions/{{number}}/silence": {"get"},
    f"{V1}/models/{{model}}/promote": {"post"},
    f"{V1}/models/{{model}}/rollback": {"post"},
    f"{V1}/models/{{model}}/classify": {"post"},
    f"{V1}/classifications": {"get"},
    f"{V1}/classifications/{{classification_id}}": {"get"},
}


@pytest.fixture(scope="module")
def generated(tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("openapi") / "openapi.json"
    call_command("spectacular", format="openapi-json", validate=True, fail_on_warn=True, file=str(path))
    return path.read_text()


@pytest.fixture(scope="module")
def document(generated: str) -> dict[str, Any]:
    return dict(json.loads(generated))


def operations(document: dict[str, Any]) -> list[dict[str, Any]]:
    return [operation for methods in document["paths"].values() for operation in methods.values()]


def test_the_committed_document_is_the_generated_one(generated: str) -> None:
    assert (ROOT / "openapi.json").read_text() == generated


def test_every_call_of_the_contract_is_in_it(document: dict[str, Any]) -> None:
    assert {path: set(methods) for path, methods in document["paths"].items()}.items() >= CONTRACT.items()


def test_every_route_is_in_it(document: dict[str, Any]) -> None:
    assert len(operations(document)) == len(CALLS)


def test_every_operation_has_a_name_of_its_own_and_a_summary(document: dict[str, Any]) -> None:
    names = [operation["operationId"] for operation in operations(document)]
    assert len(set(names)) == len(names)
    assert all(name.isidentifier() for name in names)
    assert all(operation["summary"] for operation in operations(document))


def test_every_operation_takes_a_key(document: dict[str, Any]) -> None:
    assert document["components"]["securitySchemes"]["key"]["scheme"] == "bearer"
    assert all(operation["security"] == [{"key": []}] for operation in operations(document))


def test_every_operation_tells_what_an_error_looks_like(document: dict[str, Any]) -> None:
    for operation in operations(document):
        refusals = {status: answer for status, answer in operation["responses"].items() if not status.startswith("2")}
        named = [document["components"]["responses"][answer["$ref"].rpartition("/")[2]] for answer in refusals.values()]
        problems = [answer["content"]["application/problem+json"]["schema"] for answer in named]
        assert refusals.keys() >= {"400", "401", "403", "429", "503"}
        assert all(schema == {"$ref": "#/components/schemas/Problem"} for schema in problems)


def test_names_of_components_suit_generated_clients(document: dict[str, Any]) -> None:
    names = list(document["components"]["schemas"])
    assert all(name.isidentifier() and name[0].isupper() for name in names)
    assert not [name for name in names if any(character.isdigit() for character in name)]


def test_what_is_served_is_the_same_document(client: Any, document: dict[str, Any]) -> None:
    assert json.loads(client.get("/api/schema").content) == document
