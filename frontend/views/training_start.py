from typing import Any

from django.http import HttpResponse
from django.shortcuts import redirect, render

from classifier import datasets, sharing, training
from classifier.encoders import catalogue
from classifier.models import Dataset, Model
from frontend.forms.training import TrainingForm
from frontend.loaders import MemberRequest, found, require
from frontend.outcomes import add_errors
from tenants.errors import TenantError
from tenants.permissions import Scope


@require(Scope.TRAIN)
def training_start(request: MemberRequest) -> HttpResponse:
    known = datasets.choices(including=request.POST.get("dataset") or request.GET.get("dataset", ""))
    form = TrainingForm(
        request.POST or None,
        initial=_initial(request),
        datasets=known,
        models=Model.objects.order_by("name"),
        shared=[model.full_name for model in sharing.find_all() if model.kind == "text"],
        # The usual one is used anyway.
        encoders=[encoder.name for encoder in catalogue.find_all() if not encoder.is_default],
    )
    if form.is_valid():
        wanted = form.cleaned_data
        dataset = found(lambda: datasets.get(wanted["dataset"]))
        try:
            job = training.start(
                organisation=request.organisation,
                dataset=dataset,
                model_name=wanted["model"],
                options={name: wanted[name] for name in ("quality", "base") if wanted[name]},
                by=request.user.email,
            )
        except TenantError as error:
            add_errors(form, error, {"options/base": "base"})
        else:
            return redirect("training_detail", request.organisation.slug, job.id)
    return render(request, "frontend/training_start.html", {"form": form, "has_datasets": bool(known)})


def _initial(request: MemberRequest) -> dict[str, Any]:
    """Return what the address already says, and a name for the model that fits it."""
    chosen = Dataset.objects.filter(id=request.GET.get("dataset", "").replace("\0", "")).first()
    name = request.GET.get("model") or (training.suggested_name(chosen) if chosen else "")
    return {"dataset": chosen.id if chosen else None, "model": name, "quality": "auto"}
