from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from frontend.operators.desk import Desk, told
from frontend.operators.site import site
from tenants import operators
from tenants.models import FleetWorker, Organisation, Quarantine


class OfOrganisation(Desk):
    """A list whose rows name their organisation by its tenant."""

    show_full_result_count = False
    # The organisation's name leads to the organisation; there is no more to say of a row.
    list_display_links = None

    @admin.display(ordering="tenant")
    def organisation(self, row: FleetWorker | Quarantine) -> SafeString:
        address = reverse("admin:tenants_organisation_change", args=[row.tenant])
        slug = Organisation.objects.filter(pk=row.tenant).values_list("slug", flat=True).first()
        return format_html('<a href="{}">{}</a>', address, slug or row.tenant)


@admin.register(FleetWorker, site=site)
class WorkerDesk(OfOrganisation):
    list_display = ("organisation", "use", "host", "pid", "started_at", "active_at", "megabytes", "cpu_seconds")
    list_filter = ("use", "host")
    search_fields = ("tenant",)
    ordering = ("host", "tenant", "use")

    @admin.display(description="MB of its own", ordering="own_bytes")
    def megabytes(self, row: FleetWorker) -> str:
        return "–" if row.own_bytes is None else f"{row.own_bytes / 1024 / 1024:.1f}"


@admin.register(Quarantine, site=site)
class QuarantineDesk(OfOrganisation):
    """Workers that ended as soon as they had begun. The log says why; when that is mended, they are released."""

    list_display = ("organisation", "use", "host", "failures", "since", "until", "log")
    ordering = ("-since",)
    actions = ("release",)

    @admin.action(description="Release: let the fleet start them again")
    def release(self, request: HttpRequest, rows: QuerySet[Quarantine]) -> None:
        by = str(request.user.email)  # type: ignore[union-attr]  # the site lets only staff in
        organisations = Organisation.objects.filter(pk__in=list(rows.values_list("tenant", flat=True)))
        told(request, organisations, lambda row: operators.release(organisation=row, by=by), "Released")
