import json
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from classifier.fleet import start, status
from tenants import operators
from tenants.errors import TenantError
from tenants.models import Organisation


class Command(BaseCommand):
    help = "Start and stop the organisations' workers on this host; show them, and release those in quarantine."
    # They load the pages, which a process that stays has no need of; `./assort check` runs them.
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True)
        run = actions.add_parser("run", help="run the fleet in the foreground")
        run.add_argument("--host", default="", metavar="NAME", help="its name among the hosts (the machine's)")
        run.add_argument(
            "--only", default="", metavar="ORG[,ORG]", help="serve these organisations only, and let no other host"
        )
        show = actions.add_parser("status", help="show hosts, workers, queues, leases, quarantine, and what comes next")
        show.add_argument("--json", action="store_true", help="print a JSON object")
        release = actions.add_parser("release", help="let the workers of an organisation be started again")
        release.add_argument("slug", metavar="ORG")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            getattr(self, options["action"])(options)
        except TenantError as error:
            raise CommandError(error.detail) from error

    def run(self, options: dict[str, Any]) -> None:
        start.run(host=options["host"], only=[slug for slug in options["only"].split(",") if slug])

    def status(self, options: dict[str, Any]) -> None:
        found = status.status()
        self.stdout.write(json.dumps(found) if options["json"] else status.table(found))

    def release(self, options: dict[str, Any]) -> None:
        organisation = Organisation.objects.filter(slug=options["slug"]).first()
        if organisation is None:
            raise CommandError(f"There is no organisation {options['slug']!r}. `organisation list` shows them.")
        operators.release(organisation=organisation, by=operators.COMMAND_LINE)
        self.stdout.write("Released. The fleet tries again within a few seconds.")
