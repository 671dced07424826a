from typing import Any

import pytest
from rest_framework.test import APIClient

from classifier import trainer, training
from classifier.models import Dataset, Model, ModelVersion
from tenants import isolation, jobs
from tenants.models import Organisation, Plan
from tests.classifier import rows
from tests.classifier.api.calls import API, UNKNOWN, pointers, upload

JOBS = f"{API}/training_jobs"


def start(api: APIClient, dataset: str, model: str = "support", **options: Any) -> Any:
    return api.post(JOBS, {"dataset": dataset, "model": model, "options": options}, format="json")


def test_a_training_is_accepted_and_has_an_address(api: APIClient, ready: Dataset) -> None:
    response = start(api, ready.id, quality="fast", seed=7)
    body = response.json()
    assert response.status_code == 202
    assert response["Location"] == f"{JOBS}/{body['id']}"
    assert (body["object"], body["status"], body["dataset"]) == ("training_job", "queued", ready.id)
    assert body["progress"] == {"percent": 0, "stage": "queued", "eta_seconds": None}
    assert body["options"] == {"quality": "fast", "seed": 7}
    assert api.get(response["Location"]).json() == body


def test_options_may_be_left_out(api: APIClient, ready: Dataset) -> None:
    assert api.post(JOBS, {"dataset": ready.id, "model": "support"}, format="json").status_code == 202


def test_the_model_is_made_at_its_first_training(api: APIClient, ready: Dataset) -> None:
    start(api, ready.id, "brand-new")
    model = api.get(f"{API}/models/brand-new").json()
    assert (model["champion"], model["labels"], model["policy"]) == (None, [], "auto")


def test_a_finished_one_names_its_version(api: APIClient, acme: Organisation, ready: Dataset) -> None:
    made = start(api, ready.id).json()["id"]
    with isolation.entered(acme):
        trainer.train(made, tenant=acme.tenant)
    body = api.get(f"{JOBS}/{made}").json()
    assert (body["status"], body["version"], body["error"]) == ("succeeded", 1, None)
    assert body["progress"] == {"percent": 100, "stage": "succeeded", "eta_seconds": None}
    assert body["created_at"] <= body["started_at"] <= body["finished_at"]


def test_a_failed_one_says_why(api: APIClient, acme: Organisation, ready: Dataset) -> None:
    with isolation.entered(acme):
        job = training.start(organisation=acme, dataset=ready, model_name="support", by="alice")
        error = {"code": "cannot_train", "detail": "Add rows."}
        training.finish(job, job.Status.FAILED, "Add rows.", error=error)
    body = api.get(f"{JOBS}/{job.id}").json()
    assert (body["status"], body["error"], body["version"]) == ("failed", error, None)


def test_canceling_ends_a_waiting_one_at_once_and_again_changes_nothing(api: APIClient, ready: Dataset) -> None:
    made = start(api, ready.id).json()["id"]
    first = api.post(f"{JOBS}/{made}/cancel")
    again = api.post(f"{JOBS}/{made}/cancel")
    assert (first.status_code, first.json()["status"]) == (200, "canceled")
    assert (again.status_code, again.json()) == (200, first.json())


def test_a_running_one_is_told_to_stop(api: APIClient, acme: Organisation, ready: Dataset) -> None:
    made = start(api, ready.id).json()["id"]
    with isolation.entered(acme):
        jobs.claim(made)
    assert [api.post(f"{JOBS}/{made}/cancel").status_code for _ in range(2)] == [200, 200]
    with isolation.entered(acme):
        assert training.get(made).cancel_requested


def test_a_finished_one_stays_as_it_is_when_it_is_canceled(api: APIClient, version: ModelVersion) -> None:
    address = f"{JOBS}/{version.training_job.id}"
    before = api.get(address).json()
    assert api.post(f"{address}/cancel").json() == before
    assert before["status"] == "succeeded"


def test_events_tell_the_history_from_the_beginning(api: APIClient, version: ModelVersion) -> None:
    body = api.get(f"{JOBS}/{version.training_job.id}/events").json()
    stages = [event["stage"] for event in body["data"]]
    assert (stages[0], stages[-1]) == ("queued", "succeeded")
    assert all(event["id"].startswith("evt_") for event in body["data"])
    percents = [event["percent"] for event in body["data"]]
    assert percents == sorted(percents)


@pytest.mark.parametrize("accept", ["text/html", "nonsense", "application/xml;q=0.5"])
def test_whatever_a_client_accepts_it_gets_json(api: APIClient, version: ModelVersion, accept: str) -> None:
    response = api.get(f"{JOBS}/{version.training_job.id}/events", headers={"Accept": accept})
    assert (response.status_code, response["Content-Type"]) == (200, "application/json")


def test_the_list_has_the_newest_first(api: APIClient, ready: Dataset) -> None:
    made = [start(api, ready.id).json()["id"] for _ in range(3)]
    page = api.get(f"{JOBS}?limit=2").json()
    assert [job["id"] for job in page["data"]] == made[:0:-1]
    assert api.get(f"{JOBS}?after={page['next_cursor']}").json()["data"][0]["id"] == made[0]


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"dataset": None}, "/dataset"),
        ({"dataset": 5}, "/dataset"),
        ({"dataset": ["ds_x"]}, "/dataset"),
        ({"dataset": "x" * 25}, "/dataset"),
        ({"dataset": "a\0b"}, "/dataset"),
        ({"model": 5}, "/model"),
        ({"model": {"name": "a"}}, "/model"),
        ({"model": ""}, "/model"),
        ({"model": "Support"}, "/model"),
        ({"model": "-support"}, "/model"),
        ({"model": "assort.support"}, "/model"),
        ({"model": "a\0"}, "/model"),
        ({"model": "a" * 64}, "/model"),
        ({"options": []}, "/options"),
        ({"options": None}, "/options"),
        ({"options": "fast"}, "/options"),
        ({"options": {"quality": "perfect"}}, "/options/quality"),
        ({"options": {"quality": ["fast"]}}, "/options/quality"),
        ({"options": {"seed": -1}}, "/options/seed"),
        ({"options": {"seed": 2**31}}, "/options/seed"),
        ({"options": {"seed": 10**400}}, "/options/seed"),
        ({"options": {"seed": True}}, "/options/seed"),
    ],
)
def test_a_wrong_field_is_pointed_at(api: APIClient, ready: Dataset, change: dict[str, Any], pointer: str) -> None:
    response = api.post(JOBS, {"dataset": ready.id, "model": "support", **change}, format="json")
    assert (response.status_code, pointers(response)) == (422, [pointer])


@pytest.mark.parametrize("body", ["[]", '"x"', "7", "null", "true"])
def test_a_body_that_is_no_object_is_422(api: APIClient, body: str) -> None:
    response = api.post(JOBS, body, content_type="application/json")
    assert (response.status_code, pointers(response)) == (422, [""])


@pytest.mark.parametrize(
    "body", [" ", "{", "[" * 100_000, "{}x", "NaN", '{"model": "\\ud800"}', '{"seed": 1e999}', "\x00"]
)
def test_a_body_that_is_no_json_is_400(api: APIClient, body: str) -> None:
    response = api.post(JOBS, body, content_type="application/json")
    assert (response.status_code, response.json()["code"]) == (400, "malformed")


def test_an_empty_body_lacks_every_field(api: APIClient) -> None:
    response = api.post(JOBS, "", content_type="application/json")
    assert (response.status_code, pointers(response)) == (422, ["/dataset", "/model"])


@pytest.mark.parametrize("charset", ["utf-8", "rot13", "hex", "utf-16", "nonsense"])
def test_json_is_utf_8_whatever_the_header_says(api: APIClient, ready: Dataset, charset: str) -> None:
    body = f'{{"dataset": "{ready.id}", "model": "support"}}'.encode()
    assert api.post(JOBS, body, content_type=f"application/json; charset={charset}").status_code == 202


def test_an_unknown_data_set_is_404(api: APIClient) -> None:
    assert start(api, UNKNOWN["dataset"]).status_code == 404


def test_one_that_is_still_read_cannot_be_trained_on(api: APIClient) -> None:
    response = start(api, upload(api).json()["id"])
    assert (response.status_code, response.json()["code"]) == (409, "conflict")


def test_more_models_than_the_plan_holds_are_refused(api: APIClient, acme: Organisation, ready: Dataset) -> None:
    with isolation.entered(acme):
        held = Model.objects.count()
    Plan.objects.filter(pk=acme.plan_id).update(model_count=held + 1)
    assert start(api, ready.id, "first").status_code == 202
    response = start(api, ready.id, "second")
    assert (response.status_code, response.json()["code"]) == (429, "quota_exceeded")
    assert start(api, ready.id, "first").status_code == 202


@pytest.mark.parametrize("path", ["", "/cancel", "/events"])
@pytest.mark.parametrize("name", [UNKNOWN["job"], "x" * 3000, "%00"])
def test_an_id_that_is_none_is_404(api: APIClient, name: str, path: str) -> None:
    call = api.post if path == "/cancel" else api.get
    assert call(f"{JOBS}/{name}{path}").status_code == 404


def test_a_table_is_trained_as_well(api: APIClient, acme: Organisation) -> None:
    with isolation.entered(acme):
        dataset = rows.ready(acme, rows.TABLE)
    made = start(api, dataset.id, "sizes", quality="fast").json()["id"]
    with isolation.entered(acme):
        trainer.train(made, tenant=acme.tenant)
    model = api.get(f"{API}/models/sizes").json()
    assert (model["kind"], model["labels"]) == ("table", ["big", "small"])
