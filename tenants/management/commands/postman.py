from typing import Any

from django.core.management.base import BaseCommand

from tenants import postman


class Command(BaseCommand):
    help = "Send the letters that organisations' workers write to their admins."

    def handle(self, *args: Any, **options: Any) -> None:
        postman.run()
