from django.http import HttpResponse
from django.shortcuts import render

from classifier.models import Model, ModelVersion
from frontend import presenters
from frontend.loaders import MemberRequest, load_model, load_version, require
from tenants.permissions import Scope


@require(Scope.READ)
@load_model
@load_version
def version_detail(request: MemberRequest, model: Model, version: ModelVersion) -> HttpResponse:
    page = {
        "model": model,
        "title": f"Version {version.number}",
        "version": version,
        "figures": presenters.figures(version),
        "scores": presenters.label_scores(version),
        "confusions": presenters.confusions(version),
        "choices": presenters.choices(version),
    }
    return render(request, "frontend/version_detail.html", page)
