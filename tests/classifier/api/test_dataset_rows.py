from typing import Any

import pytest
from rest_framework.test import APIClient

from classifier import reader
from classifier.models import Dataset, EvaluatedRow, ModelVersion
from tenants import isolation
from tenants.models import Organisation, Plan
from tests.classifier import rows
from tests.classifier.api.calls import API, UNKNOWN, csv, left_behind, pointers, upload

ROW = {"text": "my invoice is wrong", "label": "billing"}


def add(api: APIClient, dataset: Dataset, body: Any, **options: Any) -> Any:
    return api.post(f"{API}/datasets/{dataset.id}/rows", body, **{"format": "json", **options})


# --- Reading ---------------------------------------------------------------------------------------------------------


def test_rows_come_in_the_order_of_the_file(api: APIClient, ready: Dataset) -> None:
    page = api.get(f"{API}/datasets/{ready.id}/rows?limit=2").json()
    text, _, label = rows.LINES[0].partition(",")
    assert page["data"][0].keys() == {"number", "inputs", "label", "held_out"}
    assert (page["data"][0]["inputs"], page["data"][0]["label"]) == ({"text": text}, label)
    assert [row["number"] for row in page["data"]] == [2, 3]


def test_pages_go_on_after_the_last_row(api: APIClient, ready: Dataset) -> None:
    address, numbers, after = f"{API}/datasets/{ready.id}/rows?limit=25", [], "0"
    while after is not None:
        page = api.get(f"{address}&after={after}").json()
        numbers += [row["number"] for row in page["data"]]
        assert page["has_more"] == (page["next_cursor"] is not None)
        after = page["next_cursor"]
    assert numbers == list(range(2, rows.COUNT + 2))


def test_a_label_narrows_the_rows(api: APIClient, ready: Dataset) -> None:
    page = api.get(f"{API}/datasets/{ready.id}/rows?label=bug&limit=100").json()
    assert len(page["data"]) == ready.labels["bug"]
    assert {row["label"] for row in page["data"]} == {"bug"}


def test_an_unknown_label_has_no_rows(api: APIClient, ready: Dataset) -> None:
    assert api.get(f"{API}/datasets/{ready.id}/rows?label=none").json()["data"] == []


def test_each_cell_of_the_confusion_matrix_opens_down_to_its_rows(api: APIClient, version: ModelVersion) -> None:
    assert sum(cell["count"] for cell in version.metrics["confusion"]) == version.metrics["rows"]
    for cell in version.metrics["confusion"]:
        query = f"label={cell['actual']}&predicted={cell['predicted']}&limit=100"
        page = api.get(f"{API}/datasets/{version.dataset_id}/rows?{query}").json()
        assert len(page["data"]) == cell["count"]
        said = {(row["label"], row["predicted"]) for row in page["data"]}
        assert said == {(cell["actual"], cell["predicted"])}


def test_a_row_behind_a_cell_tells_how_sure_the_model_was(
    api: APIClient, acme: Organisation, version: ModelVersion
) -> None:
    with isolation.entered(acme):
        said = EvaluatedRow.objects.filter(version=version).order_by("number")[0]
    page = api.get(f"{API}/datasets/{version.dataset_id}/rows?predicted={said.predicted}").json()
    assert (page["data"][0]["number"], page["data"][0]["confidence"]) == (said.number, said.confidence)


def test_without_a_model_there_is_nothing_behind_a_cell(api: APIClient, ready: Dataset) -> None:
    assert api.get(f"{API}/datasets/{ready.id}/rows?predicted=bug").json()["data"] == []


@pytest.mark.parametrize(
    "query", ["limit=0", "limit=101", "after=x", "after=-1", "after=" + "9" * 5000, "label=%00", "predicted=%00"]
)
def test_a_wrong_parameter_is_422_and_named(api: APIClient, ready: Dataset, query: str) -> None:
    response = api.get(f"{API}/datasets/{ready.id}/rows?{query}")
    assert (response.status_code, pointers(response)) == (422, [f"/{query.partition('=')[0]}"])


# --- Adding ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("body", [[ROW], {"rows": [ROW]}])
def test_added_rows_make_a_child_with_its_own_address(api: APIClient, ready: Dataset, body: Any) -> None:
    response = add(api, ready, body)
    made = response.json()
    assert response.status_code == 201
    assert response["Location"] == f"{API}/datasets/{made['id']}"
    assert (made["parent"], made["status"]) == (ready.id, "validating")


def test_the_child_has_the_rows_of_both(api: APIClient, acme: Organisation, ready: Dataset) -> None:
    made = add(api, ready, [ROW, {**ROW, "text": None}, {"text": "twice 12", "label": True}]).json()
    with isolation.entered(acme):
        reader.validate(made["id"], tenant=acme.tenant)
    child = api.get(f"{API}/datasets/{made['id']}").json()
    assert (child["rows"], child["labels"]["billing"]) == (rows.COUNT + 2, ready.labels["billing"] + 1)
    assert api.get(f"{API}/datasets/{ready.id}").json()["rows"] == rows.COUNT


def test_rows_are_added_as_a_file_as_well(api: APIClient, acme: Organisation, ready: Dataset) -> None:
    made = add(api, ready, {"file": csv("label,text\nbug,it is broken again\n")}, format="multipart").json()
    with isolation.entered(acme):
        reader.validate(made["id"], tenant=acme.tenant)
    assert api.get(f"{API}/datasets/{made['id']}").json()["labels"]["bug"] == ready.labels["bug"] + 1


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ([], ""),
        ({}, "/rows"),
        ({"rows": []}, "/rows"),
        ({"rows": "x"}, "/rows"),
        (7, ""),
        ("x", ""),
        ([ROW, 7], "/1"),
        ([ROW, None], "/1"),
        ([{}], "/0"),
        ([[ROW]], "/0"),
        ({"rows": [ROW, 7]}, "/rows/1"),
        ([{"text": ["a"]}], "/0/text"),
        ([{"text": {"a": 1}}], "/0/text"),
        ([{"text": "a\0b"}], "/0/text"),
        ([{"te\0xt": "a"}], "/0"),
    ],
)
def test_a_wrong_row_is_pointed_at(api: APIClient, acme: Organisation, ready: Dataset, body: Any, pointer: str) -> None:
    response = add(api, ready, body)
    assert (response.status_code, pointers(response)) == (422, [pointer])
    assert left_behind(acme) == []


@pytest.mark.parametrize(
    "body", ['[{"text": "\\ud800"}]', '[{"te\\udc00": "a"}]', '[{"text": NaN}]', "[" * 100_000, " "]
)
def test_a_body_that_is_no_json_in_unicode_is_400(api: APIClient, ready: Dataset, body: str) -> None:
    response = add(api, ready, body, format=None, content_type="application/json")
    assert (response.status_code, response.json()["code"]) == (400, "malformed")


@pytest.mark.parametrize("fields", [{}, {"rows": "x"}, {"file": "x"}, {"file": csv("")}])
def test_a_form_without_a_file_points_at_it(
    api: APIClient, acme: Organisation, ready: Dataset, fields: dict[str, Any]
) -> None:
    response = add(api, ready, fields, format="multipart")
    assert (response.status_code, pointers(response)) == (422, ["/file"])
    assert left_behind(acme) == []


def test_more_rows_than_a_request_may_have_are_422(api: APIClient, ready: Dataset) -> None:
    response = add(api, ready, [{"text": "a"}] * 10_001)
    assert (response.status_code, pointers(response)) == (422, [""])


def test_rows_beyond_the_plan_are_413_however_they_come(
    api: APIClient, acme: Organisation, ready: Dataset, small_plan: Plan
) -> None:
    assert add(api, ready, [{**ROW, "text": "x" * 300}]).status_code == 413
    assert add(api, ready, {"file": csv("x" * 300)}, format="multipart").status_code == 413
    assert left_behind(acme) == []


def test_a_json_body_beyond_all_measure_is_413(api: APIClient, ready: Dataset) -> None:
    response = add(api, ready, [{"text": "x" * 1000}] * 11_000)
    assert (response.status_code, response.json()["code"]) == (413, "too_large")


@pytest.mark.parametrize("as_file", [True, False])
def test_one_that_is_still_read_takes_no_rows(api: APIClient, acme: Organisation, as_file: bool) -> None:
    made = upload(api).json()["id"]
    body, kind = ({"file": csv()}, "multipart") if as_file else ([ROW], "json")
    response = api.post(f"{API}/datasets/{made}/rows", body, format=kind)
    assert (response.status_code, response.json()["code"]) == (409, "conflict")
    assert left_behind(acme) == []


def test_an_unknown_data_set_takes_no_rows(api: APIClient, acme: Organisation) -> None:
    address = f"{API}/datasets/{UNKNOWN['dataset']}/rows"
    assert api.post(address, [ROW], format="json").status_code == 404
    assert api.post(address, {"file": csv()}, format="multipart").status_code == 404
    assert left_behind(acme) == []
