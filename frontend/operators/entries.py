from django.contrib import admin

from frontend.operators.desk import Desk
from frontend.operators.site import site
from tenants.models import OperatorEntry


@admin.register(OperatorEntry, site=site)
class EntryDesk(Desk):
    """Who did what to whom, newest first."""

    list_display = ("at", "actor", "action", "target", "detail")
    list_filter = ("action", "at")
    search_fields = ("actor", "target")
    ordering = ("-at", "-id")
    fields = ("at", "actor", "action", "target", "detail")
