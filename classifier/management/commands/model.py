from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db.models import Q

from classifier import sharing, versions
from tenants.errors import NotFound, TenantError
from tenants.models import Organisation, SharedModel

PUBLISH = (
    "make a version a shared model, which every organisation can use. Its rows stay behind; the words and the values "
    "of categories that it has learned go along, so publish nothing that was trained on a customer's data."
)


class Command(BaseCommand):
    help = "Publish, list and withdraw shared models."

    def add_arguments(self, parser: CommandParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True)
        publish = actions.add_parser("publish", help=PUBLISH, description=PUBLISH)
        publish.add_argument("organisation", help="its address (slug) or id")
        publish.add_argument("model")
        publish.add_argument("version", type=int)
        publish.add_argument("--as", dest="name", required=True, metavar="NAME", help="it becomes assort.NAME")
        actions.add_parser("list", help="one line each: name@version, kind, labels, accuracy, source, withdrawn or not")
        withdraw = actions.add_parser("withdraw", help="let nobody use a shared model any more; answers stop at once")
        withdraw.add_argument("name", help="with or without assort. before it")
        withdraw.add_argument("version", type=int, nargs="?", help="this version only")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            getattr(self, options["action"])(options)
        except TenantError as error:
            raise CommandError(error.detail) from error

    def publish(self, options: dict[str, Any]) -> None:
        organisation = _find(options["organisation"])
        wanted = {name: options[name] for name in ("model", "version", "name")}
        try:
            shared = sharing.publish(organisation=organisation, by="operator", **wanted)
        except NotFound:
            named = f"{options['model']}@{options['version']}"
            raise CommandError(f"{organisation.slug} has no version {named}. Its page of models shows them.") from None
        self.stdout.write(str(shared))

    def list(self, options: dict[str, Any]) -> None:
        for shared in SharedModel.objects.order_by("name", "number"):
            state = "withdrawn" if shared.withdrawn_at else "published"
            accuracy = f"{shared.metrics['accuracy']:.3f}"
            fields = (str(shared), shared.kind, f"{len(shared.labels)} labels", accuracy, shared.source, state)
            self.stdout.write("  ".join(fields))

    def withdraw(self, options: dict[str, Any]) -> None:
        name = options["name"].removeprefix(f"{versions.OWNER}.")
        try:
            count = sharing.withdraw(name=name, number=options["version"])
        except NotFound:
            raise CommandError(f"There is no such shared model {name!r}. `model list` shows them.") from None
        self.stdout.write(f"{count} withdrawn")


def _find(named: str) -> Organisation:
    found: Organisation | None = Organisation.objects.filter(
        Q(slug=named) | Q(pk=named.removeprefix("org_")), status=Organisation.Status.ACTIVE
    ).first()
    if found is None:
        raise CommandError(f"There is no active organisation {named!r}. `organisation list` shows them.")
    return found
