from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand
from django.db import transaction

from tenants import broker, isolation, logins, schemas
from tenants.models import Organisation
from tenants.provisioner import BrokerUsers, worker_password


class Command(BaseCommand):
    help = "Make logins, databases, tables and the broker's users, or bring them up to date. Runs before all else."

    def handle(self, *args: Any, **options: Any) -> None:
        logins.create_all(settings.LOGIN_SECRET)
        call_command("migrate_schemas", shared=True, verbosity=0, interactive=False)
        logins.grant_all()
        kept = Organisation.objects.filter(status__in=[Organisation.Status.ACTIVE, Organisation.Status.SUSPENDED])
        for tenant in kept.values_list("tenant", flat=True):
            with transaction.atomic():
                schemas.migrate(tenant)
                schemas.reset_worker(tenant, password=worker_password(tenant, "postgres"))
        # Before any worker: a folder that is not there yet cannot be allowed to it.
        isolation.shared_directory().mkdir(mode=0o750, exist_ok=True)
        # The broker forgets its users when it stops; the other processes log in as soon as this one has ended.
        BrokerUsers(broker.connect()).rebuild()
