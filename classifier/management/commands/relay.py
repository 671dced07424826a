from typing import Any

from django.core.management.base import BaseCommand

from classifier import relay


class Command(BaseCommand):
    help = "Publish committed jobs to the organisations' queues, and bring back lost ones."
    # They load the pages, which a process that stays has no need of; `./assort check` runs them.
    requires_system_checks: list[str] = []

    def handle(self, *args: Any, **options: Any) -> None:
        relay.run()
