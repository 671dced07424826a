from collections.abc import Callable

import pytest
from rest_framework.test import APIClient

from classifier import datasets, reader, training
from classifier.ml.errors import Problem
from classifier.models import Dataset
from tenants import isolation, jobs
from tenants.models import Organisation, Plan
from tests.classifier import rows
from tests.classifier.api.calls import API, UNKNOWN, csv, pointers, upload


def test_an_uploaded_csv_is_a_new_data_set_at_its_own_address(api: APIClient) -> None:
    response = upload(api, name="messages.csv")
    body = response.json()
    assert response.status_code == 201
    assert response["Location"] == f"{API}/datasets/{body['id']}"
    assert (body["object"], body["status"], body["name"]) == ("dataset", "validating", "messages")
    assert api.get(response["Location"]).json() == body


def test_jsonl_is_taken_as_well(api: APIClient, acme: Organisation) -> None:
    lines = '{"text": "a bill", "label": "billing"}\n{"text": "a crash", "label": "bug"}\n' * 10
    made = upload(api, lines, "messages.jsonl").json()
    with isolation.entered(acme):
        reader.validate(made["id"], tenant=acme.tenant)
    assert api.get(f"{API}/datasets/{made['id']}").json()["labels"] == {"billing": 10, "bug": 10}


def test_name_label_and_text_are_taken_from_the_form(api: APIClient, acme: Organisation) -> None:
    table = "label,kind,words\n" + "x,a,first words\ny,b,other words\n" * 10
    made = upload(api, table, name="t.csv", label="kind", text="words").json()
    with isolation.entered(acme):
        reader.validate(made["id"], tenant=acme.tenant)
    read = api.get(f"{API}/datasets/{made['id']}").json()
    assert (read["label"], read["kind"]) == ("kind", "text")
    assert [column["name"] for column in read["columns"]] == ["words"]


def test_the_form_names_the_data_set(api: APIClient) -> None:
    response = api.post(f"{API}/datasets", {"file": csv(), "name": "Letters of May"}, format="multipart")
    assert response.json()["name"] == "Letters of May"


def test_a_ready_one_tells_columns_rows_labels_and_hash(api: APIClient, ready: Dataset) -> None:
    body = api.get(f"{API}/datasets/{ready.id}").json()
    assert (body["status"], body["rows"], body["parent"]) == ("ready", rows.COUNT, None)
    assert body["columns"][0].keys() >= {"name", "type", "missing", "distinct", "examples"}
    assert sum(body["labels"].values()) == rows.COUNT
    assert body["sha256"] == ready.sha256
    assert body["created_at"].endswith("Z")


def test_a_rejected_one_tells_rows_and_reasons(api: APIClient, acme: Organisation) -> None:
    with isolation.entered(acme):
        dataset = rows.handed_in(acme)
        datasets.reject(dataset=dataset, attempt=jobs.claim(dataset.id) or 0, problems=[Problem(3, "ragged", "Short.")])
    body = api.get(f"{API}/datasets/{dataset.id}").json()
    assert (body["status"], body["problems"]) == (
        "rejected",
        [{"row": 3, "code": "ragged", "detail": "Short."}],
    )


def test_the_list_has_the_newest_first(api: APIClient) -> None:
    made = [upload(api).json()["id"] for _ in range(3)]
    page = api.get(f"{API}/datasets?limit=2").json()
    assert [dataset["id"] for dataset in page["data"]] == made[:0:-1]
    rest = api.get(f"{API}/datasets?limit=2&after={page['next_cursor']}").json()
    assert [dataset["id"] for dataset in rest["data"]] == made[:1]
    assert (rest["has_more"], rest["next_cursor"]) == (False, None)


def test_the_report_tells_what_is_wrong_with_the_rows(api: APIClient, acme: Organisation) -> None:
    with isolation.entered(acme):
        dataset = rows.ready(acme, rows.MESSAGES + rows.LINES[0] + "\n" + "something odd,rare\n")
    body = api.get(f"{API}/datasets/{dataset.id}/report").json()
    assert (body["object"], body["dataset"], body["rows"]) == ("report", dataset.id, rows.COUNT + 2)
    findings = {finding["code"]: finding for finding in body["findings"]}
    assert findings["duplicate_rows"]["rows"] == [rows.COUNT + 2]
    assert findings["rare_label"]["label"] == "rare"


def test_one_that_is_still_read_has_no_report(api: APIClient) -> None:
    response = api.get(f"{API}/datasets/{upload(api).json()['id']}/report")
    assert (response.status_code, response.json()["code"]) == (409, "conflict")


def test_a_deleted_one_is_gone(api: APIClient, ready: Dataset) -> None:
    address = f"{API}/datasets/{ready.id}"
    assert api.delete(address).status_code == 204
    assert [api.get(address).status_code, api.delete(address).status_code] == [404, 404]


def test_one_that_a_training_reads_cannot_be_deleted(api: APIClient, acme: Organisation, ready: Dataset) -> None:
    with isolation.entered(acme):
        training.start(organisation=acme, dataset=ready, model_name="support", by="alice")
    response = api.delete(f"{API}/datasets/{ready.id}")
    assert (response.status_code, response.json()["code"]) == (409, "conflict")


def test_one_whose_file_a_worker_reads_cannot_be_deleted(api: APIClient, acme: Organisation) -> None:
    with isolation.entered(acme):
        dataset = rows.handed_in(acme)
        jobs.claim(dataset.id)
    response = api.delete(f"{API}/datasets/{dataset.id}")
    assert (response.status_code, response.json()["code"]) == (409, "conflict")
    assert api.get(f"{API}/datasets/{dataset.id}").status_code == 200


def test_deleting_takes_the_scope_admin(key_with: Callable[..., APIClient], ready: Dataset) -> None:
    response = key_with("read", "train").delete(f"{API}/datasets/{ready.id}")
    assert (response.status_code, response.json()["code"]) == (403, "missing_scope")


def test_more_data_sets_than_the_plan_holds_are_refused(api: APIClient, acme: Organisation) -> None:
    Plan.objects.filter(pk=acme.plan_id).update(dataset_count=1)
    assert upload(api).status_code == 201
    response = upload(api)
    assert (response.status_code, response.json()["code"]) == (429, "quota_exceeded")
    assert int(response["Retry-After"]) > 0


@pytest.mark.parametrize("path", ["", "/rows", "/report"])
@pytest.mark.parametrize("name", [UNKNOWN["dataset"], "x" * 3000, "%00", "%ED%A0%80", "ds_%F0%9F%A6%8A"])
def test_an_id_that_is_none_is_404(api: APIClient, name: str, path: str) -> None:
    response = api.get(f"{API}/datasets/{name}{path}")
    assert (response.status_code, response.json()["code"]) == (404, "not_found")


@pytest.mark.parametrize("query", ["limit=0", "limit=", f"limit=000000005{'0' * 5000}", "after=ds_none", "after=%00"])
def test_a_wrong_page_is_422_and_names_the_parameter(api: APIClient, query: str) -> None:
    response = api.get(f"{API}/datasets?{query}")
    assert (response.status_code, pointers(response)) == (422, [f"/{query.partition('=')[0]}"])
