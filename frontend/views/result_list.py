from typing import Any
from urllib.parse import urlencode

from django.http import FileResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils import timezone

from classifier import results
from classifier.models import Model
from frontend.forms.results import ResultsForm
from frontend.loaders import MemberRequest, require
from frontend.outcomes import add_errors
from frontend.pagination import PAGE_SIZE, position
from frontend.presenters.words import last_days
from tenants.errors import TenantError
from tenants.permissions import Scope


@require(Scope.CLASSIFY)
def result_list(request: MemberRequest) -> HttpResponseBase:
    """Show what was answered, newest first; with `format=csv` as a file."""
    form = ResultsForm(request.GET)
    if request.GET.get("format") == "csv" and form.is_valid():
        try:
            return FileResponse(results.as_csv(form.wanted()), as_attachment=True, filename="answers.csv")
        except TenantError as error:
            add_errors(form, error)
    page = {
        "form": form,
        **_newest(form, after=position(request, "after")),
        "filters": urlencode({name: value for name, value in form.data.items() if name in form.fields and value}),
        "days": last_days(timezone.now().date()),
        "models": Model.objects.order_by("name"),
        "keeping": results.keeping(request.organisation),
    }
    return render(request, "frontend/result_list.html", page)


def _newest(form: ResultsForm, *, after: int | None) -> dict[str, Any]:
    if not form.is_valid():
        return {"answers": [], "older": None}
    found = list(results.answers(form.wanted(), after=after)[: PAGE_SIZE + 1])
    return {"answers": found[:PAGE_SIZE], "older": found[PAGE_SIZE - 1].pk if len(found) > PAGE_SIZE else None}
