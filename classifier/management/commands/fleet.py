from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from classifier import fleet


class Command(BaseCommand):
    help = "Start and stop the organisations' workers on this host."

    def add_arguments(self, parser: CommandParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True)
        actions.add_parser("run", help="run the fleet in the foreground")

    def handle(self, *args: Any, **options: Any) -> None:
        fleet.run()
