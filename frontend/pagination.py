from typing import TypeVar

from django.core.paginator import Page, Paginator
from django.db.models import Model, QuerySet
from django.http import HttpRequest

PAGE_SIZE = 25
Row = TypeVar("Row", bound=Model)


def paged(request: HttpRequest, rows: QuerySet[Row], *order: str) -> Page[Row]:
    """Return the page that the address asks for, the newest rows first unless told otherwise."""
    return Paginator(rows.order_by(*(order or ("-created_at",))), PAGE_SIZE).get_page(request.GET.get("page"))


def position(request: HttpRequest, name: str) -> int | None:
    """Return the number that the address gives, for a list that is too long to count; nonsense is no number."""
    raw = request.GET.get(name, "")
    return int(raw) if raw.isascii() and raw.isdigit() and len(raw) < 19 else None
