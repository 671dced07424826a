from datetime import timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone
from rest_framework.test import APIClient

from tenants import isolation
from tenants.models import ApiKey, Organisation, Plan
from tenants.records.models import IdempotencyKey


def create_key(api: APIClient, idempotency_key: str, name: str = "ci") -> Any:
    body = {"name": name, "scopes": ["read"]}
    return api.post("/api/v1/api_keys", body, format="json", headers={"Idempotency-Key": idempotency_key})


def test_the_same_post_takes_effect_once(api: APIClient, acme: Organisation) -> None:
    first, again = create_key(api, "a"), create_key(api, "a")
    assert again["Idempotent-Replayed"] == "true"
    assert (again.status_code, again.json()) == (first.status_code, first.json())
    assert again["Location"] == first["Location"]
    assert ApiKey.objects.filter(organisation=acme, name="ci").count() == 1


def test_without_the_header_each_post_takes_effect(api: APIClient, acme: Organisation) -> None:
    for _ in range(2):
        api.post("/api/v1/api_keys", {"name": "twice", "scopes": ["read"]}, format="json")
    assert ApiKey.objects.filter(organisation=acme, name="twice").count() == 2


def test_another_body_under_the_same_key_is_422(api: APIClient) -> None:
    create_key(api, "b")
    response = create_key(api, "b", name="other")
    assert (response.status_code, response.json()["code"]) == (422, "invalid_input")


def test_a_refused_request_may_be_mended_and_sent_again(api: APIClient) -> None:
    refused = api.post("/api/v1/api_keys", {}, format="json", headers={"Idempotency-Key": "c"})
    assert refused.status_code == 422
    assert create_key(api, "c").status_code == 201


def test_a_stranger_may_use_the_same_key(api: APIClient, stranger_api: APIClient) -> None:
    mine, theirs = create_key(api, "d"), create_key(stranger_api, "d")
    assert mine.json()["id"] != theirs.json()["id"]


def test_a_key_is_forgotten_after_a_day(api: APIClient, acme: Organisation) -> None:
    first = create_key(api, "e")
    with isolation.entered(acme):
        IdempotencyKey.objects.update(created_at=timezone.now() - timedelta(hours=25))
    assert create_key(api, "e").json()["id"] != first.json()["id"]


def test_a_key_of_300_characters_is_422(api: APIClient) -> None:
    assert create_key(api, "x" * 300).status_code == 422


def upload(api: APIClient, content: bytes, idempotency_key: str) -> Any:
    form = {"file": SimpleUploadedFile("messages.csv", content)}
    return api.post("/api/v1/datasets", form, format="multipart", headers={"Idempotency-Key": idempotency_key})


def test_the_same_upload_makes_one_data_set(api: APIClient) -> None:
    first, again = (upload(api, b"text,label\na,b\n", "f") for _ in range(2))
    assert (again.status_code, again.json()["id"]) == (201, first.json()["id"])
    assert upload(api, b"text,label\na,c\n", "f").status_code == 422


def test_a_file_beyond_the_plan_is_413_with_a_key_as_well(api: APIClient, acme: Organisation) -> None:
    Plan.objects.filter(pk=acme.plan_id).update(dataset_bytes=10)
    response = upload(api, b"x" * 11, "g")
    assert (response.status_code, response.json()["code"]) == (413, "too_large")


@pytest.mark.parametrize(
    ("kind", "body", "status"),
    [
        ("application/json", b"x" * 11_000_000, 413),
        ("multipart/form-data", b"x", 400),
        ("multipart/form-data; boundary=b; charset=rot13", b"--b--", 400),
    ],
)
def test_a_body_that_cannot_be_read_is_a_problem_document(api: APIClient, kind: str, body: bytes, status: int) -> None:
    response = api.post("/api/v1/datasets", body, content_type=kind, headers={"Idempotency-Key": "h"})
    assert (response.status_code, response["Content-Type"]) == (status, "application/problem+json")
