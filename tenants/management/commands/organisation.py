import json
import secrets
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from tenants import accounts, keys, names, operators
from tenants.errors import TenantError
from tenants.models import Organisation, User
from tenants.permissions import Scope


class Command(BaseCommand):
    help = "Make, list, suspend, resume and delete organisations."

    def add_arguments(self, parser: CommandParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True)
        create = actions.add_parser("create", help="make one, with an owner and a key; prints a JSON object")
        create.add_argument("name")
        create.add_argument("--owner", required=True, metavar="EMAIL")
        create.add_argument("--plan", default="unmetered")
        create.add_argument("--scopes", default=",".join(Scope.values))
        actions.add_parser("list", help="one line each: id, slug, status, plan, name")
        for action in ("suspend", "resume", "delete"):
            actions.add_parser(action).add_argument("slug")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            getattr(self, options["action"])(options)
        except TenantError as error:
            raise CommandError(error.detail) from error

    def create(self, options: dict[str, Any]) -> None:
        email = options["owner"].strip().lower()
        scopes = [scope.strip() for scope in options["scopes"].split(",")]
        # Before anything is made: half an organisation helps nobody.
        keys.check_scopes(scopes)
        names.check_email(email)
        password = None
        owner = User.objects.filter(email=email).first()
        if owner is None:
            password = secrets.token_urlsafe(18)
            owner = accounts.register(email=email, password=password)
        organisation = operators.found(
            name=options["name"], owner=owner, plan=options["plan"], by=operators.COMMAND_LINE
        )
        _, key = keys.issue(organisation=organisation, name="first key", scopes=scopes, by=email)
        answer = {"organisation": organisation.id, "slug": organisation.slug, "owner": email, "key": key}
        if password:
            answer["password"] = password
        self.stdout.write(json.dumps(answer))

    def list(self, options: dict[str, Any]) -> None:
        living = Organisation.objects.exclude(status=Organisation.Status.DELETED).order_by("created_at")
        for organisation in living:
            fields = (organisation.id, organisation.slug, organisation.status, organisation.plan_id, organisation.name)
            self.stdout.write("  ".join(fields))

    def suspend(self, options: dict[str, Any]) -> None:
        operators.suspend(organisation=self._find(options["slug"]), by=operators.COMMAND_LINE)

    def resume(self, options: dict[str, Any]) -> None:
        operators.resume(organisation=self._find(options["slug"]), by=operators.COMMAND_LINE)

    def delete(self, options: dict[str, Any]) -> None:
        operators.delete(organisation=self._find(options["slug"]), by=operators.COMMAND_LINE)

    def _find(self, slug: str) -> Organisation:
        found: Organisation | None = Organisation.objects.filter(slug=slug).first()
        if found is None:
            raise CommandError(f"There is no organisation {slug!r}. `organisation list` shows them.")
        return found
