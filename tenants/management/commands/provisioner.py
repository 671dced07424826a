from typing import Any

from django.core.management.base import BaseCommand

from tenants import provisioner


class Command(BaseCommand):
    help = "Make and destroy what belongs to organisations, as sign-ups and deletions ask for it."

    def handle(self, *args: Any, **options: Any) -> None:
        provisioner.run()
