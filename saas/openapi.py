"""Completes the OpenAPI document that Django generates: the classify call, which it does not serve, and errors."""

from typing import Any

import msgspec

from classifier.gateway.answer import Accepted, Answer
from classifier.gateway.request import Classify

PATH = "/api/v1/models/{model}/classify"
SCHEMAS = "#/components/schemas/"
PROBLEMS = {
    400: "The body is not JSON.",
    401: "`invalid_key`",
    403: "`missing_scope`",
    404: "`not_found`",
    413: "`too_large`",
    415: "The body is not `application/json`.",
    422: "`invalid_input`; `errors` names each field at fault, and nothing was classified.",
    429: "`rate_limited` or `quota_exceeded`; see `Retry-After`.",
    503: "`unavailable`; see `Retry-After`. Nothing was billed.",
}


class Fault(msgspec.Struct):
    """One field at fault; `pointer` is a JSON pointer (RFC 6901) into the request's body."""

    pointer: str
    code: str
    detail: str


class Problem(msgspec.Struct, omit_defaults=True):
    """What went wrong, and what to do (RFC 9457)."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    request_id: str
    errors: list[Fault] = []


def add_classify(result: dict[str, Any], generator: Any, request: Any, public: bool) -> dict[str, Any]:
    """Post-process the document as drf-spectacular's hook; the other arguments are its own."""
    types = [Classify, Answer, Accepted, Problem]
    (body, answer, accepted, problem), schemas = msgspec.json.schema_components(types, ref_template=SCHEMAS + "{name}")
    result.setdefault("components", {}).setdefault("schemas", {}).update(schemas)
    wrong = {"description": "What went wrong.", "content": {"application/problem+json": {"schema": problem}}}
    for methods in result["paths"].values():
        for operation in methods.values():
            operation["responses"]["default"] = wrong
    result["paths"][PATH] = {"post": _operation(body, answer, accepted, problem)}
    return result


def _operation(body: Any, answer: Any, accepted: Any, problem: Any) -> dict[str, Any]:
    responses = {
        "200": {"description": "The answer.", "headers": _headers(), "content": _json(answer)},
        "202": {
            "description": "Accepted, to be answered later (`Prefer: respond-async`).",
            "headers": _headers("Location", "Preference-Applied"),
            "content": _json(accepted),
        },
    }
    for status, description in PROBLEMS.items():
        more = ("Retry-After",) if status in {429, 503} else ()
        content = {"application/problem+json": {"schema": problem}}
        responses[str(status)] = {"description": description, "headers": _headers(*more), "content": content}
    return {
        "operationId": "classify",
        "summary": "Classify up to 256 inputs",
        "description": "A request for an idle model waits for its worker, at most 10 s.",
        "tags": ["models"],
        "security": [{"key": []}],
        "parameters": [
            _parameter("model", "path", "A name, or `name@3` for a version of it.", required=True),
            _parameter("Prefer", "header", "`respond-async` for an answer later."),
            _parameter("X-Request-Id", "header", "Comes back with the answer: 1 to 64 of A-Z, a-z, 0-9, _ and -."),
        ],
        "requestBody": {"required": True, "content": _json(body)},
        "responses": responses,
    }


def _parameter(name: str, place: str, description: str, *, required: bool = False) -> dict[str, Any]:
    schema = {"type": "string"}
    return {"name": name, "in": place, "description": description, "required": required, "schema": schema}


def _headers(*more: str) -> dict[str, Any]:
    names = ("X-Request-Id", "RateLimit-Policy", "RateLimit", *more)
    return {name: {"schema": {"type": "string"}} for name in names}


def _json(schema: Any) -> dict[str, Any]:
    return {"application/json": {"schema": schema}}
