import csv
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from rest_framework.test import APIClient

from classifier import later, stored
from classifier.loaded import LoadedModels
from classifier.models import Classification, ModelVersion
from classifier.results import DAY, Keeping
from tenants import isolation
from tenants.models import Organisation
from tests.classifier.api.calls import API, UNKNOWN, pointers

ANSWERS = f"{API}/classifications"


def accepted(organisation: Organisation, *inputs: str) -> Classification:
    with isolation.entered(organisation):
        return later.accept(
            later.Later(model="support", version=1, inputs=inputs, top_k=2, explain=False, api_key="key_of_nobody")
        )


@pytest.fixture
def answered(acme: Organisation, version: ModelVersion) -> Classification:
    """An accepted request about an invoice, which the worker has answered."""
    kept = accepted(acme, "the invoice and my refund")
    with isolation.entered(acme):
        stored.answer([kept.id], models=LoadedModels(acme.tenant))
    return kept


def test_an_accepted_request_waits_in_the_list(api: APIClient, acme: Organisation, version: ModelVersion) -> None:
    kept = accepted(acme, "hello")
    body = api.get(f"{ANSWERS}/{kept.id}").json()
    assert (body["object"], body["status"], body["results"]) == ("classification", "queued", None)
    assert (body["model"], body["version"]) == ("support", 1)
    assert body in api.get(ANSWERS).json()["data"]


def test_an_answered_one_has_labels_and_confidence_and_no_inputs(api: APIClient, answered: Classification) -> None:
    body = api.get(f"{ANSWERS}/{answered.id}").json()
    assert (body["status"], body["error"]) == ("succeeded", None)
    [result] = body["results"]
    assert (result["index"], result["label"]) == (0, "billing")
    assert result["confidence"] == result["scores"][0]["score"] >= result["scores"][1]["score"]
    assert "invoice" not in str(body)


def test_the_list_has_the_newest_first(api: APIClient, acme: Organisation, version: ModelVersion) -> None:
    made = [accepted(acme, "hello").id for _ in range(3)]
    page = api.get(f"{ANSWERS}?limit=2").json()
    assert [kept["id"] for kept in page["data"]] == made[:0:-1]
    rest = api.get(f"{ANSWERS}?limit=1&after={page['next_cursor']}").json()
    assert [kept["id"] for kept in rest["data"]] == made[:1]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("model=support", True),
        ("model=other", False),
        ("label=billing", True),
        ("label=bug", False),
        ("label=", False),
        ("abstained=true", False),
        ("abstained=false", True),
        ("confidence_min=0.3&confidence_max=1", True),
        ("confidence_max=0.1", False),
        (f"day={timezone.now():%Y-%m-%d}", True),
        ("day=2001-01-01", False),
        ("format=json&label=billing", True),
    ],
)
def test_filters_narrow_the_list(api: APIClient, answered: Classification, query: str, found: bool) -> None:
    ids = [kept["id"] for kept in api.get(f"{ANSWERS}?{query}").json()["data"]]
    assert (answered.id in ids) == found


WRONG = [
    *("model=%00", "label=a%00", "after=%00", "after=cls_none", "limit=x", "confidence_min=2", "confidence_max=nan"),
    *("day=Tuesday", "day=2026-02-30", "format=xml"),
]


@pytest.mark.parametrize("query", WRONG)
def test_a_wrong_parameter_is_422_and_named(api: APIClient, query: str) -> None:
    response = api.get(f"{ANSWERS}?{query}")
    assert (response.status_code, pointers(response)) == (422, [f"/{query.partition('=')[0]}"])


@pytest.mark.parametrize("name", [UNKNOWN["classification"], "x" * 3000, "%00"])
def test_an_id_that_is_none_is_404(api: APIClient, name: str) -> None:
    assert api.get(f"{ANSWERS}/{name}").status_code == 404


@pytest.mark.parametrize("asked", [{"query": "?format=csv"}, {"query": "", "HTTP_ACCEPT": "text/csv, */*;q=0.1"}])
def test_the_list_comes_as_a_csv_too(api: APIClient, answered: Classification, asked: dict[str, Any]) -> None:
    query = asked.pop("query")
    response = api.get(ANSWERS + query, **asked)
    assert response.headers["Content-Type"].startswith("text/csv")
    [row] = csv.DictReader(b"".join(response.streaming_content).decode().splitlines())  # type: ignore[attr-defined]  # a file's
    assert (row["id"], row["label"], row["input"]) == (answered.id, "billing", "")


def test_a_stranger_finds_none_of_it(stranger_api: APIClient, answered: Classification) -> None:
    assert stranger_api.get(f"{ANSWERS}/{answered.id}").status_code == 404
    assert answered.id not in str(stranger_api.get(ANSWERS).json())


def test_a_key_that_may_only_read_sees_no_answers(key_with: Any, answered: Classification) -> None:
    assert key_with("read").get(f"{ANSWERS}?format=csv").status_code == 403


def test_inputs_of_a_request_for_later_are_kept_where_it_is_wanted(
    api: APIClient, acme: Organisation, version: ModelVersion
) -> None:
    with isolation.entered(acme):
        kept = later.accept(later.Later(
            model="support", version=1, inputs=["my login"], top_k=1, explain=False, api_key="",
            keeping=Keeping(30 * DAY, inputs=True)))  # fmt: skip
        stored.answer([kept.id], models=LoadedModels(acme.tenant))
    body = api.get(f"{ANSWERS}/{kept.id}").json()
    assert body["inputs"] == ["my login"]
    assert body["expires_at"] > (timezone.now() + timedelta(days=29)).isoformat()
