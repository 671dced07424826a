from django.http import HttpResponse
from django.shortcuts import render

from classifier.models import Model, ModelVersion
from frontend.loaders import MemberRequest, load_model, load_version, require
from frontend.presenters.models import choices, confusions, figures, label_scores
from tenants.permissions import Scope


@require(Scope.READ)
@load_model
@load_version
def version_detail(request: MemberRequest, model: Model, version: ModelVersion) -> HttpResponse:
    page = {
        "model": model,
        "title": f"Version {version.number}",
        "version": version,
        "figures": figures(version),
        "scores": label_scores(version),
        "confusions": confusions(version),
        "choices": choices(version),
    }
    return render(request, "frontend/version_detail.html", page)
