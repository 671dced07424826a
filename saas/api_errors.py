"""What the API answers on an error: one table from error to status, and RFC 9457 problem documents.

Nothing below this module knows of HTTP statuses.
"""

import logging
import sys
from typing import Any

import psycopg
from django.core.exceptions import RequestDataTooBig, SuspiciousOperation, TooManyFieldsSent
from django.db import InterfaceError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse, UnreadablePostError
from django.http.multipartparser import MultiPartParserError
from rest_framework import exceptions
from rest_framework.response import Response

from classifier.errors import DatasetNotReady, ModelNotReady
from frontend.views import errors as pages
from tenants import errors, logs
from tenants.errors import FieldError, TenantError
from tenants.middleware import request_id

log = logging.getLogger(__name__)

API = "/api/"
# Django translates the driver's errors, but not those of entering an organisation.
AWAY = (OperationalError, InterfaceError, psycopg.OperationalError, psycopg.InterfaceError)

TITLES = {
    400: "Malformed request",
    401: "Not authenticated",
    403: "Not allowed",
    404: "Not found",
    405: "Method not allowed",
    409: "Conflict",
    413: "Too large",
    415: "Unsupported media type",
    422: "Invalid input",
    429: "Too many requests",
    500: "Internal error",
    503: "Unavailable",
}

STATUSES: dict[type[TenantError], int] = {
    errors.InvalidInput: 422,
    errors.NotFound: 404,
    errors.Conflict: 409,
    errors.InvalidKey: 401,
    errors.MissingScope: 403,
    errors.RateLimited: 429,
    errors.QuotaExceeded: 429,
    errors.TooLarge: 413,
    errors.Unavailable: 503,
    errors.Malformed: 400,
    errors.UnsupportedMediaType: 415,
    errors.MethodNotAllowed: 405,
    DatasetNotReady: 409,
    ModelNotReady: 409,
}


def problem(error: TenantError, *, request_id: str) -> tuple[int, dict[str, str], dict[str, Any]]:
    """Return status, headers and body of the problem document for `error`."""
    status = STATUSES[type(error)]
    headers = {"Content-Type": "application/problem+json"}
    if isinstance(error, errors.RetryLater):
        headers["Retry-After"] = str(error.retry_after)
    if isinstance(error, errors.InvalidKey):
        headers["WWW-Authenticate"] = 'Bearer realm="assort"'
    return status, headers, _body(status, error.code, error.detail, error.errors, request_id)


def handle(exception: Exception, context: dict[str, Any]) -> Response | None:
    """Django REST framework's exception handler. What it does not know is logged and becomes a plain 500."""
    error = _translated(exception)
    if error is None:
        return None
    status, headers, body = problem(error, request_id=context["request"].request_id)
    content_type = headers.pop("Content-Type")
    return Response(body, status=status, headers=headers, content_type=content_type)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer an address that leads nowhere: a problem document in the API, a page elsewhere."""
    if not request.path.startswith(API):
        return pages.not_found(request, exception)
    status, headers, body = problem(errors.NotFound(), request_id=_request_id(request))
    return JsonResponse(body, status=status, content_type=headers["Content-Type"])


def server_error(request: HttpRequest) -> HttpResponse:
    """Answer what nobody expected; a database that is away passes by itself, and is no fault of this request."""
    away = isinstance(sys.exc_info()[1], AWAY)
    if not request.path.startswith(API):
        return pages.unavailable(request) if away else pages.server_error(request)
    number = _request_id(request)
    if away:
        error = errors.Unavailable("The database does not answer. Try again in a moment.", retry_after=5)
        status, headers, body = problem(error, request_id=number)
        return JsonResponse(body, status=status, content_type=headers.pop("Content-Type"), headers=headers)
    detail = f"This is our fault, and it was logged. Name the request id {number} when you report it."
    body = _body(500, "internal", detail, (), number)
    return JsonResponse(body, status=500, content_type="application/problem+json")


def _request_id(request: HttpRequest) -> str:
    return getattr(request, "request_id", None) or request_id(None)


def _body(status: int, code: str, detail: str, fields: tuple[FieldError, ...], number: str) -> dict[str, Any]:
    body: dict[str, Any] = {
        "type": f"/api/docs#{code}",
        "title": TITLES[status],
        "status": status,
        "detail": detail,
        "code": code,
        "request_id": number,
    }
    if fields:
        body["errors"] = [{"pointer": e.pointer, "code": e.code, "detail": e.detail} for e in fields]
    return body


TRANSLATIONS: list[tuple[tuple[type[Exception], ...], type[TenantError], str]] = [
    (
        (exceptions.ParseError, MultiPartParserError, TooManyFieldsSent, UnreadablePostError),
        errors.Malformed,
        "The body cannot be read. Send what its Content-Type says.",
    ),
    ((exceptions.UnsupportedMediaType,), errors.UnsupportedMediaType, "This call takes another Content-Type."),
    ((exceptions.MethodNotAllowed,), errors.MethodNotAllowed, "This address does not take this method."),
    ((RequestDataTooBig,), errors.TooLarge, "The body is too large."),
    ((SuspiciousOperation,), errors.Malformed, "The request has a part that is not allowed."),
]


def _translated(exception: Exception) -> TenantError | None:
    if isinstance(exception, TenantError):
        return exception
    if isinstance(exception, Http404):
        return errors.NotFound()
    if isinstance(exception, exceptions.ValidationError):
        return errors.InvalidInput("Some fields are wrong; see `errors`.", errors=tuple(_fields(exception.detail)))
    if isinstance(exception, OSError) and exception.errno in errors.FULL:
        log.error("the disk is full: %s", logs.words(exception))
        return errors.no_room()
    for kinds, translation, detail in TRANSLATIONS:
        if isinstance(exception, kinds):
            return translation(f"{detail} See /api/docs.")
    return None


def _fields(detail: Any, pointer: str = "") -> list[FieldError]:
    """Flatten the framework's nested errors into one entry a field."""
    if isinstance(detail, dict):
        return [e for name, inner in detail.items() for e in _fields(inner, _below(pointer, name))]
    if isinstance(detail, list) and any(isinstance(inner, dict | list) for inner in detail):
        return [e for number, inner in enumerate(detail) for e in _fields(inner, _below(pointer, number))]
    entries = detail if isinstance(detail, list) else [detail]
    return [FieldError(pointer, getattr(entry, "code", "invalid"), str(entry)) for entry in entries]


def _below(pointer: str, name: object) -> str:
    if name == "non_field_errors":
        return pointer
    return f"{pointer}/{str(name).replace('~', '~0').replace('/', '~1')}"
