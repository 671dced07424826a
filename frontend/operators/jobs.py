from django.contrib import admin
from django.utils.html import format_html
from django.utils.safestring import SafeString

from frontend.operators.desk import Desk
from frontend.operators.site import site
from tenants.models import Job


@admin.register(Job, site=site)
class JobDesk(Desk):
    """What is done for whom and how it went. What it is about is named by customers, and is not shown."""

    list_display = ("id", "organisation", "kind", "queue", "state", "attempt", "outcome", "created_at", "finished_at")
    list_filter = ("state", "kind", "queue", "outcome")
    search_fields = ("id", "tenant")
    ordering = ("-created_at",)
    fields = (
        *("id", "organisation", "kind", "queue", "state", "attempt", "outcome"),
        *("created_at", "sent_at", "lease_until", "finished_at"),
    )
    show_full_result_count = False

    @admin.display(ordering="tenant")
    def organisation(self, job: Job) -> SafeString:
        return format_html('<a href="?tenant={}">org_{}</a>', job.tenant, job.tenant)
