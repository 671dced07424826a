"""The few words that the templates have beyond Django's."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django import template
from django.conf import settings
from django.forms import BoundField, CheckboxInput, CheckboxSelectMultiple, RadioSelect, Select
from django.template import Context
from django.urls import reverse
from django.utils.html import format_html_join
from django.utils.safestring import SafeString

from frontend.presenters import calls, charts
from frontend.presenters.words import as_text, duration, percent
from tenants.permissions import Scope, role_grants

register = template.Library()
register.filter("as_text", as_text)
register.filter("percent", percent)
register.filter("duration", duration)
register.filter("chart_table", charts.table)

# The pages of an organisation that stand in its navigation: title, icon, page, who may see it, and the first words of
# the pages that belong to it.
SECTIONS = (
    ("Overview", "home", "organisation_home", Scope.READ, ("organisation_home",)),
    ("Data sets", "rows", "dataset_list", Scope.READ, ("dataset_",)),
    ("Trainings", "training", "training_list", Scope.READ, ("training_",)),
    ("Models", "model", "model_list", Scope.READ, ("model_", "version_", "try_it")),
    ("Results", "answers", "result_list", Scope.CLASSIFY, ("result_", "classification_")),
    ("Keys", "key", "key_list", Scope.ADMIN, ("key_",)),
    ("Team", "team", "team", Scope.READ, ("team", "member_")),
    ("Plan", "plan", "plan", Scope.READ, ("plan",)),
    ("Usage", "usage", "usage", Scope.READ, ("usage",)),
    ("Audit", "audit", "audit", Scope.ADMIN, ("audit",)),
    ("Settings", "settings", "settings", Scope.ADMIN, ("settings", "organisation_delete")),
)
COLOURS = {
    "ready": "green",
    "succeeded": "green",
    "champion": "green",
    "chosen": "green",
    "queued": "azure",
    "validating": "azure",
    "running": "azure",
    "rejected": "red",
    "failed": "red",
    "revoked": "red",
    "expired": "red",
    "warning": "orange",
    "needs rows": "orange",
    "no better than guessing": "red",
}


@dataclass(frozen=True)
class Section:
    title: str
    icon: str
    address: str
    is_here: bool


@register.simple_tag(takes_context=True)
def page(context: Context, view: str, *args: Any) -> str:
    """Return the address of a page of the organisation that the request is about."""
    return reverse(view, args=[context["request"].organisation.slug, *args])


@register.simple_tag(takes_context=True)
def sections(context: Context) -> list[Section]:
    request = context["request"]
    here = request.resolver_match.url_name or ""
    return [
        Section(title, icon, reverse(view, args=[request.organisation.slug]), here.startswith(names))
        for title, icon, view, scope, names in SECTIONS
        if role_grants(request.membership.role, scope)
    ]


@register.simple_tag
def command(name: str) -> str:
    """Return the call of the API that does what the page is about."""
    return calls.command(name, address=settings.ASSORT_PUBLIC_URL)


@register.inclusion_tag("_components/icon.html")
def icon(name: str) -> dict[str, str]:
    """Show one of the symbols in `icons.svg`."""
    return {"name": name}


@register.inclusion_tag("_components/badge.html")
def badge(status: str) -> dict[str, str]:
    return {"status": status, "colour": COLOURS.get(status, "secondary")}


@register.inclusion_tag("_components/field.html")
def field(bound: BoundField) -> dict[str, Any]:
    """Show a form's field: label, control, help and errors."""
    shape = _shape(bound)
    attributes: dict[str, str | bool] = {"class": f"{shape} is-invalid" if bound.errors else shape} if shape else {}
    return {"field": bound, "control": bound.as_widget(attrs=attributes), "shape": shape}


def _shape(bound: BoundField) -> str:
    """Return the class of the control in Tabler's words; the choices of a list have theirs in the template."""
    widget = bound.field.widget
    if isinstance(widget, CheckboxSelectMultiple | RadioSelect):
        return ""
    if isinstance(widget, CheckboxInput):
        return "form-check-input"
    return "form-select" if isinstance(widget, Select) else "form-control"


@register.simple_tag
def control(bound: BoundField) -> str:
    """Show a form's control alone, where the page labels it in another way."""
    return bound.as_widget(attrs={"class": _shape(bound)})


@register.filter
def values(value: Any) -> str:
    """Return several values as words with commas, one as it is."""
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


@register.filter
def breakable(name: str) -> SafeString:
    """Let a long label break where its words end, instead of anywhere."""
    parts = re.split(r"(?<=[_/.-])(?=\w)", name)
    return format_html_join(SafeString("<wbr>"), "{}", ((part,) for part in parts))


@register.filter
def entry(mapping: Mapping[str, Any], name: str) -> Any:
    """Return what stands under a name that is itself a value."""
    return mapping.get(name)
