"""What every list of the desk has in common."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

from django.contrib import messages
from django.contrib.admin import ModelAdmin, TabularInline
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.http import urlencode

from tenants.errors import TenantError

if TYPE_CHECKING:
    # Django's own classes take no parameters when the program runs.
    AnyAdmin = ModelAdmin[Any]
    AnyInline = TabularInline[Any, Any]
else:
    AnyAdmin = ModelAdmin
    AnyInline = TabularInline

Row = TypeVar("Row", bound=Model)


class Desk(AnyAdmin):
    """A list that staff may look at. What may be changed, each says itself, and does through verbs."""

    list_per_page = 50
    # The table of entries is the log; Django's own, of which rows can be deleted, stays empty.
    actions: Any = ()

    def has_module_permission(self, request: HttpRequest) -> bool:
        return True

    def has_view_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return True

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def history_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> HttpResponse:
        """Lead to the entries about this object."""
        query = urlencode({"q": object_id})
        return redirect(f"{reverse('admin:tenants_operatorentry_changelist')}?{query}")

    def log_addition(self, request: HttpRequest, obj: Model, message: Any) -> Any:
        return None

    def log_change(self, request: HttpRequest, obj: Model, message: Any) -> Any:
        return None

    def log_deletions(self, request: HttpRequest, queryset: QuerySet[Any]) -> Any:
        return None


class Rows(AnyInline):
    """Rows beside the one that is looked at, to look at."""

    can_delete = False
    extra = 0

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return True

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


def told(request: HttpRequest, rows: QuerySet[Row], verb: Callable[[Row], None], done: str) -> None:
    """Apply the verb to each row, say which it was done to, and why it was refused for others."""
    names = []
    for row in rows:
        try:
            verb(row)
        except TenantError as error:
            messages.error(request, error.detail)
        else:
            names.append(str(row))
    if names:
        messages.success(request, f"{done}: {', '.join(names)}.")
