"""The API keeps its contract whatever it is asked: every answer is one that the OpenAPI document describes.

The requests are made from the document, fitting and not fitting it; half of them name what is really there.
"""

import json
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote_from_bytes

import pytest
import requests as requests_library
import schemathesis
from hypothesis import given, seed, settings
from hypothesis import strategies as st
from schemathesis import Case, GenerationMode, Response
from schemathesis.checks import not_a_server_error
from schemathesis.config import SchemathesisConfig
from schemathesis.core.failures import FailureGroup
from schemathesis.core.result import Ok
from schemathesis.schemas import APIOperation
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from saas.instance import ROOT
from tests.abuse import odd, wire
from tests.abuse.conftest import QUIET, REFUSED_SECONDS, Ours, Recorder
from tests.form import SEED, cases
from tests.isolation.test_matrix import CALLS

AnyCase = Case[Any]
Operation = APIOperation[Any, Any, Any, Any]

pytestmark = pytest.mark.proves(
    "API", "code", "requests made from the OpenAPI document, fitting it or not, with odd texts in every place"
)

CASES = cases(short=6, long=330)
ODD_CASES = cases(short=150, long=1_500)
# Whoever is answered so has not come as far as the code that is asked.
HIDING = {401, 403, 429}
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
CONFIG = SchemathesisConfig.from_dict({"generation": {"with-security-parameters": False}})
SCHEMA = schemathesis.openapi.from_path(str(ROOT / "openapi.json"), config=CONFIG)
# What destroys, or sets a cap, comes after what looks, and so do trainings, which take their time in the background.
LATER = ("delete_", "revoke_", "update_organisation", "create_training_job")
OPERATIONS = sorted(
    (found.ok() for found in SCHEMA.get_all_operations() if isinstance(found, Ok)),
    key=lambda operation: str(operation.definition.raw["operationId"]).startswith(LATER),
)
SETTINGS = settings(QUIET, max_examples=CASES)


@dataclass
class Tally:
    """What was asked, and how long the slowest refusal took."""

    asked: int = 0
    slowest: float = 0.0
    statuses: set[int] = field(default_factory=set)

    def note(self, status: int, seconds: float) -> None:
        self.asked += 1
        self.statuses.add(status)
        if status >= 400:
            self.slowest = max(self.slowest, seconds)

    def __str__(self) -> str:
        return f"{self.asked:,} requests, none answered with 5xx; the slowest refusal took {self.slowest:.2f} s"


@st.composite
def requests(draw: st.DrawFn, operation: Operation, names: dict[str, Any]) -> AnyCase:
    takes_something = operation.path_parameters or operation.query or operation.headers or operation.body
    # What takes nothing cannot be asked wrongly, but with more than it takes.
    mode = draw(st.sampled_from(GenerationMode)) if takes_something else GenerationMode.POSITIVE
    case: AnyCase = draw(operation.as_strategy(generation_mode=mode))
    if not takes_something:
        case.query = {"more": draw(odd.texts)}
    if draw(st.booleans()):
        case.path_parameters = {name: names.get(name, value) for name, value in case.path_parameters.items()}
    if isinstance(case.body, dict) and "dataset" in case.body and draw(st.integers(0, 19)) == 0:
        case.body = case.body | {"dataset": names["dataset_id"], "model": "another"}
    return case


def test_every_operation_is_asked() -> None:
    assert len(OPERATIONS) == len(CALLS)


@pytest.mark.timeout(1_200)
@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.definition.raw["operationId"])
def test_every_answer_is_one_of_the_document(ours: Ours, operation: Operation, record_property: Recorder) -> None:
    tally = Tally()

    @seed(SEED)
    @SETTINGS
    @given(case=requests(operation, ours.names))
    def ask(case: AnyCase) -> None:
        response = case.call(base_url=ours.url, headers=ours.headers, timeout=30)
        case.validate_response(response, checks=CHECKS)
        tally.note(response.status_code, response.elapsed)

    ask()
    record_property("figure", str(tally))
    assert tally.asked >= CASES
    assert not tally.statuses & HIDING
    assert tally.slowest <= REFUSED_SECONDS


@st.composite
def odd_requests(draw: st.DrawFn, names: dict[str, Any]) -> tuple[str, bytes]:
    """A call of the API, and its bytes with something odd in one of its places."""
    operation = draw(st.sampled_from(OPERATIONS))
    place, thing = draw(st.sampled_from(["path", "query", "header", "body"])), draw(odd.octets)
    path = operation.path.format(**names).encode()
    if place == "path":
        path += draw(st.sampled_from([b"", b"/"])) + quote_from_bytes(thing, safe="").encode()
    if place == "query":
        name = draw(st.sampled_from(["limit", "after", "label", "model", "predicted", "day", "format", "x"]))
        path += f"?{name}={quote_from_bytes(thing)}".encode()
    header = draw(st.sampled_from(HEADERS)) + b": " + thing if place == "header" else b"X-Odd: no"
    body = draw(bodies(thing)) if place == "body" else b""
    kind = draw(st.sampled_from(KINDS))
    head = b"%s %s HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n" % (operation.method.upper().encode(), path)
    # The odd header is the last: it may end them all.
    head += b"Authorization: Bearer %s\r\nContent-Type: " + kind + b"\r\nContent-Length: %d\r\n" % len(body)
    return str(operation.label), head + header + b"\r\n\r\n" + body


HEADERS = [
    *(b"Accept", b"Accept-Encoding", b"Content-Encoding", b"Cookie", b"Expect", b"If-None-Match", b"If-Modified-Since"),
    *(b"Idempotency-Key", b"Last-Event-ID", b"Prefer", b"Range", b"Referer", b"User-Agent", b"X-Request-Id"),
    *(b"X-Http-Method-Override", b"HX-Request", b"HX-Current-URL", b"Origin"),
]
KINDS = [
    b"application/json",
    b"multipart/form-data; boundary=b",
    b"multipart/form-data",
    b"text/csv",
    b"a/b; charset=x",
]


def bodies(thing: bytes) -> st.SearchStrategy[bytes]:
    text = thing.decode("utf-8", "replace")
    part = b'--b\r\nContent-Disposition: form-data; name="%s"; filename="%s"\r\n\r\n%s\r\n--b--\r\n'
    return st.sampled_from(
        [
            thing,
            json.dumps({text: text}).encode(),
            json.dumps({"inputs": [text], text: 1}).encode(),
            json.dumps({"name": text, "scopes": ["read"], "dataset": text, "model": text}).encode(),
            json.dumps([{text: text, "label": text}]).encode(),
            part % (b"file", b"a.csv", thing),
            part % (b"file", thing, b"text,label\na,b\n"),
            part % (thing, thing, thing),
        ]
    )


@pytest.mark.timeout(1_200)
def test_an_odd_text_anywhere_is_answered(ours: Ours, record_property: Recorder) -> None:
    tally = Tally()

    @seed(SEED)
    @settings(SETTINGS, max_examples=ODD_CASES)
    @given(made=odd_requests(ours.names))
    def ask(made: tuple[str, bytes]) -> None:
        _, request = made
        talk = wire.say(ours.url, request.replace(b"%s", ours.key.encode(), 1))
        # A header that is none is refused by the server itself, which may leave it at that.
        assert talk.answers or talk.closed
        for heard in talk.answers:
            assert heard.status < 500
            assert "x-injected" not in heard.headers
            tally.note(heard.status, talk.seconds)

    ask()
    record_property("figure", str(tally))
    assert tally.statuses >= {200, 400, 404, 422}
    assert not tally.statuses & HIDING
    assert tally.slowest <= REFUSED_SECONDS


@pytest.mark.control
@pytest.mark.parametrize(
    ("status", "kind", "body"),
    [
        (500, "application/problem+json", b"{}"),
        (302, "text/html", b""),
        (200, "text/html", b"<html>"),
        (200, "application/json", b'{"object": "me"}'),
    ],
)
def test_an_answer_that_is_not_in_the_document_is_seen(status: int, kind: str, body: bytes) -> None:
    case = SCHEMA["/api/v1/me"]["GET"].Case()
    request = requests_library.Request("GET", "http://127.0.0.1/api/v1/me").prepare()
    headers = {"content-type": [kind], "x-request-id": ["req_x"]}
    answer = Response(status_code=status, headers=headers, content=body, request=request, elapsed=0.0, verify=False)
    with pytest.raises(FailureGroup):
        case.validate_response(answer, checks=CHECKS)
