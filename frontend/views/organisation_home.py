from datetime import timedelta
from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone

from classifier import sharing
from classifier.models import Dataset, Model, TrainingJob
from frontend import first_steps
from frontend.forms.datasets import UploadForm
from frontend.forms.inputs import TextForm
from frontend.loaders import MemberRequest, outside, require
from frontend.presenters import calls
from frontend.presenters.activity import rows_per_day
from tenants import isolation
from tenants.permissions import Scope
from tenants.records.models import Usage

NEWEST = 5
DAYS = 14


@outside
@require(Scope.READ)
def organisation_home(request: MemberRequest) -> HttpResponse:
    """Show the first steps, and the newest of everything. Keys and people lie in `public`, the rest inside."""
    steps = [] if request.membership.hides_first_steps else first_steps.steps(request.organisation)
    done = sum(step.is_done for step in steps)
    with isolation.entered(request.organisation):
        newest = _newest()
    page = {
        **newest,
        "steps": steps if done < len(steps) else [],
        "done": done,
        "form": TextForm(initial={"text": calls.TEXT}),
        "upload_form": UploadForm(),
        "limit": request.organisation.plan.dataset_bytes,
    }
    return render(request, "frontend/organisation_home.html", page)


def _newest() -> dict[str, Any]:
    today = timezone.now().date()
    first = today - timedelta(days=DAYS - 1)
    jobs = TrainingJob.objects.select_related("model", "dataset", "version")
    shared = sharing.find_all()
    return {
        "datasets": list(Dataset.objects.order_by("-created_at")[:NEWEST]),
        "jobs": list(jobs.order_by("-created_at")[:NEWEST]),
        "models": list(Model.objects.select_related("champion").order_by("-created_at")[:NEWEST]),
        "shared_models": shared,
        "ready_model": next((model.full_name for model in shared if model.kind == "text"), ""),
        "activity": rows_per_day(Usage.objects.filter(day__gte=first), first=first, last=today),
    }
