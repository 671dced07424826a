from typing import Any

from django.contrib import admin
from django.db.models import Count, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from frontend.operators.desk import Desk, Rows, told
from frontend.operators.site import site
from tenants import operators
from tenants.models import Membership, Organisation


class Members(Rows):
    model = Membership
    fields = readonly_fields = ("user", "role", "created_at")


@admin.register(Organisation, site=site)
class OrganisationDesk(Desk):
    """Names, state and plan. What an organisation has in its own schema is nobody's here."""

    list_display = ("slug", "name", "status", "plan", "members", "created_at")
    list_filter = ("status", "plan")
    search_fields = ("slug", "name", "tenant", "memberships__user__email")
    ordering = ("-created_at",)
    fields = ("name", "slug", "id", "status", "plan", "retention", "created_at", "jobs")
    readonly_fields = ("name", "slug", "id", "status", "retention", "created_at", "jobs")
    inlines = (Members,)
    actions = ("suspend", "resume", "delete_selected")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Organisation]:
        # A deleted one leaves a row without a name, which only keeps its id from being used again.
        living = super().get_queryset(request).exclude(status=Organisation.Status.DELETED)
        counted: QuerySet[Organisation] = living.annotate(member_count=Count("memberships", distinct=True))
        return counted

    @admin.display(ordering="member_count")
    def members(self, organisation: Organisation) -> int:
        return int(organisation.member_count)

    def jobs(self, organisation: Organisation) -> SafeString:
        address = reverse("admin:tenants_job_changelist")
        return format_html('<a href="{}?tenant={}">Jobs of this organisation</a>', address, organisation.tenant)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return True

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return True

    @admin.action(description="Suspend: refuse its keys and members, stop its workers")
    def suspend(self, request: HttpRequest, rows: QuerySet[Organisation]) -> None:
        told(request, rows, lambda row: operators.suspend(organisation=row, by=_email(request)), "Suspended")

    @admin.action(description="Resume: let its keys and members in again")
    def resume(self, request: HttpRequest, rows: QuerySet[Organisation]) -> None:
        told(request, rows, lambda row: operators.resume(organisation=row, by=_email(request)), "Resumed")

    def save_model(self, request: HttpRequest, obj: Organisation, form: Any, change: bool) -> None:
        if "plan" in form.changed_data:
            operators.change_plan(organisation=obj, plan=obj.plan, by=_email(request))

    def delete_model(self, request: HttpRequest, obj: Organisation) -> None:
        operators.delete(organisation=obj, by=_email(request))

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Organisation]) -> None:
        told(request, queryset, lambda row: operators.delete(organisation=row, by=_email(request)), "Being destroyed")

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """Say what goes: everything of the organisation, most of which this login cannot even list."""
        lines = [f"{each.name} ({each.slug}), with its data, models, keys and answers, for ever" for each in objs]
        return lines, {"organisations": len(lines)}, set(), []


def _email(request: HttpRequest) -> str:
    return str(request.user.email)  # type: ignore[union-attr]  # the site lets only staff in
