from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from frontend.operators.desk import Desk, Rows, told
from frontend.operators.site import site
from tenants import operators
from tenants.models import Membership, User


class Memberships(Rows):
    model = Membership
    fields = readonly_fields = ("organisation", "role", "created_at")


@admin.register(User, site=site)
class UserDesk(Desk):
    list_display = ("email", "name", "is_active", "is_staff", "date_joined", "last_login")
    list_filter = ("is_active", "is_staff")
    search_fields = ("email", "name")
    ordering = ("-date_joined",)
    fields = ("email", "name", "is_active", "is_staff", "date_joined", "last_login")
    inlines = (Memberships,)
    actions = ("deactivate", "activate")

    @admin.action(description="Deactivate: sign out everywhere, let in no more")
    def deactivate(self, request: HttpRequest, rows: QuerySet[User]) -> None:
        by = request.user.email  # type: ignore[union-attr]  # the site lets only staff in
        told(request, rows, lambda row: operators.deactivate(user=row, by=by), "Deactivated")

    @admin.action(description="Activate again")
    def activate(self, request: HttpRequest, rows: QuerySet[User]) -> None:
        by = request.user.email  # type: ignore[union-attr]  # the site lets only staff in
        told(request, rows, lambda row: operators.activate(user=row, by=by), "Activated")
