from typing import Any

from django.core.management.base import BaseCommand

from tenants import postman


class Command(BaseCommand):
    help = "Send the letters that organisations' workers write to their admins."
    # They load the pages, which a process that stays has no need of; `./assort check` runs them.
    requires_system_checks: list[str] = []

    def handle(self, *args: Any, **options: Any) -> None:
        postman.run()
