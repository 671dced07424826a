import os
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand
from django.db import transaction

from tenants import broker, isolation, logins, schemas
from tenants.models import Organisation
from tenants.provisioner import BrokerUsers, settle, worker_password


class Command(BaseCommand):
    help = "Make logins, databases, tables and the broker's users, or bring them up to date. Runs before all else."

    def handle(self, *args: Any, **options: Any) -> None:
        logins.create_all(settings.LOGIN_SECRET)
        call_command("migrate_schemas", shared=True, verbosity=0, interactive=False)
        logins.grant_all()
        kept = Organisation.objects.filter(status__in=[Organisation.Status.ACTIVE, Organisation.Status.SUSPENDED])
        for organisation in kept:
            with transaction.atomic():
                schemas.migrate(organisation.tenant)
                password = worker_password(organisation.tenant, "postgres")
                schemas.reset_worker(organisation.tenant, password=password)
                settle(organisation)
        # Before any worker: a folder that is not there yet cannot be allowed to it.
        isolation.shared_directory().mkdir(mode=0o755, exist_ok=True)
        for folder, _, _ in os.walk(isolation.shared_directory()):
            Path(folder).chmod(0o755)
        # The broker forgets its users when it stops; the other processes log in as soon as this one has ended.
        BrokerUsers(broker.connect()).rebuild()
