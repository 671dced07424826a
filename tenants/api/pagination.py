"""Lists, newest first, that go on after the id of the last object seen."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from django.db.models import Q, QuerySet
from drf_spectacular.utils import OpenApiParameter
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from tenants.api.fields import ObjectField
from tenants.errors import InvalidInput

MAX_LIMIT, DEFAULT_LIMIT = 100, 20

PARAMETERS = [
    OpenApiParameter("limit", int, description=f"How many, 1 to {MAX_LIMIT}; {DEFAULT_LIMIT} unless told."),
    OpenApiParameter("after", str, description="The id of the last object of the page before."),
]


def limit(request: Request) -> int:
    raw = request.query_params.get("limit", str(DEFAULT_LIMIT))
    if not (raw.isascii() and raw.isdigit() and len(raw) < 10 and 1 <= int(raw) <= MAX_LIMIT):
        raise InvalidInput.field("limit", f"Give a number from 1 to {MAX_LIMIT}.")
    return int(raw)


def text(request: Request, name: str) -> str | None:
    """Return the query's parameter. Raises InvalidInput for what no row can hold."""
    value = request.query_params.get(name)
    if value is not None and "\0" in value:
        raise InvalidInput.field(name, "A NUL character stands in no row. Leave it out.")
    return value


def page(
    request: Request,
    rows: QuerySet[Any],
    serialize: Callable[[Any], Any],
    *,
    then: Sequence[Mapping[str, Any]] = (),
) -> Response:
    """Return one page of `rows`, which are ordered here by time and id, and, after the last of them, of `then`."""
    size = limit(request)
    rows = rows.order_by("-created_at", "-pk")
    after = text(request, "after")
    places = [str(row["id"]) for row in then]
    if after in places:
        rows, then = rows.none(), then[places.index(after) + 1 :]
    elif after:
        rows = rows.filter(_older_than(rows, after))
    found = [serialize(row) for row in rows[: size + 1]]
    found += then[: size + 1 - len(found)]
    return listed(found[:size], cursor=_cursor(found, size))


def listed(data: list[Any], *, cursor: str | None) -> Response:
    return Response({"object": "list", "data": data, "has_more": cursor is not None, "next_cursor": cursor})


def list_of(serializer: type[serializers.Serializer[Any]]) -> serializers.Serializer[Any]:
    """Return the serializer of a page, for the OpenAPI document."""
    name = serializer.__name__.removesuffix("Serializer") + "List"
    fields = {
        "object": ObjectField("list"),
        "data": serializer(many=True),
        "has_more": serializers.BooleanField(),
        "next_cursor": serializers.CharField(allow_null=True),
    }
    built: serializers.Serializer[Any] = type(name, (serializers.Serializer,), fields)()
    return built


def _older_than(rows: QuerySet[Any], after: str) -> Q:
    last = rows.filter(pk=after).first()
    if last is None:
        raise InvalidInput.field("after", "There is no such object in this list. Start without `after`.")
    return Q(created_at__lt=last.created_at) | Q(created_at=last.created_at, pk__lt=last.pk)


def _cursor(found: list[Mapping[str, Any]], size: int) -> str | None:
    return str(found[size - 1]["id"]) if len(found) > size else None
