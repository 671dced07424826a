import json
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from classifier.encoders import bundled, catalogue
from classifier.ml.errors import EncoderMissing
from tenants.errors import NotFound, TenantError
from tenants.models import Encoder

ADD = (
    "make an encoder of a published one of the BERT family, which trainings of texts can start from: a folder with "
    "model.safetensors, tokenizer.json and config.json. Nothing of it is run."
)


class Command(BaseCommand):
    help = "Add, list and remove sentence encoders."

    def add_arguments(self, parser: CommandParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True)
        add = actions.add_parser("add", help=ADD, description=ADD)
        add.add_argument("name", help="what trainings call it: options.base")
        add.add_argument("directory", type=Path)
        add.add_argument("--licence", default="", metavar="NAME", help="where its README.md names none")
        add.add_argument("--default", action="store_true", help="trainings use it by themselves from now on")
        listed = actions.add_parser("list", help="one line each: name, hash, licence, width, tokens, state")
        listed.add_argument("--json", action="store_true")
        remove = actions.add_parser("remove", help="no new training uses it; models that need it go on")
        remove.add_argument("name")
        given = actions.add_parser("bundled", help=f"add {bundled.NAME} as the default, unless that was done before")
        given.add_argument(
            "--if-installed", action="store_true", help="say on stderr that its packages are missing, and end well"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            getattr(self, options["action"])(options)
        except EncoderMissing as error:
            raise CommandError(str(error)) from error
        except TenantError as error:
            raise CommandError(" ".join(each.detail for each in error.errors) or error.detail) from error

    def add(self, options: dict[str, Any]) -> None:
        wanted = {name: options[name] for name in ("name", "directory", "licence")}
        encoder = catalogue.add(by="operator", is_default=options["default"], **wanted)
        self.stdout.write(f"{encoder} {encoder.sha256}")

    def list(self, options: dict[str, Any]) -> None:
        found = [_said(encoder) for encoder in Encoder.objects.order_by("name", "created_at")]
        if options["json"]:
            self.stdout.write(json.dumps(found, indent=1))
            return
        for each in found:
            size = (f"{each['width']} numbers", f"{each['tokens']} tokens")
            self.stdout.write("  ".join((each["name"], each["sha256"][:12], each["licence"], *size, each["state"])))

    def remove(self, options: dict[str, Any]) -> None:
        try:
            catalogue.withdraw(name=options["name"])
        except NotFound:
            raise CommandError(f"There is no encoder {options['name']!r}. `encoder list` shows them.") from None
        self.stdout.write(f"{options['name']} removed")

    def bundled(self, options: dict[str, Any]) -> None:
        try:
            added = bundled.add()
        except EncoderMissing as error:
            if not options["if_installed"]:
                raise
            self.stderr.write(f"There is no sentence encoder, so trainings use linear models only: {error}")
            return
        self.stdout.write(f"{added} is there" if added else f"{bundled.NAME} was added before")


def _said(encoder: Encoder) -> dict[str, Any]:
    fields = ("name", "sha256", "weights_sha256", "licence", "width", "tokens", "added_by")
    state = "removed" if encoder.withdrawn_at else "default" if encoder.is_default else "added"
    at = encoder.created_at.isoformat()
    return {"id": encoder.id, **{field: getattr(encoder, field) for field in fields}, "created_at": at, "state": state}
