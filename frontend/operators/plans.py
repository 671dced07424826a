from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from frontend.operators.desk import Desk
from frontend.operators.site import site
from tenants import operators
from tenants.models import Plan


@admin.register(Plan, site=site)
class PlanDesk(Desk):
    """Every limit. One that is left empty is none."""

    list_display = (
        "name",
        "requests_per_minute",
        "organisation_requests_per_minute",
        "rows_per_month",
        "dataset_count",
        "model_count",
        "workers",
    )

    def has_add_permission(self, request: HttpRequest) -> bool:
        return True

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return True

    def get_readonly_fields(self, request: HttpRequest, obj: Plan | None = None) -> tuple[str, ...]:
        return ("name",) if obj else ()

    def save_model(self, request: HttpRequest, obj: Plan, form: Any, change: bool) -> None:
        operators.save_plan(plan=obj, by=request.user.email)  # type: ignore[union-attr]  # the site lets only staff in
