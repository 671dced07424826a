from django.http import HttpResponse
from django.shortcuts import render

from classifier import registry
from classifier.models import Model, ModelVersion
from frontend.loaders import MemberRequest, found, load_model, load_version, require
from frontend.pagination import position
from frontend.presenters import comparison
from tenants.permissions import Scope


@require(Scope.READ)
@load_model
@load_version
def version_compare(request: MemberRequest, model: Model, version: ModelVersion) -> HttpResponse:
    """Show two versions beside each other: this one, and the one that `?with=` names, the champion, or one before."""
    other = found(lambda: registry.get_version(model, position(request, "with") or registry.rival(version)))
    page = {
        "model": model,
        "version": version,
        "other": other,
        "numbers": model.versions.order_by("-number").values_list("number", flat=True),
        "figures": comparison.figures(version, other),
        "labels": comparison.labels(version, other),
        "is_fair": version.dataset_sha256 == other.dataset_sha256,
    }
    return render(request, "frontend/version_compare.html", page)
