"""Uploads that are refused: the right status, a pointer where a field is at fault, and no file that stays."""

import os
import time
from collections.abc import Callable
from typing import Any

import pytest
from rest_framework.test import APIClient

from classifier import uploads
from tenants.models import Organisation, Plan
from tests.classifier.api.calls import API, csv, form, left_behind, pointers, upload

FILE = 'name="file"; filename="a.csv"'


def send(api: APIClient, fields: dict[str, Any]) -> Any:
    return api.post(f"{API}/datasets", fields, format="multipart")


def send_form(api: APIClient, *parts: tuple[str, bytes], **options: Any) -> Any:
    return api.post(f"{API}/datasets", **form(*parts, **options))


@pytest.mark.parametrize("fields", [{}, {"name": "x"}, {"file": "text,label"}])
def test_without_a_file_the_answer_points_at_it(api: APIClient, fields: dict[str, Any]) -> None:
    response = send(api, fields)
    assert (response.status_code, pointers(response)) == (422, ["/file"])


def test_an_empty_file_is_422(api: APIClient, acme: Organisation) -> None:
    response = upload(api, "")
    assert (response.status_code, pointers(response)) == (422, ["/file"])
    assert left_behind(acme) == []


@pytest.mark.parametrize(("field", "length"), [("name", 101), ("label", 201), ("text", 201)])
def test_a_field_that_is_too_long_is_pointed_at(api: APIClient, acme: Organisation, field: str, length: int) -> None:
    response = send(api, {"file": csv(), field: "x" * length})
    assert (response.status_code, pointers(response)) == (422, [f"/{field}"])
    assert left_behind(acme) == []


@pytest.mark.parametrize("field", ["name", "label", "text"])
def test_a_nul_character_is_pointed_at(api: APIClient, acme: Organisation, field: str) -> None:
    response = send(api, {"file": csv(), field: "a\0b"})
    assert (response.status_code, pointers(response)) == (422, [f"/{field}"])
    assert left_behind(acme) == []


def test_a_file_where_a_text_belongs_is_pointed_at(api: APIClient, acme: Organisation) -> None:
    response = send(api, {"file": csv(), "name": csv()})
    assert (response.status_code, pointers(response)) == (422, ["/name"])
    assert left_behind(acme) == []


def test_half_a_surrogate_pair_is_replaced_as_browsers_do(api: APIClient) -> None:
    response = send_form(api, ('name="name"', b"a\xed\xa0\x80"), (FILE, b"text,label\n"))
    assert response.status_code == 201
    assert response.json()["name"] == "a\ufffd\ufffd\ufffd"


@pytest.mark.parametrize("name", ["../../../etc/passwd", "a\0b.csv", "C:\\Users\\me\\letters.csv", "x" * 500])
def test_a_file_may_have_any_name(api: APIClient, name: str) -> None:
    response = send_form(api, (f'name="file"; filename="{name}"', b"text,label\n"))
    assert response.status_code == 201
    assert not set("/\\\0") & set(response.json()["name"] + response.json()["file_name"])


def test_a_file_beyond_the_plan_is_413_and_names_the_limit(
    api: APIClient, acme: Organisation, small_plan: Plan
) -> None:
    response = upload(api, "x" * 201)
    assert (response.status_code, response.json()["code"]) == (413, "too_large")
    assert "200 bytes" in response.json()["detail"]
    assert left_behind(acme) == []


def test_a_file_of_just_the_plan_s_size_is_taken(api: APIClient, small_plan: Plan) -> None:
    assert upload(api, "x" * 200).status_code == 201


def test_a_body_that_says_it_is_far_too_large_is_not_read(api: APIClient, small_plan: Plan) -> None:
    response = send_form(api, (FILE, b"x" * 100_000))
    assert (response.status_code, response.json()["code"]) == (413, "too_large")


def test_one_file_that_is_too_large_takes_the_others_along(
    api: APIClient, acme: Organisation, small_plan: Plan
) -> None:
    response = send(api, {"other": csv("x" * 150), "file": csv("x" * 201)})
    assert response.status_code == 413
    assert left_behind(acme) == []


def test_a_file_that_nobody_asked_for_does_not_stay(api: APIClient, acme: Organisation) -> None:
    assert send(api, {"file": csv(), "other": csv()}).status_code == 201
    assert left_behind(acme) == []


def test_a_form_without_a_boundary_is_400(api: APIClient) -> None:
    response = api.post(f"{API}/datasets", data=b"abc", content_type="multipart/form-data")
    assert (response.status_code, response.json()["code"]) == (400, "malformed")


@pytest.mark.parametrize("body", [b"", b"abc", b"--b--\r\n"])
def test_a_form_without_parts_points_at_the_file(api: APIClient, body: bytes) -> None:
    response = api.post(f"{API}/datasets", data=body, content_type="multipart/form-data; boundary=b")
    assert (response.status_code, pointers(response)) == (422, ["/file"])


def test_base64_that_is_none_is_400_and_leaves_nothing(api: APIClient, acme: Organisation) -> None:
    response = send_form(api, (FILE + "\r\nContent-Transfer-Encoding: base64", b"!!!x"))
    assert (response.status_code, response.json()["code"]) == (400, "malformed")
    assert left_behind(acme) == []


@pytest.mark.parametrize("charset", ["rot13", "hex", "bz2"])
def test_a_charset_that_is_no_text_s_is_400(api: APIClient, charset: str) -> None:
    sent = form((FILE, b"text,label\n"))
    sent["content_type"] += f"; charset={charset}"
    response = api.post(f"{API}/datasets", **sent)
    assert (response.status_code, response.json()["code"]) == (400, "malformed")


@pytest.mark.parametrize("part", [csv, lambda: "x"])
def test_too_many_parts_are_400(api: APIClient, acme: Organisation, part: Callable[[], Any]) -> None:
    response = send(api, {f"field{number}": part() for number in range(1001)})
    assert (response.status_code, response.json()["code"]) == (400, "malformed")
    assert left_behind(acme) == []


def test_json_is_no_upload(api: APIClient) -> None:
    response = api.post(f"{API}/datasets", {"name": "x"}, format="json")
    assert (response.status_code, response.json()["code"]) == (415, "unsupported_media_type")


def test_a_key_that_may_only_read_leaves_no_file(key_with: Callable[..., APIClient], acme: Organisation) -> None:
    assert upload(key_with("read")).status_code == 403
    assert left_behind(acme) == []


def test_a_file_that_a_dead_process_left_goes_at_the_next_upload(api: APIClient, acme: Organisation) -> None:
    left = uploads.new_path(acme.tenant)
    left.write_bytes(b"half a file")
    long_ago = time.time() - 2 * uploads.ABANDONED_SECONDS
    os.utime(left, (long_ago, long_ago))
    assert upload(api).status_code == 201
    assert not left.exists()
