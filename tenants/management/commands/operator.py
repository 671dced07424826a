import json
import secrets
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.core.validators import validate_email

from tenants import operators


class Command(BaseCommand):
    help = "Make operators, who run the service at /operators/."

    def add_arguments(self, parser: CommandParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True)
        create = actions.add_parser("create", help="make one; prints a JSON object, with the password of a new account")
        create.add_argument("email")

    def handle(self, *args: Any, **options: Any) -> None:
        email = options["email"].strip().lower()
        try:
            validate_email(email)
        except ValidationError as error:
            raise CommandError(f"{email!r} is no e-mail address.") from error
        password = secrets.token_urlsafe(18)
        is_new = operators.create(email=email, password=password, by=operators.COMMAND_LINE)
        answer = {"operator": email}
        if is_new:
            answer["password"] = password
        self.stdout.write(json.dumps(answer))
