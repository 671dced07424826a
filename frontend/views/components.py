import re
from pathlib import Path
from typing import Any

from django import forms
from django.conf import settings
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from classifier.models import Classification
from frontend.first_steps import Step
from frontend.presenters import calls
from frontend.presenters.answers import reasons
from frontend.presenters.training import Stage
from tenants.models import Organisation
from tenants.permissions import Scope

RESULT = {
    "label": "billing",
    "confidence": 0.94,
    "scores": [{"label": "billing", "score": 0.94}, {"label": "refund", "score": 0.06}],
    "explanation": [{"word": "charged", "weight": 2.1}, {"word": "parcel", "weight": -0.7}],
}
BARS = {
    "kind": "bars",
    "x": ["21 Nov", "22 Nov", "23 Nov", "24 Nov"],
    "series": [{"name": "support", "data": [120, 80, 0, 240]}, {"name": "mail", "data": [30, 0, 10, 60]}],
}
LINES = {
    "kind": "lines",
    "unit": "percent",
    "over": "Version",
    "x": ["1", "2", "3"],
    "series": [{"name": "Accuracy", "data": [0.87, 0.9, 0.93], "low": [0.84, 0.88, 0.91], "high": [0.9, 0.92, 0.95]}],
}
SYMBOLS = Path(__file__).parents[1] / "static" / "frontend" / "icons.svg"
ICONS = re.findall(r'symbol id="([a-z]+)"', SYMBOLS.read_text())
BADGES = ["ready", "running", "queued", "rejected", "warning", "champion", "revoked", "owner"]


class ExampleForm(forms.Form):
    name = forms.CharField(help_text="What it is for, so that you know it again.")
    text = forms.CharField(widget=forms.Textarea(attrs={"rows": 2}))
    policy = forms.ChoiceField(choices=[("auto", "it serves, unless it is worse"), ("ask", "a person decides")])
    keep = forms.BooleanField(label="Keep the inputs, too", required=False)
    scopes = forms.MultipleChoiceField(
        choices=[("read", "read"), ("train", "train")],
        widget=forms.CheckboxSelectMultiple(attrs={"class": "form-check-input"}),
    )


def components(request: HttpRequest) -> HttpResponse:
    """Show every component with something to show, for whoever builds pages. There is no such page in production."""
    # Some of them link into an organisation; this one is nobody's.
    request.organisation = Organisation(name="Example", slug="example")  # type: ignore[attr-defined]  # the middleware's
    page: dict[str, Any] = {
        "badges": BADGES,
        "icons": ICONS,
        "form": ExampleForm({"name": "", "text": "Hello", "policy": "auto", "scopes": ["read"]}),
        "rows": Paginator(range(60), 25).get_page(2),
        "snippets": calls.snippets(model="support", value=calls.TEXT, top_k=2, address=settings.ASSORT_PUBLIC_URL),
        "classification": Classification(model="support", version=3, status="succeeded"),
        "result": RESULT,
        "reasons": reasons(RESULT),
        "stages": [Stage("Reading the rows", True, False), Stage("Trying several models", False, True)],
        "steps": [
            Step("Ask a model", "See what an answer looks like.", "#ask", Scope.READ, True),
            Step("Bring your rows", "A CSV with a label in each row.", "#rows", Scope.READ, False),
        ],
        "done": 1,
        "may": {"read": True, "classify": True, "train": True, "admin": True},
        "bars": BARS,
        "lines": LINES,
    }
    return render(request, "frontend/components.html", page)
