from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand
from django.db import transaction

from tenants import logins, schemas
from tenants.models import Organisation


class Command(BaseCommand):
    help = "Make logins, databases and tables, or bring them up to date. Runs with the owner's login, before all else."

    def handle(self, *args: Any, **options: Any) -> None:
        logins.create_all(settings.LOGIN_SECRET)
        call_command("migrate_schemas", shared=True, verbosity=0, interactive=False)
        logins.grant_all()
        kept = Organisation.objects.filter(status__in=[Organisation.Status.ACTIVE, Organisation.Status.SUSPENDED])
        for tenant in kept.values_list("tenant", flat=True):
            with transaction.atomic():
                schemas.migrate(tenant)
