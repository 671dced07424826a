from typing import Any

from django.core.management.base import BaseCommand

from tenants import provisioner


class Command(BaseCommand):
    help = "Make and destroy what belongs to organisations, as sign-ups and deletions ask for it."
    # They load the pages, which a process that stays has no need of; `./assort check` runs them.
    requires_system_checks: list[str] = []

    def handle(self, *args: Any, **options: Any) -> None:
        provisioner.run()
