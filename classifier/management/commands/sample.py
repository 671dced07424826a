from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from classifier import sample
from tenants.errors import TenantError


class Command(BaseCommand):
    help = "What an installation has from its first start."

    def add_arguments(self, parser: CommandParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True)
        publish = actions.add_parser(
            "publish", help="train assort.support on the sample data, unless that was done before"
        )
        publish.add_argument(
            "--if-possible", action="store_true", help="say on stderr why it could not be done, and end well"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            published = sample.publish()
        except TenantError as error:
            advice = f"{error.detail} Run `./assort manage sample publish` to try again."
            if not options["if_possible"]:
                raise CommandError(advice) from error
            self.stderr.write(advice)
            return
        self.stdout.write(f"{published} is there" if published else f"assort.{sample.NAME} was published before")
