import re
from importlib import import_module
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from tenants.models import Organisation

CHART = Path(settings.BASE_DIR) / "deploy" / "chart"
# What is about hosts of one organisation each; the rest of the chart is everybody's.
TEMPLATES = ("dedicated.yaml", "network.yaml")
OWN = "app.kubernetes.io/component: dedicated"
HEAD = """\
# A host for {slug} alone. Its Secret: ./assort secrets --prefix {prefix} --dedicated {slug}={tenant}
# To have it, add it to `dedicated` in the values and upgrade the release; see docs/kubernetes.md.
"""


class Command(BaseCommand):
    help = "Show what a cluster runs for an organisation that has hosts of its own."
    # They load the pages, which are not wanted here.
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True)
        deploy = actions.add_parser("deploy", help="print the objects of its host, as the chart makes them")
        deploy.add_argument("slug", metavar="ORG")
        deploy.add_argument("--dry-run", action="store_true", help="print them: nothing is applied from here")
        deploy.add_argument("--values", type=Path, metavar="FILE", help="the values of the release")
        deploy.add_argument("--release", default="assort", metavar="NAME")
        deploy.add_argument("--namespace", default="assort", metavar="NAME")

    def handle(self, *args: Any, **options: Any) -> None:
        if not options["dry_run"]:
            raise CommandError("Helm applies it, with the release's other values: --dry-run shows what, and how.")
        organisation = Organisation.objects.filter(slug=options["slug"], status=Organisation.Status.ACTIVE).first()
        if organisation is None:
            raise CommandError(f"There is no active organisation {options['slug']!r}. `organisation list` shows them.")
        self.stdout.write(self._manifests(organisation, options))

    def _manifests(self, organisation: Organisation, options: dict[str, Any]) -> str:
        helm = _helm()
        try:
            values = helm.values_from_yaml(options["values"].read_text()) if options["values"] else {}
            of_slug = [host for host in values.get("dedicated", ()) if host["slug"] == organisation.slug]
            host = {"slug": organisation.slug, **(of_slug[0] if of_slug else {}), "tenant": organisation.tenant}
            with helm.Chart.load(CHART) as chart:
                known = chart.merge_values(values)
                made = chart.render(
                    {**values, "dedicated": [host]}, name=options["release"], namespace=options["namespace"]
                )
        except (helm.HelmError, OSError) as error:
            raise CommandError(str(error)) from error
        texts = [text for template, text in sorted(made.items()) if template.rpartition("/")[2] in TEMPLATES]
        own = [part.strip() for text in texts for part in re.split(r"^---$", text, flags=re.MULTILINE) if OWN in part]
        head = HEAD.format(slug=organisation.slug, tenant=organisation.tenant, prefix=known["secrets"]["prefix"])
        return head + "\n---\n".join(own)


def _helm() -> Any:
    """Return Helm's library, which comes with the tools of a checkout, as the chart does."""
    try:
        return import_module("helm_python")
    except ModuleNotFoundError:
        raise CommandError("This takes a checkout of the project, which has the chart and Helm's library.") from None
