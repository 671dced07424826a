from django.http import HttpResponse
from django.shortcuts import render

from classifier import evaluated
from classifier.models import Model, ModelVersion
from frontend.forms.models import EvaluatedRowsForm
from frontend.loaders import MemberRequest, load_model, load_version, require
from frontend.pagination import paged
from tenants.permissions import Scope


@require(Scope.READ)
@load_model
@load_version
def version_rows(request: MemberRequest, model: Model, version: ModelVersion) -> HttpResponse:
    """Show the rows that the version was tested on, with its answers: what is behind each of its numbers."""
    form = EvaluatedRowsForm(request.GET, labels=version.labels)
    is_worst = form.wanted("order") == "worst"
    found = evaluated.find(
        version,
        label=form.wanted("label"),
        predicted=form.wanted("predicted"),
        only_wrong=form.wanted("only") == "wrong",
    )
    rows = paged(request, found, *(("-wrongness", "number") if is_worst else ("number",)))
    page = {
        "model": model,
        "version": version,
        "version_title": f"{model.name}, version {version.number}",
        "form": form,
        "is_worst": is_worst,
        "rows": rows,
        "behind": evaluated.behind(version.dataset, rows),
    }
    return render(request, "frontend/version_rows.html", page)
