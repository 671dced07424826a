"""What may stand in a classify request, and what the caller is told otherwise."""

import json
from typing import Any

import httpx2
import pytest

from classifier.gateway import request
from tenants.errors import InvalidInput, Malformed
from tenants.models import Route
from tests.classifier.gateway_stand_ins import Worker

pytest_plugins = ["tests.classifier.gateway_fixtures"]

TEXT = Route(model="support", kind="text", labels=4)
TABLE = Route(model="churn", kind="table", labels=4)


def faults(body: Any, route: Route = TEXT) -> list[tuple[str, str]]:
    """Return pointer and code of each fault that the body is refused for."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    with pytest.raises(InvalidInput) as refused:
        request.decode(content, route)
    assert all(fault.detail.endswith(".") for fault in refused.value.errors)
    return [(fault.pointer, fault.code) for fault in refused.value.errors]


def test_left_out_fields_have_defaults() -> None:
    asked = request.decode(b'{"inputs": ["a"]}', TEXT)
    assert (asked.inputs, asked.top_k, asked.explain) == (["a"], 1, False)


def test_the_longest_request_that_is_allowed_is_read() -> None:
    body = json.dumps({"inputs": ["é" * 10_000] * 256, "top_k": 4}, ensure_ascii=False)
    assert len(request.decode(body.encode(), TEXT).inputs) == 256


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ([], ""),
        ("text", ""),
        ({}, "/inputs"),
        ({"inputs": None}, "/inputs"),
        ({"inputs": "a"}, "/inputs"),
        ({"inputs": []}, "/inputs"),
        ({"inputs": ["a"] * 257}, "/inputs"),
        ({"inputs": ["a"], "top_k": 0}, "/top_k"),
        ({"inputs": ["a"], "top_k": 5}, "/top_k"),
        ({"inputs": ["a"], "top_k": True}, "/top_k"),
        ({"inputs": ["a"], "top_k": "2"}, "/top_k"),
        ({"inputs": ["a"], "top_k": 10**30}, "/top_k"),
        ({"inputs": ["a"], "explain": 1}, "/explain"),
        ({"inputs": ["a"], "topk": 1}, "/topk"),
        ({"inputs": ["a"], "a/b~\0": 1}, "/a~1b~0\0"),
    ],
)
def test_a_wrong_field_is_named(body: Any, pointer: str) -> None:
    assert [found for found, _ in faults(body)] == [pointer]


@pytest.mark.parametrize(
    ("value", "code"),
    [
        (5, "not_a_text"),
        (None, "not_a_text"),
        ({"a": 1}, "not_a_text"),
        (["a"], "not_a_text"),
        ("", "empty_text"),
        (" \n", "empty_text"),
        ("a" * 10_001, "text_too_long"),
        ("a\0b", "nul_character"),
    ],
)
def test_every_input_that_is_no_text_is_named(value: Any, code: str) -> None:
    assert faults({"inputs": ["fine", value, "fine", value]}) == [("/inputs/1", code), ("/inputs/3", code)]


@pytest.mark.parametrize(
    ("value", "code"),
    [
        ("a text", "not_an_object"),
        (7, "not_an_object"),
        ({"a": [1]}, "nested_value"),
        ({"a": {"b": 1}}, "nested_value"),
        ({"a": "x\0"}, "nul_character"),
        ({"a\0": 1}, "nul_character"),
    ],
)
def test_every_input_that_is_no_row_is_named(value: Any, code: str) -> None:
    assert faults({"inputs": [{"a": 1}, value]}, TABLE) == [("/inputs/1", code)]


def test_a_row_holds_any_json_scalar() -> None:
    rows = [{"a": 1, "b": 2.5, "c": "x", "d": None, "e": False, "": 10**25}, {}]
    assert request.decode(json.dumps({"inputs": rows}).encode(), TABLE).inputs == rows


@pytest.mark.parametrize("number", ["1e999", "-1e999", "9" * 5_000])
def test_a_number_that_nothing_can_hold_names_its_input(number: str) -> None:
    body = f'{{"inputs": [{{"a": 1}}, {{"a": {number}}}]}}'.encode()
    assert faults(body, TABLE) == [("/inputs/1", "invalid")]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"inputs=a",
        b'{"inputs": ["a"]} x',
        b'{"inputs": ["\xff"]}',
        b'{"inputs": ["\\ud800"]}',
        b'{"inputs": [{"\\udfff": 1}]}',
        b'{"inputs": [{"a": NaN}]}',
        b'{"inputs": [7, "\\ud800"]}',
        b'{"inputs": [[' + b"[" * 200_000,
        '{"inputs": ["a"]}'.encode("utf-16"),
        '{"inputs": ["a"]}'.encode("utf-8-sig"),
    ],
)
def test_what_is_no_json_is_malformed(body: bytes) -> None:
    with pytest.raises(Malformed):
        request.decode(body, TEXT)


@pytest.mark.anyio
async def test_a_refused_request_classifies_nothing(caller: httpx2.AsyncClient, worker: Worker) -> None:
    response = await caller.post("support/classify", json={"inputs": ["fine", 5]})
    assert (response.status_code, response.json()["code"]) == (422, "invalid_input")
    assert [error["pointer"] for error in response.json()["errors"]] == ["/inputs/1"]
    assert worker.seen == []


@pytest.mark.anyio
async def test_malformed_json_is_a_400(caller: httpx2.AsyncClient) -> None:
    headers = {"Content-Type": "application/json"}
    response = await caller.post("support/classify", content=b"{", headers=headers)
    assert (response.status_code, response.json()["code"]) == (400, "malformed")


@pytest.mark.anyio
@pytest.mark.parametrize("size", [request.BODY_LIMIT + 1, 3 * request.BODY_LIMIT])
async def test_a_body_that_is_too_large_is_a_413(caller: httpx2.AsyncClient, size: int) -> None:
    headers = {"Content-Type": "application/json"}
    response = await caller.post("support/classify", content=b" " * size, headers=headers)
    assert (response.status_code, response.json()["code"]) == (413, "too_large")
