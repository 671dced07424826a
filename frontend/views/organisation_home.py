from typing import Any

from django.http import HttpResponse
from django.shortcuts import render

from classifier import sharing
from classifier.models import Dataset, Model, TrainingJob
from frontend.loaders import MemberRequest, outside, require
from tenants import isolation
from tenants.permissions import Scope, role_grants

NEWEST = 5


@outside
@require(Scope.READ)
def organisation_home(request: MemberRequest) -> HttpResponse:
    """Show the newest of everything. Keys lie in `public`, so the rest is read on a visit inside."""
    may = {scope.value: role_grants(request.membership.role, scope) for scope in Scope}
    keys = request.organisation.api_keys.order_by("-created_at")[:NEWEST] if may["admin"] else []
    with isolation.entered(request.organisation):
        newest = _newest()
    return render(request, "frontend/organisation_home.html", {**newest, "keys": keys, "may": may})


def _newest() -> dict[str, list[Any]]:
    jobs = TrainingJob.objects.select_related("model", "dataset", "version")
    return {
        "datasets": list(Dataset.objects.order_by("-created_at")[:NEWEST]),
        "jobs": list(jobs.order_by("-created_at")[:NEWEST]),
        "models": list(Model.objects.select_related("champion").order_by("-created_at")[:NEWEST]),
        "shared_models": sharing.find_all(),
    }
