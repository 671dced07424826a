"""Completes the OpenAPI document that Django generates: the classify call, which it does not serve, and errors.

Every status that an operation may answer with is named, so that a client, and whoever tests one, can rely on the list.
"""

from collections.abc import Collection
from typing import Any

import msgspec

from classifier.gateway.answer import Accepted, Answer
from classifier.gateway.request import Classify

PATH = "/api/v1/models/{model}/classify"
SCHEMAS = "#/components/schemas/"
# Each way to refuse is described once, under its name.
PROBLEMS = {
    400: ("Malformed", "`malformed`: not the request that its headers announce."),
    401: ("InvalidKey", "`invalid_key`"),
    403: ("MissingScope", "`missing_scope`"),
    404: ("NotFound", "`not_found`"),
    409: ("Conflict", "`conflict`: not in a state that allows this."),
    413: ("TooLarge", "`too_large`"),
    415: ("UnsupportedMediaType", "`unsupported_media_type`: this call takes another form of body."),
    422: ("InvalidInput", "`invalid_input`; `errors` names each field at fault, and nothing was changed."),
    429: ("TooMany", "`rate_limited` or `quota_exceeded`; see `Retry-After`."),
    503: ("Unavailable", "`unavailable`; see `Retry-After`. Nothing was billed."),
}
OF_ALL = (400, 401, 403, 413, 422, 429, 503)
OF_ONE_OBJECT = (404, 409)
OF_A_BODY = (404, 409, 415)
# What stands in every answer, and what in some. How much is left of a rate is told where there is a limit.
ALWAYS = ("X-Request-Id",)
LIMITS = ("RateLimit-Policy", "RateLimit")
SOMETIMES = {
    201: ("Location",),
    202: ("Location",),
    401: ("WWW-Authenticate",),
    429: ("Retry-After",),
    503: ("Retry-After",),
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
    components = result.setdefault("components", {})
    components.setdefault("schemas", {}).update(schemas)
    components["headers"] = {name: _header(is_required=name not in LIMITS) for name in _names_of_headers()}
    components["responses"] = {name: _problem(problem, status) for status, (name, _) in PROBLEMS.items()}
    for path, methods in result["paths"].items():
        for operation in methods.values():
            _complete(operation, names_an_object="{" in path)
    result["paths"][PATH] = {"post": _operation(body, answer, accepted)}
    return result


def _complete(operation: dict[str, Any], *, names_an_object: bool) -> None:
    """Add to what Django knows of an operation its headers, and how it may refuse."""
    for status, response in operation["responses"].items():
        response["headers"] = _headers(int(status))
    statuses = {*OF_ALL, *(OF_ONE_OBJECT if names_an_object else ())}
    statuses |= set(OF_A_BODY) if "requestBody" in operation else set()
    operation["responses"] |= _refusals(statuses)


def _operation(body: Any, answer: Any, accepted: Any) -> dict[str, Any]:
    responses = {
        "200": {"description": "The answer.", "headers": _headers(200), "content": _json(answer)},
        "202": {
            "description": "Accepted, to be answered later (`Prefer: respond-async`).",
            "headers": _headers(202, "Preference-Applied"),
            "content": _json(accepted),
        },
        **_refusals(PROBLEMS.keys() - {409}),
    }
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


def _refusals(statuses: Collection[int]) -> dict[str, Any]:
    return {str(status): {"$ref": f"#/components/responses/{PROBLEMS[status][0]}"} for status in sorted(statuses)}


def _problem(problem: Any, status: int) -> dict[str, Any]:
    content = {"application/problem+json": {"schema": problem}}
    return {"description": PROBLEMS[status][1], "headers": _headers(status), "content": content}


def _headers(status: int, *more: str) -> dict[str, Any]:
    names = (*ALWAYS, *LIMITS, *SOMETIMES.get(status, ()), *more)
    return {name: {"$ref": f"#/components/headers/{name}"} for name in names}


def _names_of_headers() -> list[str]:
    return sorted({*ALWAYS, *LIMITS, "Preference-Applied", *(name for names in SOMETIMES.values() for name in names)})


def _header(*, is_required: bool) -> dict[str, Any]:
    return {"schema": {"type": "string"}, **({"required": True} if is_required else {})}


def _json(schema: Any) -> dict[str, Any]:
    return {"application/json": {"schema": schema}}
